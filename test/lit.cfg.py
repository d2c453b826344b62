# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How lit finds and runs the tests of moec."""

import os
import shutil
import sys

import lit.llvm
import lit.llvm.subst

sys.path.insert(0, os.path.dirname(__file__))
sys.dont_write_bytecode = True
from moec_format import MoecFormat

lit.llvm.initialize(lit_config, config)
llvm_config = lit.llvm.llvm_config

config.name = "moec"
config.test_format = MoecFormat(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["goldens"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.moec_obj_root, "test")

tools = os.path.join(config.moec_obj_root, "bin")
llvm_config.add_tool_substitutions(
    [lit.llvm.subst.ToolSubst(name, unresolved="ignore")
     for name in ["moec-opt", "moec-reference", "moec", "moert"]], [tools])
llvm_config.add_tool_substitutions(
    ["FileCheck", "not", "split-file", "count"], [config.llvm_tools_dir])
config.environment["MOEC_BIN"] = tools
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
# test/run.sh --device=cuda: GPUs are not emulated.
if "device" in lit_config.params:
    config.environment["MOEC_TEST_DEVICE"] = lit_config.params["device"]
# As moec looks for the CUDA Toolkit.
cuda_path = os.pathsep.join([os.path.join(os.environ.get("CUDA_HOME", ""), "bin"),
                             os.environ.get("PATH", ""), "/usr/local/cuda/bin"])
if shutil.which("ptxas", path=cuda_path):
    config.available_features.add("cuda")
config.substitutions += [
    ("%python", config.python),
    ("%goldens", os.path.join(config.test_source_root, "goldens")),
    ("%examples", os.path.join(config.moec_src_root, "examples")),
    ("%root", config.moec_src_root),
    ("%build", config.moec_obj_root),
]
