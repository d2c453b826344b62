# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints that `moec compile` must refuse: config.json, safetensors files and indexes.

usage: bad_checkpoints.py SCRATCH_FOLDER
"""
import json
import os
import shutil
import struct

import driver
import make_checkpoint
import refusals

SMALL = dict(vocabulary=16, hidden=8, heads=2, kv_heads=1, head_dim=4, inner=6, layers=1, experts=3)
UP = "model.layers.0.block_sparse_moe.experts.0.w1.weight"


def compile_of(folder):
    return "moec", "compile", folder, "-o", folder / "out" / "m.moe"


def config(**changes):
    """A case's preparation: a good checkpoint with keys of config.json changed."""

    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        path = folder / "config.json"
        j = json.loads(path.read_text())
        for key, value in changes.items():
            if value is KeyError:
                del j[key]
            else:
                j[key] = value
        path.write_text(json.dumps(j))
        return compile_of(folder)

    return prepare


def config_text(text):
    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        (folder / "config.json").write_bytes(text)
        return compile_of(folder)

    return prepare


def tensors(change):
    """... with the file's bytes changed by change(header dictionary, data) -> (header bytes, data)."""

    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        path = folder / "model.safetensors"
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header, data = change(json.loads(data[8:8 + size]), data[8 + size:])
        if not isinstance(header, bytes):
            header = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + data)
        return compile_of(folder)

    return prepare


def edit(edit_header):
    """... with only the header's dictionary edited in place."""

    def change(header, data):
        edit_header(header)
        return header, data

    return tensors(change)


def whole_file(change):
    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        path = folder / "model.safetensors"
        path.write_bytes(change(path.read_bytes()))
        return compile_of(folder)

    return prepare


def index(change):
    """A checkpoint of one shard with an index, edited by change(index dictionary, folder)."""

    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        shard = folder / "model-00001-of-00001.safetensors"
        (folder / "model.safetensors").rename(shard)
        data = shard.read_bytes()
        names = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        j = dict(metadata=dict(total_size=1), weight_map={name: shard.name for name in names})
        text = change(j, folder)
        (folder / "model.safetensors.index.json").write_text(text or json.dumps(j))
        return compile_of(folder)

    return prepare


def map_to(name):
    return index(lambda j, folder: j["weight_map"].__setitem__(UP, name))


def moved(header, entry, begin, end):
    header[entry]["data_offsets"] = [begin, end]


def drop_file(name):
    def prepare(folder):
        make_checkpoint.make(folder, **SMALL)
        (folder / name).unlink()
        return compile_of(folder)

    return prepare


def dangling(folder):
    make_checkpoint.make(folder, **SMALL)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "blobs" / "absent")
    return compile_of(folder)


def dense_with_bias(folder):
    make_checkpoint.make(folder, **dict(SMALL, arch="llama"))
    j = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(dict(j, attention_bias=True)))
    return compile_of(folder)


def config_cases():
    huge = 10**30
    return [
        ("config is not JSON", config_text(b"{"), 1, "config.json"),
        ("config is empty", config_text(b""), 1, "config.json"),
        ("config is a list", config_text(b"[]"), 1, "config.json"),
        ("config is not UTF-8", config_text(b'{"model_type": "\xff"}'), 1, "config.json"),
        ("config has a key twice", config_text(b'{"model_type": "a", "model_type": "b"}'), 1, "model_type"),
        ("config is nested too deeply", config_text(b'{"a":' * 5000 + b"1" + b"}" * 5000), 1, "config.json"),
        ("no config", drop_file("config.json"), 1, "config.json"),
        ("unknown architecture", config(architectures=["GPT2LMHeadModel"], model_type="gpt2"), 1, "GPT2"),
        ("no architecture", config(architectures=KeyError, model_type=KeyError), 1, "architectures"),
        ("another activation", config(hidden_act="gelu"), 1, "gelu"),
        ("a RoPE scaling", config(rope_scaling=dict(type="yarn", factor=4.0)), 1, "rope_scaling"),
        ("another RoPE type", config(rope_parameters=dict(rope_type="llama3", rope_theta=1e4)), 1, "llama3"),
        ("a quantization scheme", config(quantization_config=dict(quant_method="gptq")), 1, "gptq"),
        ("attention biases", dense_with_bias, 1, "attention_bias"),
        ("unknown weight type", config(torch_dtype="float8_e4m3fn"), 1, "float8_e4m3fn"),
        ("no experts", config(num_local_experts=0), 1, "num_local_experts"),
        ("more choices than experts", config(num_experts_per_tok=9), 1, "num_experts_per_tok"),
        ("negative layers", config(num_hidden_layers=-1), 1, "num_hidden_layers"),
        ("zero layers", config(num_hidden_layers=0), 1, "num_hidden_layers"),
        ("huge layers", config(num_hidden_layers=huge), 1, "num_hidden_layers"),
        ("fractional heads", config(num_attention_heads=2.5), 1, "num_attention_heads"),
        ("heads as text", config(num_attention_heads="2"), 1, "num_attention_heads"),
        ("heads that key heads do not divide", config(num_key_value_heads=3), 1, "num_key_value_heads"),
        ("odd head dimension", config(head_dim=3), 1, "head_dim"),
        ("no hidden size", config(hidden_size=KeyError), 1, "hidden_size"),
        ("hidden size beyond 64 bits", config(hidden_size=huge), 1, "hidden_size"),
        ("sizes whose product overflows", config(hidden_size=2**62), 1, "hidden_size"),
        ("negative window", config(sliding_window=-4), 1, "sliding_window"),
        ("zero vocabulary", config(vocab_size=0), 1, "vocab_size"),
        ("zero positions", config(max_position_embeddings=0), 1, "max_position_embeddings"),
        ("negative epsilon", config(rms_norm_eps=-1.0), 1, "rms_norm_eps"),
        ("zero theta", config(rope_theta=0), 1, "rope_theta"),
        ("end token beyond the vocabulary", config(eos_token_id=16), 1, "eos_token_id"),
    ]


