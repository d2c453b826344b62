# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Refuses command lines that no artifact could answer. The artifact does not exist: a wrong command line
is found first."""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))
import driver
import refusals

MODEL = "absent.moe"


def moert(*flags):
    return lambda folder: ("moert", *flags)


def generate(*flags):
    return moert("generate", MODEL, "--tokens", "1", *flags)


def general_cases():
    return [
        ("no command", moert(), 2, "a command is needed"),
        ("unknown command", moert("translate"), 2, "'translate' is no command"),
        ("unknown flag before a command", moert("--fast"), 2, "--fast"),
        ("no model", moert("tokenize"), 2, "MODEL is required"),
        ("two models", moert("tokenize", MODEL, "b.moe"), 2, "b.moe"),
        ("unknown flag", generate("--fast"), 2, "--fast"),
        ("flag without its value", generate("--target"), 2, "--target: takes one value"),
        ("flag given twice", generate("--seed", "1", "--seed", "2"), 2, "--seed: takes one value"),
        ("absent model", generate(), 1, "absent.moe: cannot open"),
    ]


def number_cases():
    huge = "9" * 30
    return [
        ("count of zero", generate("-n", "0"), 2, "-n: 0 is out of range"),
        ("negative count", generate("-n", "-5"), 2, "-n: -5 is out of range"),
        ("huge count", generate("-n", huge), 2, f"-n: {huge} is out of range"),
        ("count in exponential notation", generate("-n", "1e3"), 2, "-n: '1e3' is no whole number"),
        ("count with a fraction", generate("-n", "1.5"), 2, "-n: '1.5' is no whole number"),
        ("empty count", generate("-n", ""), 2, "-n: '' is no whole number"),
        ("count with a unit", generate("-n", "5k"), 2, "-n: '5k' is no whole number"),
        ("no threads", generate("--threads", "0"), 2, "--threads: 0 is out of range"),
        ("too many threads", generate("--threads", "1025"), 2, "--threads: 1025 is out of range, 1 to 1024"),
        ("chunk of zero", generate("--chunk", "0"), 2, "--chunk: 0 is out of range"),
        ("context of zero", generate("--context", "0"), 2, "--context: 0 is out of range"),
        ("negative seed", generate("--seed", "-1"), 2, "--seed: -1 is out of range"),
        ("negative temperature", generate("--temperature", "-0.5"), 2, "--temperature: -0.5 is out of range"),
        ("infinite temperature", generate("--temperature", "inf"), 2, "--temperature: inf is out of range"),
        ("temperature of no number", generate("--temperature", "nan"), 2, "--temperature: nan is out of range"),
        ("temperature in words", generate("--temperature", "hot"), 2, "--temperature: 'hot' is no number"),
        ("top-p above one", generate("--temperature", "1", "--top-p", "1.01"), 2, "--top-p: 1.01 is out of range"),
        ("negative top-k", generate("--temperature", "1", "--top-k", "-1"), 2, "--top-k: -1 is out of range"),
        ("top-k without a temperature", generate("--top-k", "5"), 2, "--top-k requires --temperature"),
        ("top-p without a temperature", generate("--top-p", "0.5"), 2, "--top-p requires --temperature"),
    ]


def input_cases():
    def prompt(*flags):
        return moert("generate", MODEL, *flags)

    return [
        ("no prompt", prompt(), 2, "-p, --prompt-file or --tokens"),
        ("two prompts", prompt("-p", "a", "--prompt-file", "b"), 2, "-p, --prompt-file or --tokens"),
        ("no tokens", prompt("--tokens", ""), 2, "--tokens: there are no token ids"),
        ("tokens in words", prompt("--tokens", "1,two"), 2, "--tokens: 'two' is no token id"),
        ("missing token", prompt("--tokens", "1,,2"), 2, "missing before ','"),
        ("token of 33 bits", prompt("--tokens", "4294967296"), 2, "more than 32 bits"),
        ("nothing to score", moert("score", MODEL), 2, "--text or --tokens"),
        ("two inputs to tokenize", moert("tokenize", MODEL, "-p", "a", "--file", "b"), 2, "--prompt excludes --file"),
        ("nothing to measure", moert("bench", MODEL, "-p", "0", "-n", "0"), 2, "nothing to measure"),
        ("no sequences", moert("bench", MODEL, "-b", "0"), 2, "-b: 0 is out of range"),
        ("no repetitions", moert("bench", MODEL, "-r", "0"), 2, "-r: 0 is out of range"),
        ("negative prompt length", moert("bench", MODEL, "-p", "-1"), 2, "-p: '-1' is no list of whole numbers"),
        ("prompt lengths without a comma", moert("bench", MODEL, "-p", "1;2"), 2, "-p: '1;2' is no list of whole numbers"),
        ("a prompt length missing", moert("bench", MODEL, "-p", "1,,2"), 2, "-p: '1,,2' is no list of whole numbers"),
    ]


def test(scratch):
    shutil.rmtree(scratch)
    scratch.mkdir()
    refusals.run_table(general_cases() + number_cases() + input_cases(), scratch)


driver.main(test)
