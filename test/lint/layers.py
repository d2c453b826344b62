# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails when a file includes what its folder must not know.

usage: layers.py REPOSITORY
"""
import pathlib
import re
import sys

# What the files of a folder may include besides that folder; the longest
# matching folder counts. A name may be a folder or a single header.
ALLOWED = {
    "dialects": {"mlir", "llvm"},
    "passes": {"mlir", "llvm", "dialects"},
    "codegen": {"mlir", "llvm", "lld", "dialects", "runtime/abi"},
    "compiler": {"mlir", "llvm", "dialects", "passes", "codegen", "runtime/abi",
                 "runtime/artifact", "runtime/text"},
    "runtime": set(),
    "runtime/abi": set(),
    "runtime/artifact": {"runtime/abi"},
    "runtime/tools": {"runtime/moert.h", "runtime/device/EmulatedKernels.h"},
    "test/reference": set(),
}
# Folders that the rest of their own layer must not include either.
PRIVATE = {"runtime/tools"}
LAYERS = "compiler|dialects|passes|codegen|runtime|test|mlir|llvm|lld|clang"
INCLUDE = re.compile(r'^\s*#?\s*include\s+["<]((?:%s)/[^">]+)[">]' % LAYERS, re.M)
SOURCES = {".h", ".c", ".cpp", ".td", ".fbs"}


def folder_rule(path):
    """The folder of ALLOWED that the file is in."""
    for parent in path.parents:
        if str(parent) in ALLOWED:
            return str(parent)
    return None


def is_inside(included, folder):
    return included == folder or included.startswith(folder + "/")


def is_allowed(path, rule, included):
    if any(is_inside(included, folder) for folder in ALLOWED[rule]):
        return True
    hidden = any(is_inside(included, folder) for folder in PRIVATE - {rule})
    return is_inside(included, rule) and not hidden


def main(root):
    errors = []
    for layer in sorted({rule.split("/")[0] for rule in ALLOWED}):
        for path in sorted((root / layer).rglob("*")):
            name = path.relative_to(root)
            rule = folder_rule(name)
            if path.suffix not in SOURCES or rule is None:
                continue
            for included in INCLUDE.findall(path.read_text()):
                if not is_allowed(name, rule, included):
                    errors.append(f"{name}: {rule} must not include {included}")
    return "\n".join(errors) or 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
