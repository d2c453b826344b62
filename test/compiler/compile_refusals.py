# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines and programs that `moec compile` must refuse.

usage: compile_refusals.py SCRATCH_FOLDER TINY.mlir
"""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import driver
import refusals

RANDOM = "--weights=random:1"


class Program:
    """A good program, and edits of it that are not."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text()

    def compile(self, *flags):
        return lambda f: ("moec", "compile", self.path, "-o", f / "out" / "m.moe", *flags)

    def edited(self, old, new, *flags):
        assert old in self.text, old

        def prepare(folder):
            (folder / "edited.mlir").write_text(self.text.replace(old, new, 1))
            return ("moec", "compile", folder / "edited.mlir", "-o", folder / "out" / "m.moe", RANDOM, *flags)

        return prepare

    def line(self, text):
        """The line on which a text begins, in messages."""
        return f"edited.mlir:{self.text[:self.text.index(text)].count(chr(10)) + 1}:"


def flag_cases(p):
    return [
        ("no target", p.compile(RANDOM, "--target="), 2, "--target"),
        ("a comma too many", p.compile(RANDOM, "--target=znver4,"), 2, "--target"),
        ("a flag twice", p.compile(RANDOM, "--target=znver4", "--target=x86-64-v3"), 2, "--target"),
        ("two targets as assembly", p.compile("--emit=asm", "--target=znver4,x86-64-v3"), 2, "--emit"),
        ("two models", p.compile("other.mlir"), 2, "other.mlir"),
        ("negative seed", p.compile("--weights=random:-1"), 2, "random:-1"),
        ("no seed", p.compile("--weights=random:"), 2, "random:"),
        ("seed beyond 64 bits", p.compile("--weights=random:18446744073709551616"), 2, "random:18446744073709551616"),
        ("half a token", p.compile(RANDOM, "--max-step-tokens=1.5"), 2, "1.5"),
        ("step beyond the limit", p.compile(RANDOM, "--max-step-tokens=65537"), 2, "65536"),
        ("empty output", lambda f: ("moec", "compile", p.path, "-o", "", RANDOM), 2, "--output"),
        ("an artifact to standard output", lambda f: ("moec", "compile", p.path, "-o", "-", RANDOM), 2, "a file"),
        ("empty tokenizer", p.compile(RANDOM, "--tokenizer="), 2, "--tokenizer"),
        ("empty weights", p.compile("--weights="), 2, "--weights"),
        ("program without weights", p.compile(), 1, "--weights=random:SEED"),
        ("folder that parameters do not name", p.compile(f"--weights={p.path.parent}"), 1, "embedding"),
        ("tokenizer that is a folder", p.compile(RANDOM, f"--tokenizer={p.path.parent}"), 1, str(p.path.parent)),
        ("phases to a file", p.compile(RANDOM, f"--dump-phases-to={p.path}"), 1, "--dump-phases-to"),
        ("program that is not there", lambda f: ("moec", "compile", f / "absent.mlir", RANDOM), 1, "absent.mlir"),
        ("program that is a folder", folder_as_program, 1, "folder.mlir"),
        ("weights for a checkpoint", lambda f: ("moec", "compile", p.path.parent.parent / "mixtral-docs-9m", "-o",
                                                f / "out" / "m.moe", f"--weights={p.path.parent}"), 1, "--weights"),
    ]


def folder_as_program(folder):
    (folder / "folder.mlir").mkdir()
    return ("moec", "compile", folder / "folder.mlir", "-o", folder / "out" / "m.moe", RANDOM)


def program_cases(p):
    rope = "%qr = decoder.rope"
    return [
        ("no model attribute", p.edited("attributes {moe.model = {max_positions = 4096 : i64}}", ""), 1, "moe.model"),
        ("no positions", p.edited("max_positions = 4096", "max_positions = 0"), 1, "max_positions"),
        ("unknown operation", p.edited(rope, "%qr = decoder.spin"), 1, p.line(rope)),
        ("unknown dialect", p.edited(rope, "%qr = cuda.launch"), 1, p.line(rope)),
        ("type that does not match", p.edited("%k = decoder.linear %a, %wk", "%k = decoder.linear %a, %wq"), 1,
         p.line("%k = decoder.linear %a, %wk")[:-1]),
        ("parameter that is not declared", p.edited("@attention.q :", "@attention.query :"), 1, "attention.q"),
        ("step of another name", p.edited("@step", "@run"), 1, "@step"),
        ("cache that is not appended to", p.edited("return %logits, %filled", "return %logits, %cache"), 1, "cache"),
        ("logits of all tokens", p.edited("rms_norm %last,", "rms_norm %z,"), 1, "rows"),
        ("weight that the step computes", p.edited("linear %f, %table\n      : tensor<?x64xf32>, tensor<256x64xf32>",
                                                   "linear %f, %z\n      : tensor<?x64xf32>, tensor<?x64xf32>"),
         1, "edited.mlir:"),
        ("nothing", lambda f: empty(f, ""), 1, "empty.mlir"),
        ("bytes that are no text", lambda f: empty(f, "\x00\x01\x02"), 1, "empty.mlir"),
        ("loops", p.edited("%x = decoder.embed", "cf.br ^bb1\n^bb1:\n  %x = decoder.embed"), 1, "edited.mlir:"),
    ]


def empty(folder, text):
    (folder / "empty.mlir").write_text(text)
    return ("moec", "compile", folder / "empty.mlir", "-o", folder / "out" / "m.moe", RANDOM)


def main(scratch, path):
    shutil.rmtree(scratch, ignore_errors=True)
    os.mkdir(scratch)
    program = Program(pathlib.Path(path).resolve())
    refusals.run_table(flag_cases(program) + program_cases(program), scratch)


try:
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
except driver.Failure as failure:
    sys.exit(str(failure))
