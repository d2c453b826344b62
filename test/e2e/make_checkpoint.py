# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a tiny random checkpoint in the published format, with the standard library alone.

usage: make_checkpoint.py FOLDER key=value...

Keys (defaults in CASE): arch (mixtral, mistral, llama), vocabulary, hidden, layers, heads, kv_heads,
head_dim, inner, experts, choices, score (softmax, renormalized; sigmoid, not), norm (random; infinite:
that before the head), window, tied, dtype (float32, bfloat16, float16), seed, gate (random; ties: all
experts' router rows are equal; one: every token prefers expert 0 or the last; nan: the first expert's
score is none).
"""
import json
import math
import pathlib
import random
import struct
import sys

CASE = dict(arch="mixtral", vocabulary=61, hidden=24, layers=2, heads=4, kv_heads=2, head_dim=6,
            inner=20, experts=5, choices=2, score="softmax", norm="random", window=0, tied=0,
            dtype="float32", seed=1, gate="random")
ARCHITECTURES = dict(mixtral="MixtralForCausalLM", mistral="MistralForCausalLM",
                     llama="LlamaForCausalLM")
NAMES = dict(float32="F32", bfloat16="BF16", float16="F16")


def config(c):
    j = dict(architectures=[ARCHITECTURES[c["arch"]]], model_type=c["arch"],
             vocab_size=c["vocabulary"], hidden_size=c["hidden"], num_hidden_layers=c["layers"],
             num_attention_heads=c["heads"], num_key_value_heads=c["kv_heads"],
             head_dim=c["head_dim"], intermediate_size=c["inner"], hidden_act="silu",
             rms_norm_eps=1e-5, max_position_embeddings=512, rope_theta=10000.0, bos_token_id=1,
             eos_token_id=2, tie_word_embeddings=bool(c["tied"]), torch_dtype=c["dtype"])
    if c["arch"] == "mixtral":
        j.update(num_local_experts=c["experts"], num_experts_per_tok=c["choices"])
    if c["score"] == "sigmoid":
        j.update(scoring_func="sigmoid", norm_topk_prob=False)
    if c["arch"] != "llama":
        j.update(sliding_window=c["window"] or None)
    return j


def encode(values, dtype):
    if dtype == "float16":
        return struct.pack(f"<{len(values)}e", *values)
    data = struct.pack(f"<{len(values)}f", *values)
    if dtype == "float32":
        return data
    return b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))


class Weights:
    """Tensors in the order of their making, from one random stream."""

    def __init__(self, c):
        self.random, self.dtype = random.Random(c["seed"]), c["dtype"]
        self.tensors = {}

    def add(self, name, *shape, mean=0.0, deviation=None):
        count = math.prod(shape)
        deviation = deviation or 2 / math.sqrt(shape[-1])
        self.put(name, shape, [self.random.gauss(mean, deviation) for _ in range(count)])

    def put(self, name, shape, values):
        self.tensors[name] = (list(shape), encode(values, self.dtype))


def gate(w, c, name):
    experts, hidden = c["experts"], c["hidden"]
    if c["gate"] == "ties":
        w.put(name, [experts, hidden], [0.25 * (i % 3 - 1) for i in range(hidden)] * experts)
    elif c["gate"] == "one":  # the residual stream decides the sign: expert 0 or the last one
        row = [w.random.gauss(0, 1) for _ in range(hidden)]
        w.put(name, [experts, hidden], [(8 if e == 0 else 0.5 / (e + 1)) * x
                                        for e in range(experts) for x in row])
    elif c["gate"] == "nan":
        w.put(name, [experts, hidden], [math.nan] + [0.1] * (experts * hidden - 1))
    else:
        w.add(name, experts, hidden)


def experts(w, c, prefix):
    hidden, inner = c["hidden"], c["inner"]
    if c["arch"] != "mixtral":
        for name, shape in (("gate", (inner, hidden)), ("up", (inner, hidden)), ("down", (hidden, inner))):
            w.add(f"{prefix}mlp.{name}_proj.weight", *shape)
        return
    gate(w, c, f"{prefix}block_sparse_moe.gate.weight")
    for e in range(c["experts"]):
        for name, shape in (("w1", (inner, hidden)), ("w2", (hidden, inner)), ("w3", (inner, hidden))):
            w.add(f"{prefix}block_sparse_moe.experts.{e}.{name}.weight", *shape)


def weights(c):
    w, hidden = Weights(c), c["hidden"]
    q, kv = c["heads"] * c["head_dim"], c["kv_heads"] * c["head_dim"]
    w.add("model.embed_tokens.weight", c["vocabulary"], hidden, deviation=1.0)
    for layer in range(c["layers"]):
        prefix = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            w.add(f"{prefix}{norm}.weight", hidden, mean=1.0, deviation=0.2)
        for name, shape in (("q", (q, hidden)), ("k", (kv, hidden)), ("v", (kv, hidden)), ("o", (hidden, q))):
            w.add(f"{prefix}self_attn.{name}_proj.weight", *shape)
        experts(w, c, prefix)
    if c["norm"] == "infinite":
        w.put("model.norm.weight", [hidden], [math.inf] * hidden)
    else:
        w.add("model.norm.weight", hidden, mean=1.0, deviation=0.2)
    if not c["tied"]:
        w.add("lm_head.weight", c["vocabulary"], hidden)
    return w.tensors


def write_safetensors(path, tensors, dtype):
    header, offset = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = dict(dtype=NAMES[dtype], shape=shape, data_offsets=[offset, offset + len(data)])
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(d for _, d in tensors.values()))


def make(folder, **changes):
    """Writes the checkpoint; returns its case with defaults filled in."""
    c = dict(CASE, **changes)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(c), indent=1))
    write_safetensors(folder / "model.safetensors", weights(c), c["dtype"])
    return c


if __name__ == "__main__":
    pairs = (argument.split("=", 1) for argument in sys.argv[2:])
    make(sys.argv[1], **{k: type(CASE[k])(v) for k, v in pairs})
