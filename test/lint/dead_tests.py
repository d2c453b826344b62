# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails on tests that look alive but are never run or checked.

usage: dead_tests.py TEST_FOLDER COMPILE_COMMANDS
"""
import json
import pathlib
import re
import sys

COMMENT = r"^\s*(?://|#|;)\s*"
MISSPELT = [
    (re.compile(COMMENT + r"(?:RUN|XFAIL|REQUIRES)(?!:)\s+\S*moec"), "a RUN line without colon"),
    (re.compile(COMMENT + r"CHECK[A-Z0-9_-]*\s+:"), "a space before the colon"),
    (re.compile(COMMENT + r"CHECK_[A-Z]+"), "an underscore in a directive"),
    (re.compile(r"expected-(?:error|warning|note|remark)(?!-re)(?!\s*(?:@\S+\s*)*\{\{)"),
     "an expected diagnostic without {{text}}"),
]
DIRECTIVE = re.compile(COMMENT + r"([A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*?)"
                       r"(?:-(?:LABEL|NEXT|SAME|NOT|DAG|EMPTY|COUNT-\d+))?:")
KEYWORDS = {"RUN", "XFAIL", "REQUIRES", "UNSUPPORTED", "DEFINE", "REDEFINE", "END"}


def check_prefixes(run_lines):
    """The prefixes that FileCheck looks for."""
    prefixes = {"CHECK"} if "FileCheck" in run_lines else set()
    for names in re.findall(r"--?check-prefix(?:es)?[= ]([\w,-]+)", run_lines):
        prefixes |= set(names.split(","))
    return prefixes


def dead_lines(text):
    """The lines of an IR test that do nothing, with the reason."""
    runs = "\n".join(re.findall(COMMENT + r"RUN:(.*)", text, re.M))
    prefixes = check_prefixes(runs)
    if not runs:
        yield 1, "no RUN line"
    if "expected-error" in text and "--verify-diagnostics" not in runs:
        yield 1, "expected diagnostics without --verify-diagnostics"
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in MISSPELT:
            if pattern.search(line):
                yield number, reason
        directive = DIRECTIVE.match(line)
        if directive and directive[1] not in KEYWORDS | prefixes:
            yield number, f"{directive[1]} is no prefix that a RUN line checks"


def unbuilt_unittests(root, commands):
    """Files of GoogleTest cases that the build leaves out."""
    built = {pathlib.Path(command["file"]).resolve()
             for command in json.loads(commands.read_text())}
    for path in sorted(root.rglob("*Test.cpp")):
        if path.resolve() not in built:
            yield f"{path.relative_to(root)}: in no CMakeLists.txt"


def main(root, commands):
    errors = [f"{path.relative_to(root)}:{number}: {reason}"
              for path in sorted(root.rglob("*.mlir"))
              if "Inputs" not in path.parts
              for number, reason in dead_lines(path.read_text())]
    errors += unbuilt_unittests(root, commands)
    errors += [f"{path.relative_to(root)}: a disabled test"
               for path in sorted(root.rglob("*.cpp"))
               if "DISABLED_" in path.read_text()]
    return "\n".join(errors) or 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
