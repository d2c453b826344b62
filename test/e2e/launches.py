# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the launches that ran with those of the fusion report.

usage: launches.py REPORT.json BENCH.json
"""
import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        regimes = {regime["name"]: regime for regime in json.load(file)["targets"][0]["regimes"]}
    with open(sys.argv[2], encoding="utf-8") as file:
        bench = json.load(file)
    tests = {test["name"]: test["launches_per_step"] for test in bench["tests"]}
    wanted = {name: regime["launches_per_step"] for name, regime in regimes.items()}
    assert tests == {"pp1": wanted["decode"], "tg2": wanted["decode"], "pp64": wanted["skinny"],
                     "pp512": wanted["wide"]}, (tests, wanted)
    assert bench["launches_per_step"] == wanted["decode"]


main()
