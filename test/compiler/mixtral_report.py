# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the fusion report and the memory plan of a layer of Mixtral's width.

usage: mixtral_report.py MOEC SCRATCH_FOLDER

With two experts and a small vocabulary, which neither launches nor what they hand on depend on, an
artifact has 0.8 GB.
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "bench"))
import make_sparse_mixtral

FIELDS = {"name", "launches_per_layer", "moe_block_launches", "launches_per_step",
          "intermediate_bytes_per_token_layer", "bytes", "floor_bytes", "groups", "not_fused"}
# Of each regime, at most: launches of a layer, and of its experts.
LAUNCHES = dict(decode=(5, 2), skinny=(5, 2), wide=(7, 3))
SHARE = 0.25
MOEC, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2])


def moec(*arguments):
    done = subprocess.run([MOEC, *map(str, arguments)], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return json.loads(done.stdout)["targets"][0]


def describe(*flags):
    """The regimes of the report and of the memory plan of @step, each by name."""
    artifact = SCRATCH / "model.moe"
    report = moec("compile", SCRATCH / "model", "--target=znver4", "--fusion-report=json", "-o", artifact, *flags)
    plan = moec("inspect", "--memory-map=json", artifact)
    artifact.unlink()
    programs = {program["regime"]: program for program in plan["programs"] if program["entry"] == "step"}
    return {regime["name"]: (regime, programs[regime["name"]]) for regime in report["regimes"]}


def written(regime, program):
    """Bytes that launches of the layer write for a token, by the plan's buffers.

    The layer's launches lie behind the embedding and before those of the head, the last ones.
    """
    head = next(buffer["first_use"] for buffer in program["buffers"] if buffer["name"].startswith("select_rows"))
    buffers = [buffer["bytes"] for buffer in program["buffers"] if 0 < buffer["first_use"] < head]
    return sum(buffers) / regime["max_tokens"]


def main():
    make_sparse_mixtral.EXPERTS, make_sparse_mixtral.VOCABULARY = 2, 512
    make_sparse_mixtral.make(SCRATCH / "model", 1, False)
    fused, plain = describe(), describe("--disable-fusion=all")
    for name, (layer, block) in LAUNCHES.items():
        (regime, program), (other, other_program) = fused[name], plain[name]
        assert FIELDS <= regime.keys(), regime.keys()
        assert regime["launches_per_layer"] <= layer and regime["moe_block_launches"] <= block, (name, regime)
        assert other["launches_per_layer"] == 26 and other["moe_block_launches"] == 11, (name, other)
        for one in (regime, program), (other, other_program):
            assert abs(written(*one) - one[0]["intermediate_bytes_written_per_token_layer"]) < 1, (name, one)
        by_report = (regime["intermediate_bytes_per_token_layer"] / other["intermediate_bytes_per_token_layer"])
        by_plan = written(regime, program) / written(other, other_program)
        print(f"{name}: {by_report:.1%} of the bytes by the report, {by_plan:.1%} by the plan, "
              f"arena {program['arena_bytes'] / other_program['arena_bytes']:.1%}")
        assert by_report <= SHARE and by_plan <= SHARE, name
        for candidate in regime["not_fused"]:
            assert {"name", "reason", "operation", "location", "count"} == candidate.keys(), candidate


main()
