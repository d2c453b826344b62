# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the machine code of the kernels of Mixtral's width.

usage: census.py FOLDER        with sm_80.cubin and others, as assemble.py --keep leaves them

No kernel may touch local memory. Kernels of products must multiply by the expected instruction alone, bring
weights 16 bytes at a time, and have few other instructions beside a product.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import sass

# How kernels multiply: the instruction; what must and what must not be in their innermost loops; the most
# instructions there for each product. These bounds are a little above what was counted: where the words of
# rows were copied for each product, loops of many rows had 5.
PRODUCT = "HMMA.16816.F32.BF16"
WAYS = {
    "direct": (PRODUCT, {"LDG.128"}, {"LDG", "LDG.64", "LDGSTS.128", "LDS.128"}, 10),
    "few": (PRODUCT, {"LDGSTS.128", "LDS.128"}, {"LDGSTS", "LDGSTS.64", "LDG", "LDG.64", "LDG.128"}, 7),
    "many": (PRODUCT, {"LDGSTS.128", "LDS.128"}, {"LDGSTS", "LDGSTS.64", "LDG", "LDG.64", "LDG.128"}, 3),
    # Attention of many tokens: pages come by copies, and a step of them is multiplied in one piece.
    "attention": (PRODUCT, {"LDGSTS.128", "LDSM"}, {"LDGSTS", "LDGSTS.64", "LDG.64", "LDG.128", "LDS.128"}, 5),
    # Other warps copy; an instruction is 64 products of the other ways and more.
    "warpgroup": ("HGMMA", set(), {"LDG", "LDG.64", "LDG.128", "LDGSTS.128", "UTMALDG", "LDS.128"}, 16),
}
COPIES = {"UTMALDG", "LDGSTS.128"}  # of warps that copy, for each tensor of weights, and for rows
# Kernels say for how many tokens they are.
WAY_OF_TOKENS = {"8": "direct", "64": "few", "512": "many"}


def way_of(target, kernel):
    tokens = re.search(r"_upto(\d+)(?:_\d+)?$", kernel)
    way = WAY_OF_TOKENS[tokens[1]] if tokens else None
    if kernel.startswith("attention_"):
        return "attention" if way == "many" else None
    return "warpgroup" if target == "sm_90a" and way == "many" else way


def faults_of_loop(loop, way):
    product, wanted, unwanted, most = WAYS[way]
    counts = sass.census(loop)
    yield from (f"no {name}" for name in sorted(wanted - counts.keys()))
    yield from (f"{counts[name]} {name}" for name in sorted(unwanted & counts.keys()))
    each = (len(loop) - counts["NOP"]) / max(counts[product], 1)
    if each > most:
        yield f"{each:.1f} instructions for each {product}, expected at most {most}"


def faults_of_kernel(target, kernel, instructions):
    counts = sass.census(instructions)
    yield from (f"{counts[name]} {name}" for name in counts if name.split(".")[0] in sass.LOCAL)
    matrix = {name for name in counts if sass.is_matrix(name)}
    way = way_of(target, kernel)
    expected = {WAYS[way][0]} if way else set()
    if matrix != expected:
        yield f"multiplies by {sorted(matrix) or 'nothing'}, expected {sorted(expected) or 'nothing'}"
        return
    loops = sass.matrix_loops(instructions)
    if way and not loops:
        yield "no loop of products"
    if way == "warpgroup":
        yield from (f"no {name}" for name in sorted(COPIES - counts.keys()))
        # The code between a wait's retry, which is elsewhere, and where it goes on looks like a loop.
        loops = [min(loops, key=len)] if loops else []
    for loop in loops:
        yield from faults_of_loop(loop, way)


def nvdisasm():
    folders = [os.environ.get("CUDA_HOME", "") + "/bin", os.environ["PATH"], "/usr/local/cuda/bin"]
    return shutil.which("nvdisasm", path=os.pathsep.join(folders))


def compare_names(path, tool):
    """Names of nvdisasm, of the operations that the table has, against ours."""
    text = subprocess.run([tool, "-c", path], capture_output=True, text=True, check=True).stdout
    kernel, theirs = None, {}
    for line in text.splitlines():
        if section := re.match(r'\s*\.section\s+"?\.text\.([^,"]+)', line):
            kernel = theirs.setdefault(section[1], [])
        elif found := re.search(r"/\*[0-9a-f]{4,}\*/\s+(?:@(!?U?P\w+)\s+)?([\w.]+)", line):
            kernel.append("NEVER" if found[1] == "!PT" else found[2])
    for name, instructions in sass.kernels(path.read_bytes()).items():
        if len(instructions) != len(theirs[name]):
            sys.exit(f"{path.name}: {name}: {len(instructions)} instructions, nvdisasm: {len(theirs[name])}")
        for place, (ours, other) in enumerate(zip(instructions, theirs[name])):
            if not same_name(ours.name, other):
                sys.exit(f"{path.name}: {name}: instruction {place} is {other}, not {ours.name}")


def same_name(ours, theirs):
    operation, *modifiers = ours.split(".")
    parts = theirs.split(".")
    if operation not in sass.OPERATIONS.values():
        # Of moves, the table does not have all forms.
        return ours == theirs or parts[0] not in set(sass.OPERATIONS.values()) - {"MOV", "IMAD"}
    if operation == "MOV":
        return parts[0] == "MOV" or parts[:2] == ["IMAD", "MOV"]
    modifiers = ["U8" if each == "8" else "U16" if each == "16" else each for each in modifiers]
    signed = {"S8": "U8", "S16": "U16"}
    return operation == parts[0] and set(modifiers) <= {signed.get(each, each) for each in parts}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cubins = sorted(pathlib.Path(sys.argv[1]).glob("*.cubin"))
    if not cubins:
        print("SKIPPED: machine code: assemble.py kept none, for want of ptxas")
        return
    found = []
    for path in cubins:
        kernels = sass.kernels(path.read_bytes())
        multiplies = sum(1 for kernel in kernels if way_of(path.stem, kernel))
        print(f"{path.stem}: {len(kernels)} kernels, {multiplies} of products")
        found += [f"{path.stem}: {kernel}: {fault}" for kernel, instructions in kernels.items()
                  for fault in faults_of_kernel(path.stem, kernel, instructions)]
    if found:
        sys.exit("\n".join(found))
    tool = nvdisasm()
    for path in cubins if tool else []:
        compare_names(path, tool)
    print("names compared with nvdisasm" if tool else "SKIPPED: comparing names: there is no nvdisasm")
    print(f"PASSED: {len(cubins)} targets")


if __name__ == "__main__":
    main()
