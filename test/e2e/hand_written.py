# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A hand-written model of a kind that no pass knows, with weights of a file, against the oracle.

usage: hand_written.py MODEL.mlir SCRATCH_FOLDER

The model is examples/top-1-sigmoid: one expert a token, weighed by a sigmoid. It must fuse as an
imported Mixtral does, and its logits must be those of the oracle, with the same bits fused and not,
in steps of all regimes.
"""
import json
import pathlib
import re

import driver
import make_checkpoint
import oracle

CASE = dict(vocabulary=96, hidden=48, layers=1, heads=3, kv_heads=1, head_dim=16, inner=72,
            experts=8, choices=1, score="sigmoid")
LAYER = "model.layers.0."
EXPERT = LAYER + "block_sparse_moe.experts.{}."
# What the model calls its weights, and what the checkpoint does.
NAMES = {
    "embedding": "model.embed_tokens.weight", "head": "lm_head.weight", "final.norm": "model.norm.weight",
    "attention.norm": LAYER + "input_layernorm.weight", "attention.q": LAYER + "self_attn.q_proj.weight",
    "attention.k": LAYER + "self_attn.k_proj.weight", "attention.v": LAYER + "self_attn.v_proj.weight",
    "attention.out": LAYER + "self_attn.o_proj.weight",
    "experts.norm": LAYER + "post_attention_layernorm.weight",
    "experts.router": LAYER + "block_sparse_moe.gate.weight", "experts.gate": EXPERT + "w1.weight",
    "experts.up": EXPERT + "w3.weight", "experts.down": EXPERT + "w2.weight",
}
FUSIONS = ["router", "gate-up", "routed-gate-up", "down-combine", "output-residual", "qkv", "rope-append",
           "qkv-cache", "head-top"]


def byte_ranges(folder):
    """Of each tensor of a checkpoint of one file: `#moe.bytes<...>`."""
    data = (folder / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    ranges = {}
    for name, entry in json.loads(data[8:start]).items():
        begin, end = entry["data_offsets"]
        ranges[name] = f'#moe.bytes<"model.safetensors", {start + begin}, {end - begin}>'
    return ranges


def with_sources(program, ranges):
    """The program, each of its parameters with the bytes of its values."""
    def source(match):
        name = NAMES[match[1]]
        experts = range(CASE["experts"] if "{}" in name else 1)
        return f"{match[0]} from [{', '.join(ranges[name.format(e)] for e in experts)}]"

    return re.sub(r"^moe\.parameter @(\S+) : \S+$", source, program, flags=re.MULTILINE)


def test(name, scratch):
    case = make_checkpoint.make(scratch, **CASE)
    model = scratch / "model.mlir"
    model.write_text(with_sources(pathlib.Path(name).read_text(), byte_ranges(scratch)))
    tokens = oracle.text_of(case)
    fused = [f"--require-fused={fusion}" for fusion in FUSIONS]
    artifact = driver.compile_model(model, scratch / "model.moe", f"--weights={scratch}", *fused)
    bits = driver.score(artifact, [tokens], scratch)[0]
    oracle.check(pathlib.Path(name).stem, case, scratch, bits, tokens)
    for flags in ([], ["--disable-fusion=all"]):
        driver.compile_model(model, artifact, f"--weights={scratch}", *flags)
        for chunk in (1, 8, 9, 64, 65):
            same = driver.score(artifact, [tokens], scratch, "--chunk", chunk)[0] == bits
            driver.expect(same, f"other logits with {flags} in chunks of {chunk}")


driver.main(test)
