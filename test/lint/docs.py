# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails on operations, passes and errors that lack a description or a test.

usage: docs.py REPOSITORY
"""
import pathlib
import re
import sys

from tablegen import read_definitions

# An error message in code, up to the end of its statement.
MESSAGE = re.compile(r"(?:emitOpError\(|emitError\(|violate\()(.*?);$", re.S | re.M)
LITERALS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
# Their refusals are tested in C++, on kernels that no pass makes.
KERNEL_BUILDERS = re.compile(r"^codegen/(?:kernels/|KernelBuilder|x86/\w*Kernel|nvidia/\w+(?:Kernel|Stages))")
LABEL = re.compile(r"^\s*// (\w+)_c(\d+)\b", re.M)


def undescribed(definition):
    """What the definition's own text lacks."""
    if not definition.summary:
        yield "no summary"
    elif definition.summary.endswith(".") or not definition.summary[0].isupper():
        yield "a summary that is no headline"
    if not definition.description.strip():
        yield "no description"
    complete = [text for text in definition.examples if "..." not in text]
    if definition.kind == "operation" and not complete:
        yield "no complete example"
    if definition.kind == "pass" and not definition.examples:
        yield "no example"


def untested(definition, tests):
    """What no test covers; `tests` maps files to their text."""
    if definition.kind == "pass":
        run = re.compile(r"RUN:.*\b%s\b" % re.escape(definition.name))
        if not any(run.search(text) for text in tests.values()):
            yield "no test runs it"
        return
    folder = f"test/{definition.file.parent}"
    accepted = tests.get(f"{folder}/ops.mlir", "")
    refused = tests.get(f"{folder}/invalid.mlir", "")
    if definition.kind == "operation" and f".{definition.name} " not in accepted \
            and not re.search(rf"\.{definition.name}$", accepted, re.M):
        yield f"not in {folder}/ops.mlir"
    for number in definition.constraints:
        if f"// {definition.name}_c{number}" not in refused:
            yield f"constraint C{number} is not broken in {folder}/invalid.mlir"


def unknown_labels(root, definitions):
    """Constraints that code names but no description has."""
    known = {(d.name, number) for d in definitions for number in d.constraints}
    for path in sorted((root / "dialects").rglob("*.cpp")):
        for label in LABEL.findall(path.read_text()):
            if label not in known:
                yield f"{path.relative_to(root)}: {'_c'.join(label)} is in no description"


def shown_texts(tests):
    """What tests expect of diagnostics."""
    for text in tests.values():
        yield from re.findall(r"expected-error.*?\{\{(.*?)\}\}+\s*$", text, re.M)
        yield from re.findall(r"^\W*[A-Z-]+: .*error: (?:\{\{.*?\}\})?(.*)$", text, re.M)


def is_proven(pieces, shown):
    """Whether a test expects a telling piece of the message, or a part of one."""
    return any(len(piece) >= 8 and piece in text or len(text) >= 8 and text in piece
               for piece in pieces for text in shown)


def unproven_messages(root, tests):
    """Messages of verifiers and passes that no test expects."""
    shown = list(shown_texts(tests))
    for path in sorted(p for layer in ("dialects", "passes", "codegen")
                       for p in (root / layer).rglob("*.cpp")):
        if KERNEL_BUILDERS.search(str(path.relative_to(root))):
            continue
        text = path.read_text()
        for message in MESSAGE.finditer(text):
            pieces = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', piece)).strip()
                      for piece in LITERALS.findall(message[1])]
            if any(pieces) and not is_proven(pieces, shown):
                line = text.count("\n", 0, message.start()) + 1
                yield f"{path.relative_to(root)}:{line}: no test expects: {max(pieces, key=len)}"


def main(root):
    tests = {str(path.relative_to(root)): path.read_text()
             for path in sorted((root / "test").rglob("*"))
             if path.suffix in {".mlir", ".cpp", ".test", ".py"}
             and "goldens" not in path.parts}
    definitions = list(read_definitions(root))
    errors = [f"{d}: {reason}" for d in definitions
              for reason in [*undescribed(d), *untested(d, tests)]]
    errors += [*unknown_labels(root, definitions), *unproven_messages(root, tests)]
    return "\n".join(errors) or 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
