#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a checkpoint folder of Mixtral 8x7B's size from sparse files: all weights are zero.

usage: make_sparse_mixtral.py FOLDER [--layers N] [--fused]

With 32 layers that are 46,702,792,704 parameters in 19 shards with an index, as published; the files
take a few kilobytes of the disk. --fused stores the experts of a layer as two tensors.
"""
import argparse
import json
import math
import os
import pathlib
import struct

VOCABULARY, HIDDEN, INNER, KEYS, EXPERTS = 32000, 4096, 14336, 1024, 8
SHARD = 5_000_000_000


def config(layers):
    return dict(architectures=["MixtralForCausalLM"], model_type="mixtral", vocab_size=VOCABULARY,
                hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=layers,
                num_attention_heads=32, num_key_value_heads=8, num_local_experts=EXPERTS,
                num_experts_per_tok=2, hidden_act="silu", rms_norm_eps=1e-05, rope_theta=1e6,
                max_position_embeddings=32768, sliding_window=None, tie_word_embeddings=False,
                bos_token_id=1, eos_token_id=2, torch_dtype="bfloat16")


def experts(prefix, fused):
    if fused:
        yield f"{prefix}mlp.gate.weight", [EXPERTS, HIDDEN]
        yield f"{prefix}mlp.experts.gate_up_proj", [EXPERTS, 2 * INNER, HIDDEN]
        yield f"{prefix}mlp.experts.down_proj", [EXPERTS, HIDDEN, INNER]
        return
    moe = f"{prefix}block_sparse_moe."
    yield f"{moe}gate.weight", [EXPERTS, HIDDEN]
    for e in range(EXPERTS):
        yield f"{moe}experts.{e}.w1.weight", [INNER, HIDDEN]
        yield f"{moe}experts.{e}.w2.weight", [HIDDEN, INNER]
        yield f"{moe}experts.{e}.w3.weight", [INNER, HIDDEN]


def tensors(layers, fused):
    """(name, shape) of every tensor, in the order of the shards."""
    yield "model.embed_tokens.weight", [VOCABULARY, HIDDEN]
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield from experts(prefix, fused)
        yield f"{prefix}input_layernorm.weight", [HIDDEN]
        yield f"{prefix}post_attention_layernorm.weight", [HIDDEN]
        for name, rows in (("q", HIDDEN), ("k", KEYS), ("v", KEYS), ("o", HIDDEN)):
            yield f"{prefix}self_attn.{name}_proj.weight", [rows, HIDDEN]
    yield "model.norm.weight", [HIDDEN]
    yield "lm_head.weight", [VOCABULARY, HIDDEN]


def split(named_shapes):
    """Shards of at most SHARD bytes, as dictionaries of name -> shape."""
    shards, size = [{}], 0
    for name, shape in named_shapes:
        length = 2 * math.prod(shape)
        if shards[-1] and size + length > SHARD:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += length
    return shards


def write_shard(path, shapes):
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = dict(dtype="BF16", shape=shape, data_offsets=[begin, end])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + end)


def make(folder, layers, fused):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(layers), indent=2))
    shards = split(tensors(layers, fused))
    weight_map = {}
    for i, shapes in enumerate(shards):
        name = f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        write_shard(folder / name, shapes)
        weight_map.update(dict.fromkeys(shapes, name))
    count = sum(math.prod(shape) for shapes in shards for shape in shapes.values())
    index = dict(metadata=dict(total_size=2 * count), weight_map=weight_map)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    print(f"{folder}: {count:,} parameters in {len(shards)} shards")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--fused", action="store_true")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.layers, arguments.fused)
