# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the fusion reports of a model with all fusions and with none.

usage: fusion_report.py ALL.json NONE.json
"""
import json
import sys


def regimes(path):
    with open(path, encoding="utf-8") as file:
        return {regime["name"]: regime for regime in json.load(file)["targets"][0]["regimes"]}


def main():
    fused, plain = regimes(sys.argv[1]), regimes(sys.argv[2])
    assert fused.keys() == plain.keys() == {"decode", "skinny", "wide"}
    for name, regime in fused.items():
        other = plain[name]
        # The floor is of the meaning: of weights, inputs, cache and logits.
        assert abs(regime["floor_bytes"] - other["floor_bytes"]) < 1e-6 * other["floor_bytes"], name
        assert regime["floor_bytes"] <= regime["bytes"] < other["bytes"], name
        assert regime["launches_per_step"] < other["launches_per_step"], name
        assert (regime["intermediate_bytes_per_token_layer"]
                < 0.3 * other["intermediate_bytes_per_token_layer"]), name
        assert regime["roofline_seconds"] < other["roofline_seconds"], name
        for report in regime, other:
            kernels = report["kernels"]
            assert sum(kernel["launches"] for kernel in kernels) == report["launches_per_step"]
            total = sum(kernel["bytes"] for kernel in kernels)
            assert abs(total - report["bytes"]) < 1e-6 * total
        assert regime["groups"] and not other["groups"] and not other["not_fused"], name


main()
