# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the instructions of the kernels of a cubin, and of the loops in them.

usage: sass.py FILE.cubin [KERNEL]

Needs no tool of the CUDA Toolkit. An instruction is 16 bytes, the low 12 bits are its operation. The numbers
were found by assembling one PTX instruction at a time with ptxas 13.0 for each architecture; names are those
of nvdisasm, which census.py compares them with where there is one. What is not in the table is named by its
number; sizes of memory accesses and shapes of matrix products are named, other modifiers are not.
"""
import collections
import pathlib
import struct
import sys

OPERATIONS = {
    0x23c: "HMMA", 0x237: "IMMA", 0x27a: "QMMA", 0x9f0: "HGMMA", 0xdf0: "HGMMA", 0x5ea: "UTCHMMA",
    0x981: "LDG", 0x986: "STG", 0x984: "LDS", 0x388: "STS", 0x988: "STS", 0x983: "LDL", 0x387: "STL",
    0x987: "STL", 0x83b: "LDSM", 0xfae: "LDGSTS", 0x5b4: "UTMALDG",
    0xb1d: "BAR", 0x947: "BRA", 0x547: "BRA", 0x918: "NOP",
    0x202: "MOV", 0x802: "MOV", 0xc02: "MOV", 0x224: "IMAD", 0x424: "IMAD",
}
MATRIX = {"HMMA", "IMMA", "QMMA", "HGMMA", "UTCHMMA"}
LOCAL = {"LDL", "STL"}
SIZED = {"LDG", "STG", "LDS", "STS", "LDL", "STL"}
SIZES = {0: ".8", 1: ".8", 2: ".16", 3: ".16", 4: "", 5: ".64", 6: ".128"}
HMMA = {0x18: ".16816.F32", 0x418: ".16816.F32.BF16", 0x410: ".1688.F32.BF16", 0x810: ".1688.F32.TF32"}
NEVER, ZERO_REGISTER = 0xf, 0xff  # a predicate and a register

Instruction = collections.namedtuple("Instruction", "name target")


def kernels(cubin):
    """{name: instructions} of the bytes of a 64-bit ELF file."""
    table, = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3a)
    headers = [struct.unpack_from("<IIQQQQ", cubin, table + i * size) for i in range(count)]
    found = {}
    for header in headers:
        start = headers[names][4] + header[0]
        name = cubin[start:cubin.index(b"\0", start)].decode()
        if name.startswith(".text."):
            found[name[len(".text."):]] = decode(cubin[header[4]:header[4] + header[5]])
    return found


def decode(text):
    words = [struct.unpack_from("<QQ", text, i) for i in range(0, len(text), 16)]
    newer = any(branch(low, high, True) == -16 for low, high in words if low & 0xfff == 0x947)
    instructions = []
    for place, (low, high) in enumerate(words):
        name, target = name_of(low, high), None
        if name == "BRA":
            target = place + 1 + branch(low, high, newer) // 16
        instructions.append(Instruction(name, target))
    return instructions


def branch(low, high, newer):
    """The bytes from the next instruction to a branch's target. Which of two encodings an architecture has
    shows at the branch to itself that ptxas puts behind a kernel."""
    if newer:  # in units of 4, and the lowest 8 bits elsewhere
        value, bits = ((low >> 34 | (high & 0x3ffff) << 30) << 8 | low >> 16 & 0xff), 56
        return (value - (value >> bits - 1 << bits)) * 4
    value, bits = low >> 32 | (high & 0x3ffff) << 32, 50
    return value - (value >> bits - 1 << bits)


def name_of(low, high):
    name = OPERATIONS.get(low & 0xfff, f"{low & 0xfff:03x}")
    fields = high >> 8 & 0x1fff
    if low >> 12 & 0xf == NEVER:
        return "NEVER"  # ptxas puts some before asynchronous copies
    if name in SIZED:
        return name + SIZES.get(fields >> 1 & 7, "?")
    if name == "LDGSTS":
        return name + SIZES.get(fields >> (2 if fields & 0x800 else 1) & 7, "?")
    if name == "HMMA":
        return name + HMMA.get(fields, "?")
    if name == "IMAD":  # by which registers are moved, too
        zeros = low >> 24 & 0xff, (low if low & 0xfff == 0x224 else high << 32) >> 32 & 0xff
        carries = fields & 4
        return name if carries or zeros != (ZERO_REGISTER, ZERO_REGISTER) else "MOV"
    return name


def loops(instructions):
    """Ranges of the instructions of loops: what a backward branch encloses."""
    return [range(one.target, place + 1) for place, one in enumerate(instructions)
            if one.target is not None and 0 <= one.target < place]


def census(instructions):
    return collections.Counter(one.name for one in instructions)


def is_matrix(name):
    return name.split(".")[0] in MATRIX


def matrix_loops(instructions):
    """The innermost loops that multiply matrices, as lists of instructions."""
    ranges = [each for each in loops(instructions) if any(is_matrix(instructions[i].name) for i in each)]
    inner = [each for each in ranges
             if not any(other != each and each[0] <= other[0] and other[-1] <= each[-1] for other in ranges)]
    return [[instructions[i] for i in each] for each in inner]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    for name, instructions in kernels(pathlib.Path(sys.argv[1]).read_bytes()).items():
        if name in sys.argv[2:] or len(sys.argv) == 2:
            print(f"{name}: {dict(census(instructions).most_common())}")
            for each in loops(instructions):
                own = census(instructions[i] for i in each)
                print(f"  loop of {len(each)} at {each[0]}: {dict(own.most_common())}")


if __name__ == "__main__":
    main()
