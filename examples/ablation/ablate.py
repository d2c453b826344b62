#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures what each fusion is worth: see README.md beside this file."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=ROOT / "build/bin", type=pathlib.Path,
                        help="folder of moec and moert [build/bin]")
    parser.add_argument("--folder", default=ROOT / "build/ablation", type=pathlib.Path,
                        help="folder for artifacts [build/ablation]")
    parser.add_argument("--model", help="a checkpoint [the bundled model]")
    parser.add_argument("--full-width", action="store_true",
                        help="one layer of Mixtral's width, with random weights")
    parser.add_argument("--target", default="host")
    parser.add_argument("--tokens", default="1,16,64,512", help="steps to measure [1,16,64,512]")
    parser.add_argument("--rounds", default=5, type=int, help="turns of each variant [5]")
    parser.add_argument("--repetitions", default=1, type=int,
                        help="of a step in each turn; on a GPU, which takes some to warm up, 20 [1]")
    parser.add_argument("--threads", type=int, help="[one for each CPU]")
    parser.add_argument("--huge-pages", action="store_true",
                        help="on a CPU: where files happen to lie in memory does not matter then")
    parser.add_argument("--only", action="append", metavar="FUSION",
                        help="leave out this one alone, or none; may be repeated [every one]")
    return parser.parse_args()


def run(command):
    """The output of a command; ends the program with its error if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: {command[0]}: exit status {done.returncode}")
    return done.stdout


class Ablation:
    """One model, compiled in variants."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.moec, self.moert = arguments.bin / "moec", arguments.bin / "moert"
        arguments.folder.mkdir(parents=True, exist_ok=True)
        self.model, self.flags = self.find_model()

    def find_model(self):
        if not self.arguments.full_width:
            return self.arguments.model or ROOT / "examples/mixtral-docs-9m", []
        folder = self.arguments.folder / "mixtral-1"
        run([sys.executable, ROOT / "test/bench/make_sparse_mixtral.py", folder, "--layers", "1"])
        return folder, ["--weights=random:1"]

    def fusions(self):
        listed = run([self.moec, "compile", "--list-fusions"]).splitlines()
        return [line.split()[0] for line in listed]

    def compile(self, name, disabled):
        """The artifact of a variant and the regimes of its fusion report."""
        path = self.arguments.folder / f"{name}.moe"
        report = json.loads(run([self.moec, "compile", self.model, *self.flags,
                                 f"--target={self.arguments.target}", "-o", path,
                                 "--fusion-report=json",
                                 *(f"--disable-fusion={fusion}" for fusion in disabled)]))
        regimes = {regime["name"]: regime for regime in report["targets"][0]["regimes"]}
        return path, regimes

    def measure(self, path):
        """How many times as long a step takes as the probes right before it say, by tokens."""
        command = [self.moert, "bench", path, "-p", self.arguments.tokens, "-n", "0",
                   "-r", self.arguments.repetitions, "--json"]
        if self.arguments.huge_pages:
            command += ["--huge-pages"]
        if self.arguments.threads:
            command += ["--threads", self.arguments.threads]
        tests = json.loads(run(command))["tests"]
        return {test["name"]: 1 / max(test["share_of_read_probe"], test["share_of_dot_peak"]) for test in tests}

    def compare(self, path, reference):
        """Times relative to the reference: medians over turns. Where the machine is shared, and where
        files happen to lie in memory, moves probes and steps alike."""
        ratios = {}
        for _ in range(self.arguments.rounds):
            own, other = self.measure(path), self.measure(reference)
            for name, time in own.items():
                ratios.setdefault(name, []).append(time / other[name])
        return {name: statistics.median(values) for name, values in ratios.items()}


def launches(regimes, key):
    return " / ".join(f"{regimes[name][key]:g}" for name in ("decode", "wide"))


def print_row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    arguments = parse_arguments()
    ablation = Ablation(arguments)
    names = ["pp" + tokens for tokens in arguments.tokens.split(",")]
    reference, regimes = ablation.compile("all", [])
    print_row(["without", "of a layer", "of its experts", *names])
    print_row(["---"] * (3 + len(names)))
    print_row(["(all fusions)", launches(regimes, "launches_per_layer"),
               launches(regimes, "moe_block_launches"), *("1" for _ in names)])
    for fusion in arguments.only or ["all", *ablation.fusions()]:
        path, regimes = ablation.compile("without", [fusion])
        ratios = ablation.compare(path, reference)
        print_row([fusion, launches(regimes, "launches_per_layer"),
                   launches(regimes, "moe_block_launches"),
                   *(f"{ratios[name]:.2f}" for name in names)])
        path.unlink()
    reference.unlink()


main()
