//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Measures how many instructions of a warp the emulated device runs in a
/// second on one host thread, checked or not: loops of arithmetic, of memory
/// accesses in shared memory, and of branches that diverge.
///
///   moec-bench-emulator [--seconds=1] [--threads=1] [--kernel=NAME]
///                       [--check=NAMES]
///
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Checks.h"
#include "runtime/emulator/machine/Launch.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

using namespace emulator;

namespace {

/// A loop of `rounds` times `body`.
struct Workload {
  const char *name;
  const char *body;
};

const Workload workloads[] = {
    {"mixed", "fma.rn.f32 f2, f0, f1, f0;\n"
              "mul.f32 f3, f2, f1;\n"
              "add.f32 f4, f3, f0;\n"
              "max.f32 f5, f4, f2;\n"
              "and.b32 r3, i, 31;\n"
              "shl.b32 r4, r3, 2;\n"
              "xor.b32 r5, r4, r0;\n"
              "fma.rn.f32 f0, f5, 0f3F000000, f1;\n"},
    {"float", "fma.rn.f32 f2, f0, f1, f0;\n"
              "fma.rn.f32 f3, f2, f1, f0;\n"
              "add.f32 f4, f3, f2;\n"
              "mul.f32 f5, f4, 0f3F000000;\n"
              "min.f32 f0, f5, f1;\n"
              "sub.f32 f2, f3, f4;\n"},
    {"integer", "mad.lo.s32 r3, r0, i, r1;\n"
                "shl.b32 r4, r3, 3;\n"
                "lop3.b32 r5, r3, r4, r0, 0x96;\n"
                "add.s32 r1, r5, r4;\n"
                "shr.u32 r3, r1, 7;\n"
                "selp.b32 r0, r3, r5, p;\n"
                "mul.wide.u32 d0, r0, 4;\n"
                "add.s64 d1, d1, d0;\n"},
    {"half", "fma.rn.f16x2 r3, r0, r1, r0;\n"
             "cvt.rn.bf16x2.f32 r4, f0, f1;\n"
             "add.f32 f0, f1, 0f3F800000;\n"
             "xor.b32 r0, r3, r4;\n"},
    {"shared", "ld.shared.f32 f0, [s];\n"
               "fma.rn.f32 f0, f0, f1, f1;\n"
               "st.shared.f32 [s], f0;\n"},
    {"divergent", "and.b32 r3, r0, i;\n"
                  "and.b32 r3, r3, 1;\n"
                  "setp.eq.u32 q, r3, 0;\n"
                  "@q bra ELSE;\n"
                  "add.s32 r1, r1, r0;\n"
                  "bra.uni END;\n"
                  "ELSE:\n"
                  "xor.b32 r1, r1, r0;\n"
                  "END:\n"},
};

std::string kernelOf(const Workload &workload) {
  return std::string(
             ".version 8.0\n.target sm_90\n.address_size 64\n"
             ".visible .entry k(.param .b64 out, .param .b32 n)\n{\n"
             ".reg .pred p, q;\n.reg .b32 r0, r1, r2, r3, r4, r5, i, m, "
             "s;\n.reg .b64 to, d0, d1;\n"
             ".reg .f32 f0, f1, f2, f3, f4, f5;\n"
             ".shared .align 4 .b8 cells[4096];\n"
             "ld.param.b64 to, [out];\nld.param.b32 m, [n];\n"
             "mov.u32 r0, %tid.x;\nmov.u32 r1, r0;\n"
             "cvt.rn.f32.u32 f0, r0;\nmov.f32 f1, 0f3F800000;\n"
             "mov.u32 i, 0;\nmov.u64 d1, 0;\n"
             "mov.u32 s, cells;\nmad.lo.u32 s, r0, 4, s;\n"
             "st.shared.f32 [s], f0;\n"
             "setp.lt.u32 p, r0, 7;\nLOOP:\n") +
         workload.body +
         "add.s32 i, i, 1;\nsetp.lt.u32 q, i, m;\n@q bra LOOP;\n"
         "mov.u32 r3, %tid.x;\nmul.wide.u32 d0, r3, 8;\nadd.s64 to, to, d0;\n"
         "xor.b32 r1, r1, r0;\nst.global.b32 [to], r1;\n"
         "st.global.f32 [to], f0;\nst.global.b64 [to], d1;\nret;\n}\n";
}

/// Launches 32 warps on each host thread until the time is over; prints the
/// best rate of all launches.
bool measure(const Workload &workload, double seconds, unsigned threads,
             Monitor *checks) {
  DeviceMemory memory;
  LaunchRequest request;
  Profile::parse("sm_90a", request.profile);
  request.settings.hostThreads = threads;
  request.monitor = checks;
  LoadResult loaded =
      Program::load(kernelOf(workload), workload.name, request.profile, memory);
  if (loaded.status != LoadStatus::Loaded) {
    std::fprintf(stderr, "%s\n", loaded.message.c_str());
    return false;
  }
  request.program = loaded.program;
  request.kernel = loaded.program->kernel("k");
  request.grid = {threads};
  request.block = {1024};
  uint64_t to = memory.allocate(8192);
  uint32_t rounds = 2000;
  request.parameters.resize(request.kernel->parameterBytes);
  std::memcpy(request.parameters.data(), &to, sizeof to);
  std::memcpy(request.parameters.data() + 8, &rounds, sizeof rounds);
  double spent = 0, best = 0;
  while (spent < seconds) {
    LaunchResult result = launch(memory, request);
    if (result.status != LaunchStatus::Done) {
      std::fprintf(stderr, "%s\n", result.fault.render().c_str());
      return false;
    }
    spent += result.seconds;
    best = std::max(best, result.warpInstructions / result.seconds);
  }
  std::printf("%-10s %7.1f M warp instructions/s a host thread\n",
              workload.name, best / threads * 1e-6);
  return true;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app{"Speed of the emulated device on scalar code"};
  double seconds = 1;
  unsigned threads = 1;
  std::string kernel, checks = "none";
  app.add_option("--seconds", seconds, "time for each kernel");
  app.add_option("--threads", threads, "host threads");
  app.add_option("--kernel", kernel, "the one to measure; else all");
  app.add_option("--check", checks, "all, none, or names of checks");
  CLI11_PARSE(app, argc, argv);
  CheckSelection selection;
  if (!parseChecks(checks, selection)) {
    std::fprintf(stderr,
                 "error: --check=%s: must be all, none, or some of %s\n",
                 checks.c_str(), checkNames().c_str());
    return 1;
  }
  const std::unique_ptr<Monitor> monitor = makeChecks(selection);
  for (const Workload &workload : workloads)
    if (kernel.empty() || kernel == workload.name)
      if (!measure(workload, seconds, threads, monitor.get()))
        return 1;
  return 0;
}
