# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails on files, functions and folders that outgrew their budget.

usage: budgets.py REPOSITORY
"""
import ast
import os
import pathlib
import re
import sys

FILE_LINES, README_LINES = 400, 150
FUNCTION_WARN, FUNCTION_LINES = 40, 60
TEST_FUNCTION_LINES = 80  # a table of cases
FOLDERS = 3
# Files that may be longer, with the reason.
LONG_FILES = {
    "docs/LICENSE": "a text that others wrote",
    "test/dialects/MoE/invalid.mlir": "one case for each constraint",
    "test/dialects/Decoder/invalid.mlir": "one case for each constraint",
    "test/dialects/Exec/invalid.mlir": "one case for each constraint",
    "test/passes/verify-program.mlir": "a whole module for each clause",
}
SOURCES = {".h", ".c", ".cpp", ".td", ".fbs", ".py", ".sh", ".cmake", ".mlir",
           ".test", ".md", ".txt"}
DATA = {"goldens", "mixtral-docs-9m"}  # folders of data
VAGUE_NAMES = re.compile(r"(?:^|_)(utils?|helpers?|common|misc|base|manager)(?:$|_)"
                         r"|(?:Utils?|Helpers?|Common|Misc|Base|Manager)$", re.I)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|stubs?|placeholders?)\b"
                        r"|\bfor now\b|\bnot yet implemented\b", re.I)


def tracked_files(root):
    """Every file but builds, data and what tools left behind."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders
                               if not name.startswith((".", "build"))
                               and name not in DATA | {"__pycache__"})
        for name in sorted(names):
            yield pathlib.Path(folder, name).relative_to(root)


def opening_line(lines, end):
    """The line on which the signature that ends on line `end` begins."""
    balance = 0
    for start in range(end, -1, -1):
        line = lines[start].strip()
        balance += line.count(")") - line.count("(")
        initializer = line.startswith(":") or lines[start - 1].endswith("),")
        if balance <= 0 and not initializer:
            return start
    return end


def closing_line(lines, end, indent):
    """The line that closes the body opened on line `end`, or none."""
    for number in range(end + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.startswith((indent + " ", "#")):
            return number if line.startswith(indent + "}") else None
    return None


CONTROL = re.compile(r"\s*(?:\}\s*)?(?:if|for|while|switch|else|do|catch|namespace|struct|"
                     r"class|enum|union|extern|return|static const|constexpr)\b")


def cpp_functions(text):
    """Name, first line and length of each function, judged by its layout."""
    lines = text.splitlines()
    for end, line in enumerate(lines):
        if not re.search(r"\)[\w\s:&*<>,()-]*\{$", line):
            continue
        start = opening_line(lines, end)
        first = lines[start]
        indent = re.match(r"\s*", first)[0]
        if CONTROL.match(first) or "](" in first or "= {" in first:
            continue
        name = re.search(r"([\w:~]+)\s*\(", first)
        close = closing_line(lines, end, indent)
        if name and close is not None:
            yield name[1], start + 1, close - start + 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def check_functions(name, text, errors):
    readers = {".cpp": cpp_functions, ".h": cpp_functions, ".c": cpp_functions,
               ".py": python_functions}
    for function, line, length in readers.get(name.suffix, lambda text: ())(text):
        message = f"{name}:{line}: {function} has {length} lines"
        most = TEST_FUNCTION_LINES if name.parts[0] == "test" else FUNCTION_LINES
        if length > most:
            errors.append(f"{message}, more than {most}")
        elif length > FUNCTION_WARN:
            print(f"warning: {message}, more than {FUNCTION_WARN}")


def check_text(name, text, errors):
    lines = text.count("\n")
    budget = README_LINES if name.name == "README.md" else FILE_LINES
    if lines > budget and str(name) not in LONG_FILES:
        errors.append(f"{name}: {lines} lines, more than {budget}")
    for number, line in enumerate(text.splitlines(), 1):
        word = UNFINISHED.search(line)
        if word and name.parts[:2] != ("test", "lint"):
            errors.append(f"{name}:{number}: unfinished: {word[0]}")


def main(root):
    errors = []
    for name in tracked_files(root):
        if len(name.parts) - 1 > FOLDERS:
            errors.append(f"{name}: more than {FOLDERS} folders deep")
        if VAGUE_NAMES.search(name.stem):
            errors.append(f"{name}: a name that says nothing")
        if name.suffix not in SOURCES:
            continue
        text = (root / name).read_text()
        check_text(name, text, errors)
        check_functions(name, text, errors)
    stale = [name for name in LONG_FILES if not (root / name).exists()]
    errors += [f"{name}: allowed to be long, but missing" for name in stale]
    return "\n".join(errors) or 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
