# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails unless two artifacts hold the same tensors.

usage: same_tensors.py ONE.moe OTHER.moe
"""
import json
import os
import pathlib
import subprocess
import sys


def tensors(path):
    moec = pathlib.Path(os.environ["MOEC_BIN"]) / "moec"
    text = subprocess.check_output([moec, "inspect", "--json", path])
    # Code comes before the weights, one segment for each target.
    return [{**tensor, "segment": None} for tensor in json.loads(text)["tensors"]]


one, other = map(tensors, sys.argv[1:])
sys.exit(None if one and one == other else f"{one}\n{other}")