def safetensors_cases():
    def no_holes(header):
        entry = max(header.values(), key=lambda e: e["data_offsets"][1])
        entry["data_offsets"] = [x + 8 for x in entry["data_offsets"]]

    def set_shape(shape):
        return edit(lambda h: h[UP].__setitem__("shape", shape))

    def twice(header, data):
        text = json.dumps(header)
        entry = json.dumps(header[UP])
        return (text[:-1] + f', "{UP}": {entry}}}').encode(), data

    return [
        ("no weights", drop_file("model.safetensors"), 1, "model.safetensors"),
        ("a dangling link", dangling, 1, "not downloaded"),
        ("empty file", whole_file(lambda b: b""), 1, "8 bytes"),
        ("seven bytes", whole_file(lambda b: b[:7]), 1, "8 bytes"),
        ("header longer than the file", whole_file(lambda b: struct.pack("<Q", len(b)) + b[8:]), 1, "header"),
        ("header longer than allowed", whole_file(lambda b: b"\xff" * 8 + b[8:]), 1, "100000000"),
        ("header of nothing", whole_file(lambda b: struct.pack("<Q", 0) + b[8:]), 1, "header"),
        ("truncated data", whole_file(lambda b: b[:-1]), 1, "model.safetensors"),
        ("bytes behind the data", whole_file(lambda b: b + b"\0"), 1, "model.safetensors"),
        ("header that is not UTF-8", whole_file(lambda b: b[:10] + b"\xff" + b[11:]), 1, "UTF-8"),
        ("header that is a list", tensors(lambda h, d: (b"[1]", d)), 1, "header"),
        ("header that is cut", tensors(lambda h, d: (json.dumps(h).encode()[:-3], d)), 1, "header"),
        ("a tensor twice", tensors(twice), 1, UP),
        ("a hole", edit(no_holes), 1, "model.safetensors"),
        ("overlapping tensors", edit(lambda h: moved(h, UP, 0, 192)), 1, "model.safetensors"),
        ("end before begin", edit(lambda h: moved(h, UP, 192, 0)), 1, UP),
        ("negative offset", edit(lambda h: moved(h, UP, -8, 184)), 1, UP),
        ("offset beyond 64 bits", edit(lambda h: moved(h, UP, 2**64, 2**65)), 1, UP),
        ("shape that overflows", set_shape([2**40, 2**40]), 1, UP),
        ("shape of another size", set_shape([6, 9]), 1, UP),
        ("negative dimension", set_shape([-6, -8]), 1, UP),
        ("transposed shape", set_shape([8, 6]), 1, UP),
        ("shape of another rank", set_shape([48]), 1, UP),
        ("unknown type", edit(lambda h: h[UP].__setitem__("dtype", "F31")), 1, "F31"),
        ("another type than the config's", edit(lambda h: h[UP].update(dtype="I32")), 1, "I32"),
        ("no type", edit(lambda h: h[UP].pop("dtype")), 1, UP),
        ("metadata of numbers", edit(lambda h: h.__setitem__("__metadata__", dict(a=1))), 1, "__metadata__"),
        ("a missing tensor", edit(lambda h: h.__setitem__("spare", h.pop(UP))), 1, "w1"),
    ]


def index_cases():
    def strip(j, folder):
        del j["weight_map"][UP]

    def absent(j, folder):
        (folder / "model-00001-of-00001.safetensors").unlink()

    def directory(j, folder):
        (folder / "model-00001-of-00001.safetensors").unlink()
        (folder / "model-00001-of-00001.safetensors").mkdir()

    return [
        ("index is not JSON", index(lambda j, f: "{"), 1, "index.json"),
        ("index without a map", index(lambda j, f: "{}"), 1, "weight_map"),
        ("index that maps to a number", map_to(3), 1, UP),
        ("index that leaves the folder", map_to("../model.safetensors"), 1, "../model.safetensors"),
        ("index with an absolute path", map_to("/etc/passwd"), 1, "/etc/passwd"),
        ("index with a folder in a name", map_to("a/b.safetensors"), 1, "a/b.safetensors"),
        ("index with an empty name", map_to(""), 1, "index.json"),
        ("index that names an absent shard", map_to("other.safetensors"), 1, "other.safetensors"),
        ("tensor that the index does not name", index(strip), 1, UP),
        ("absent shard", index(absent), 1, "model-00001-of-00001.safetensors"),
        ("shard that is a folder", index(directory), 1, "model-00001-of-00001.safetensors"),
    ]


def test(scratch):
    shutil.rmtree(scratch)
    os.mkdir(scratch)
    refusals.run_table(config_cases() + safetensors_cases() + index_cases(), scratch)


driver.main(test)
