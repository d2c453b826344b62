# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the examples of descriptions: each must verify, and passes do what they show.

An example may leave out what surrounds it. Values that it does not define are
defined in front of it, with the type that the parser finds they must have, and
so are the symbols that it refers to. Examples with `...` are skipped.

usage: examples.py MOEC_OPT REPOSITORY
"""
import dataclasses
import pathlib
import re
import subprocess
import sys

from tablegen import read_definitions

# Operations that stand in a module; the others stand in a function.
TOP_LEVEL = re.compile(r"^\s*(?:module|func\.func|moe\.parameter|exec\.(?:tensor|kernel|program))\b")
IN_PROGRAM = re.compile(r"exec\.(?:alloc|weight|input|cache|logits|top|launch)\b")
BUFFER = "exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>"
# What examples refer to, by the symbol's name.
SYMBOLS = {
    "lm_head": "moe.parameter @lm_head : tensor<96x48xbf16>",
    "lm_head.panels": "exec.tensor @lm_head.panels = @lm_head\n"
                      "    : tensor<96x48xbf16, #exec.panels<32, 8, 2>>",
    "add_48": "exec.kernel @add_48 {\n"
              "^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):\n"
              "  %y = decoder.add %x, %delta : tensor<?x48xf32>\n"
              "  exec.yield %y : tensor<?x48xf32>\n}",
}
UNDEFINED = re.compile(r"<stdin>:(\d+):(\d+): error: use of undeclared SSA value name")
MISTYPED = re.compile(r"use of value '%(\w+)' expects different type than prior uses: "
                      r"'(.+)' vs 'none'")


@dataclasses.dataclass
class Example:
    text: str

    def __post_init__(self):
        self.types = {}

    def module(self):
        """The example with what it needs in front of it."""
        symbols = self.symbols()
        if TOP_LEVEL.match(self.text):
            return symbols + self.text
        values = "".join(f"  %{name} = {self.definition(name)}\n" for name in sorted(self.types))
        if "exec.yield" in self.text:
            return f"{symbols}exec.kernel @example {{\n^bb0:\n{values}{self.text}}}\n"
        if IN_PROGRAM.search(self.text):
            return (f'{symbols}exec.program @example regime("any") max_tokens(8) {{\n'
                    f"{values}{self.text}}}\n")
        return f"{symbols}func.func @example() {{\n{values}{self.text}  return\n}}\n"

    def definition(self, name):
        if IN_PROGRAM.search(self.text):
            return BUFFER
        return f"builtin.unrealized_conversion_cast to {self.types[name]}"

    def symbols(self):
        """Definitions of the symbols that the example uses but does not define."""
        if self.text.lstrip().startswith("module"):
            return ""
        lines = {f"moe.parameter @{name} : {kind}": None for name, kind in
                 re.findall(r"moe\.read_parameter @([\w.]+)\s*:\s*(tensor<.*>)", self.text)}
        used = set(re.findall(r"@([\w.]+)", self.text))
        if "lm_head.panels" in used:
            used.add("lm_head")
        defined = set(re.findall(r"(?:parameter|tensor|kernel|program|func\.func) @([\w.]+)",
                                 re.sub(r"read_parameter", "", self.text)))
        lines |= {SYMBOLS[name]: None for name in SYMBOLS if name in used - defined}
        return "".join(line + "\n" for line in lines if not line.split()[1] in defined)

    def learn(self, errors, source):
        """Takes a value's name or type from the parser's errors; whether it did."""
        learned = False
        for line, column in UNDEFINED.findall(errors):
            name = re.match(r"%(\w+)", source.splitlines()[int(line) - 1][int(column) - 1:])
            learned |= self.types.setdefault(name[1], "none") == "none"
        for name, kind in MISTYPED.findall(errors):
            learned |= self.types.get(name) == "none"
            self.types[name] = kind
        return learned

    def run(self, moec_opt, *flags):
        """The module that moec-opt prints, and its errors."""
        while True:
            source = self.module()
            done = subprocess.run([moec_opt, *flags], input=source, text=True,
                                  capture_output=True)
            if not done.returncode or not self.learn(done.stderr, source):
                return done.stdout, done.stderr


def check_pass(moec_opt, definition):
    """Runs a pass on the first of its examples and compares with the second."""
    before = Example(definition.examples[0])
    after = Example((definition.examples + definition.examples)[1])
    before.run(moec_opt)
    actual, errors = before.run(moec_opt, "--" + definition.name)
    expected, more_errors = after.run(moec_opt)
    errors += more_errors
    if not errors and actual != expected:
        errors = f"expected\n{expected}\nbut got\n{actual}"
    return errors


def main(moec_opt, root):
    failures, skipped = [], []
    for definition in read_definitions(pathlib.Path(root)):
        if definition.kind == "pass" and not any("..." in e for e in definition.examples):
            errors = check_pass(moec_opt, definition) if definition.examples else ""
            if errors:
                failures.append(f"{definition}: {errors}")
            continue
        for text in definition.examples:
            if "..." in text:
                skipped.append(str(definition))
                continue
            errors = Example(text).run(moec_opt)[1]
            if errors:
                failures.append(f"{definition}: {errors}")
    print("\n".join(f"skipped, with an ellipsis: {name}" for name in skipped))
    return "\n".join(failures) or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
