# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The test format of lit.cfg.py; a module of its own because lit pickles it."""

import os

import lit.formats
import lit.Test
import lit.util


def is_unittest(path):
    return path.endswith("Test") and os.path.isfile(path) and os.access(path, os.X_OK)


class MoecFormat(lit.formats.ShTest):
    """Files with RUN lines, and each GoogleTest binary of the build as one test."""

    def getTestsInDirectory(self, suite, path, lit_config, config):
        yield from super().getTestsInDirectory(suite, path, lit_config, config)
        folder = suite.getExecPath(path)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if is_unittest(os.path.join(folder, name)):
                yield lit.Test.Test(suite, path + (name,), config)

    def execute(self, test, lit_config):
        binary = test.getExecPath()
        if not is_unittest(binary):
            return super().execute(test, lit_config)
        out, err, code = lit.util.executeCommand(
            [binary], env=test.config.environment,
            timeout=lit_config.maxIndividualTestTime)
        if code == 0 and "[  PASSED  ] 0 tests" not in out:
            return lit.Test.PASS, ""
        return lit.Test.FAIL, f"{binary}: exit code {code}\n{out}{err}"
