# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads definitions of operations, types, attributes and passes from .td files."""
import dataclasses
import pathlib
import re

DEFINITION = re.compile(r"^def \w+\s*:\s*(\w+)(.*?)(?=^def |^class |^//=|\Z)", re.M | re.S)
KINDS = {"TypeDef": "type", "AttrDef": "attribute", "Pass": "pass",
         "Dialect": "dialect"}


@dataclasses.dataclass
class Definition:
    file: pathlib.Path
    line: int
    kind: str  # operation, type, attribute, pass, dialect
    name: str  # top_k, plan, moe-verify-program
    summary: str
    description: str

    @property
    def constraints(self):
        """The numbers of its constraints: ["1", "2"]."""
        return re.findall(r"^\s*- \(C(\d+)\)", self.description, re.M)

    @property
    def examples(self):
        """The text of each block of IR in its description."""
        return re.findall(r"^ *```mlir\n(.*?)^ *```$", self.description, re.M | re.S)

    def __str__(self):
        return f"{self.file}:{self.line}: {self.kind} {self.name}"


def field(body, name):
    block = re.search(r"let %s = \[\{(.*?)\}\]" % name, body, re.S)
    line = re.search(r'let %s = ((?:\s*"[^"]*")+)' % name, body)
    if block:
        return block[1].strip("\n")
    return "".join(re.findall(r'"([^"]*)"', line[1])) if line else ""


def kind_of(base):
    return "operation" if base.endswith("_Op") else KINDS.get(base)


def read_definitions(root):
    """The definitions of all .td files of dialects, passes and codegen."""
    for folder in ("dialects", "passes", "codegen"):
        for path in sorted((root / folder).rglob("*.td")):
            text = path.read_text()
            for match in DEFINITION.finditer(text):
                kind, body = kind_of(match[1]), match[2]
                quoted = re.search(r'let (?:mnemonic|name) = "([^"]+)"', body) \
                    or re.search(r'"([^"]+)"', body)
                if kind is None or quoted is None:
                    continue
                yield Definition(
                    path.relative_to(root), text.count("\n", 0, match.start()) + 1,
                    kind, quoted[1], field(body, "summary"), field(body, "description"))
