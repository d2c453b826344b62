# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines and requests that the tools must refuse.

usage: bad_requests.py SCRATCH_FOLDER
"""
import os
import pathlib
import resource
import shutil

import driver
import make_checkpoint
import refusals

SMALL = dict(vocabulary=16, hidden=8, heads=2, kv_heads=1, head_dim=4, inner=6, layers=1, experts=3)


class Requests:
    """Commands on one good checkpoint and one good artifact."""

    def __init__(self, scratch):
        self.checkpoint = scratch / "checkpoint"
        make_checkpoint.make(self.checkpoint, **SMALL)
        self.artifact = driver.compile_model(self.checkpoint, scratch / "good.moe")
        examples = pathlib.Path(__file__).parents[2] / "examples"
        self.speaking = driver.compile_model(examples / "mixtral-docs-9m", scratch / "speaking.moe")
        self.program = scratch / "bad.mlir"
        self.program.write_text("module {\n  func.func @step() { return %0 }\n}\n")

    def compile(self, *flags, output="m.moe"):
        return lambda f: ("moec", "compile", self.checkpoint, "-o", f / "out" / output, *flags)

    def moert(self, command, *flags):
        return lambda f: ("moert", command, self.artifact, *flags)

    def score(self, text, *flags):
        def prepare(folder):
            (folder / "tokens").write_text(text)
            return ("moert", "score", self.artifact, "--tokens", folder / "tokens", "--logits",
                    folder / "out" / "l.npy", *flags)

        return prepare


def compile_cases(r):
    def to(path):
        return lambda f: ("moec", "compile", r.checkpoint, "-o", path)

    return [
        ("no command", lambda f: ("moec",), 2, "moec"),
        ("unknown command", lambda f: ("moec", "translate"), 2, "translate"),
        ("no model", lambda f: ("moec", "compile"), 2, "MODEL"),
        ("model that is not there", lambda f: ("moec", "compile", f / "absent"), 1, "absent"),
        ("model that is a text file", lambda f: ("moec", "compile", __file__), 1, "bad_requests.py"),
        ("unknown target", r.compile("--target=sm_1"), 2, "sm_1"),
        ("a target twice", r.compile("--target=x86-64-v3,x86-64-v3"), 2, "x86-64-v3"),
        ("unknown emit", r.compile("--emit=wasm"), 2, "wasm"),
        ("unknown flag", r.compile("--fast"), 2, "--fast"),
        ("step of no tokens", r.compile("--max-step-tokens=0"), 2, "--max-step-tokens"),
        ("step of too many tokens", r.compile("--max-step-tokens=1000000000"), 2, "--max-step-tokens"),
        ("step tokens that are no number", r.compile("--max-step-tokens=many"), 2, "many"),
        ("top logits that are too many", r.compile("--top-logits=65"), 2, "--top-logits"),
        ("top logits that are no number", r.compile("--top-logits=few"), 2, "few"),
        ("random weights without a number", r.compile("--weights=random:x"), 2, "random:x"),
        ("absent weights", r.compile("--weights=/nowhere"), 1, "/nowhere"),
        ("absent tokenizer", r.compile("--tokenizer=/nowhere"), 1, "/nowhere"),
        ("tokenizer that is none", r.compile(f"--tokenizer={__file__}"), 1, "bad_requests.py"),
        ("output in an absent folder", to("/nowhere/m.moe"), 1, "/nowhere"),
        ("output that is a folder", to("/"), 1, "/"),
        ("full disk", to("/dev/full"), 1, "/dev/full"),
        ("program that does not parse", lambda f: ("moec", "compile", r.program, "-o", f / "out" / "m.moe"),
         1, "bad.mlir:2"),
        ("inspecting nothing", lambda f: ("moec", "inspect"), 2, "FILE"),
        ("inspecting an absent file", lambda f: ("moec", "inspect", f / "absent.moe"), 1, "absent.moe"),
        ("inspecting a folder", lambda f: ("moec", "inspect", f), 1, str(r.checkpoint.parent)),
        ("verifying a checkpoint", lambda f: ("moec", "verify", r.checkpoint / "model.safetensors"), 1,
         "model.safetensors"),
    ]


def generate_cases(r):
    def generate(*flags):
        return r.moert("generate", *flags)

    long_prompt = ",".join(["5"] * 600)
    return [
        ("no prompt", generate(), 2, "--tokens"),
        ("two prompts", generate("-p", "a", "--tokens", "1"), 2, "--tokens"),
        ("text without a tokenizer", generate("-p", "hello"), 1, "tokenizer"),
        ("absent prompt file", lambda f: ("moert", "generate", r.speaking, "--prompt-file", "/nowhere"), 1,
         "/nowhere"),
        ("prompt file that is a folder", lambda f: ("moert", "generate", r.speaking, "--prompt-file", f), 1,
         str(r.checkpoint.parent)),
        ("empty tokens", generate("--tokens", ""), 2, "--tokens"),
        ("tokens that are words", generate("--tokens", "1,two"), 2, "two"),
        ("token beyond the vocabulary", generate("--tokens", "1,16"), 1, "16"),
        ("negative token", generate("--tokens", "1,-1"), 1, "-1"),
        ("token beyond 32 bits", generate("--tokens", "1,99999999999"), 2, "99999999999"),
        ("prompt longer than the context", generate("--tokens", long_prompt), 1, "512"),
        ("negative count", generate("--tokens", "1", "-n", "-1"), 2, "-n"),
        ("count that is no number", generate("--tokens", "1", "-n", "x"), 2, "-n"),
        ("negative temperature", generate("--tokens", "1", "--temperature", "-1"), 2, "--temperature"),
        ("temperature that is not a number", generate("--tokens", "1", "--temperature", "nan"), 2, "--temperature"),
        ("top-p above one", generate("--tokens", "1", "--temperature", "1", "--top-p", "1.5"), 2, "--top-p"),
        ("negative top-k", generate("--tokens", "1", "--temperature", "1", "--top-k", "-3"), 2, "--top-k"),
        ("chunk of nothing", generate("--tokens", "1", "--chunk", "0"), 2, "--chunk"),
        ("chunk beyond the step", generate("--tokens", "1", "--chunk", "100000"), 1, "512"),
        ("no threads", generate("--tokens", "1", "--threads", "-2"), 2, "--threads"),
        ("a million threads", generate("--tokens", "1", "--threads", "1000000"), 2, "--threads"),
        ("target that the artifact lacks", generate("--tokens", "1", "--target", "sm_90a"), 1, "sm_90a"),
        ("artifact that is not there", lambda f: ("moert", "generate", f / "absent.moe", "--tokens", "1"), 1,
         "absent.moe"),
    ]


def other_cases(r):
    return [
        ("no moert command", lambda f: ("moert",), 2, "moert"),
        ("scoring nothing", r.moert("score"), 2, "--tokens"),
        ("scoring an absent file", r.moert("score", "--tokens", "/nowhere"), 1, "/nowhere"),
        ("scoring an empty file", r.score(""), 1, "tokens"),
        ("scoring words", r.score("1 2 three"), 1, "three"),
        ("scoring a token out of range", r.score("1 2 400"), 1, "400"),
        ("scoring more than the context", r.score("1 " * 513), 1, "512"),
        ("logits to an absent folder", lambda f: r.score("1 2")(f)[:-1] + ("/nowhere/l.npy",), 1, "/nowhere"),
        ("tokenizing without a tokenizer", r.moert("tokenize", "-p", "a"), 1, "tokenizer"),
        ("decoding without a tokenizer", r.moert("tokenize", "--decode", "-p", "1"), 1, "tokenizer"),
        ("bench of nothing", r.moert("bench", "-p", "0", "-n", "0"), 2, "-p"),
        ("bench beyond the context", r.moert("bench", "-p", "100000"), 1, "512"),
        ("bench of no sequences", r.moert("bench", "-b", "0"), 2, "-b"),
        ("bench without repeats", r.moert("bench", "-r", "0"), 2, "-r"),
    ]


def file_size_limit(r, scratch):
    """A disk that fills up while the artifact is written."""
    out = scratch / "limited"
    out.mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    done = driver.call("moec", "compile", r.checkpoint, "-o", out / "m.moe")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    driver.expect(done.returncode == 1 and done.stderr.startswith("error: ") and not list(out.iterdir()),
                  f"full disk: exit {done.returncode}, {done.stderr}, left {list(out.iterdir())}")


def test(scratch):
    shutil.rmtree(scratch)
    os.mkdir(scratch)
    r = Requests(scratch)
    refusals.run_table(compile_cases(r) + generate_cases(r) + other_cases(r), scratch)
    file_size_limit(r, scratch)


driver.main(test)
