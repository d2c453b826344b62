//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Accesses outside of what they may reach, and reads of what nothing wrote.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

const Defect memory[] = {
    {"VectorBeyondAVariable", 1, 32, 0, R"(
  .shared .align 16 .b8 small[20];
  .shared .align 16 .b8 next[16];
  setp.eq.u32 %p0, %l, 3;
  mov.u32 %r1, small;
  mov.u32 %r2, next;
  st.shared.u32 [%r2], %t;
  @%p0 st.shared.u32 [%r1+16], %t; //-
//+  @%p0 st.shared.v2.u32 [%r1+16], {%t, %t};
)",
     "check: bounds: the access of 8 bytes reaches 4 bytes beyond the end of "
     "small \\(20 bytes of shared memory\\)\n  kernel kernel\n  at "
     "test.ptx:\\d+: st.shared.v2.u32\n  block \\(0, 0, 0\\), warp 0, lanes 3\n"
     "  address 0x\\w+: shared variable small \\+ 16\n"},
    {"BetweenVariables", 2, 32, 0, R"(
  .shared .align 4 .b8 small[20];
  .shared .align 16 .b8 next[16];
  mov.u32 %r1, small;
  mov.u32 %r2, next;
  and.b32 %r3, %t, 0;
  st.shared.u8 [%r2], %r3; //-
//+  st.shared.u8 [%r1+21], %r3;
)",
     "check: bounds: the access of 1 bytes lies in no shared "
     "variable\n.*\n.*\n.*lanes 0-31\n  address 0x\\w+: 1 bytes beyond the end "
     "of shared variable small \\(20 bytes\\)"},
    {"SharedNeverWritten", 1, 64, 0, R"(
  mov.u32 %r1, tile;
  mad.lo.u32 %r1, %t, 4, %r1;
  st.shared.u32 [%r1], %t; //-
  ld.shared.u32 %r2, [%r1];
  mul.wide.u32 %rd1, %t, 4;
  add.u64 %rd1, %out, %rd1;
  st.global.u32 [%rd1], %r2;
)",
     "check: uninitialised: reads 4 bytes of shared memory that the block has "
     "not written\n.*\n  at test.ptx:\\d+: ld.shared.u32\n  block \\(0, 0, "
     "0\\), warp [01], lanes 0-31\n  address 0x\\w+: shared variable tile \\+ "
     "(0|128)\n"},
    {"BytesCount", 1, 32, 0, R"(
  mov.u32 %r1, tile;
  mad.lo.u32 %r1, %t, 8, %r1;
  st.shared.u32 [%r1+4], %t;
  cvt.u16.u32 %h1, %t;
  st.shared.u16 [%r1], %h1;
  st.shared.u8 [%r1+2], %t;
  st.shared.u8 [%r1+3], %t; //-
  ld.shared.v2.u32 {%r2, %r3}, [%r1];
)",
     "check: uninitialised: reads 8 bytes .*\n.*\n.*\n.*lanes 0-31\n.*tile \\+ "
     "3\n  this is|check: uninitialised: reads 8 bytes .*\n.*\n.*\n.*lanes "
     "0-31\n.*tile \\+ 3\n"},
    {"ZeroFillWrites", 1, 32, 0, R"(
  mov.u32 %r1, tile;
  mad.lo.u32 %r1, %t, 16, %r1;
  mov.u32 %r2, 0;
  cp.async.cg.shared.global [%r1], [%in], 16, %r2; //-
  cp.async.wait_all;
  ld.shared.u32 %r3, [%r1+12];
)",
     "check: uninitialised: reads 4 bytes"},
    {"MatrixNeverWritten", 1, 32, 0, R"(
  mov.u32 %r1, tile;
  mad.lo.u32 %r2, %t, 16, %r1;
  mov.u32 %r3, 0;
  setp.lt.u32 %p0, %t, 31;
//+  @%p0 st.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3};
  st.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3}; //-
  bar.warp.sync 0xffffffff;
  ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];
)",
     "check: uninitialised: reads 16 bytes .*\n.*\n.*ldmatrix.*\n.*lanes "
     "31\n.*tile \\+ 496\n"},
    {"BulkStoreOfWhatWasNotWritten", 1, 32, 0, R"(
  mov.u32 %r1, tile;
  mad.lo.u32 %r2, %t, 4, %r1;
  setp.lt.u32 %p0, %t, 30;
//+  @%p0 st.shared.u32 [%r2], %t;
  st.shared.u32 [%r2], %t; //-
  fence.proxy.async.shared::cta;
  bar.sync 0;
  setp.eq.u32 %p1, %t, 0;
  @!%p1 bra done;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 128;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
done:
)",
     "check: uninitialised: reads 128 bytes .*\n.*\n.*cp.async.bulk.*\n.*lanes "
     "0\n.*tile \\+ 120\n"},
    {"CounterNotSet", 1, 32, 0, R"(
  mov.u32 %r1, tile;
  setp.eq.u32 %p1, %t, 0;
  mov.u32 %r2, 0;
  @%p1 st.shared.u32 [%r1], %r2; //-
  bar.warp.sync 0xffffffff;
  atom.shared.add.u32 %r3, [%r1], 1;
)",
     "check: uninitialised: updates 4 bytes of shared memory"},
};

MOEC_DEFECT_TESTS(MemoryCheck, memory);

/// A kernel of one address, checked by everything.
class Reach : public testing::Test {
protected:
  LaunchResult run(const std::string &body, uint64_t address,
                   uint32_t dynamic = 0) {
    device.load(".version 8.6\n.target sm_90a\n.address_size 64\n"
                ".const .align 4 .b8 table[16];\n"
                ".extern .shared .align 16 .b8 heap[];\n"
                ".visible .entry kernel(.param .u64 at) {\n"
                ".reg .b32 %r<8>;\n.reg .b64 %rd<8>;\n.reg .pred %p<2>;\n"
                ".local .align 8 .b8 stack[16];\n"
                ".shared .align 16 .b8 cells[64];\n"
                "ld.param.u64 %rd1, [at];\nmov.u32 %r1, %tid.x;\n"
                "mul.wide.u32 %rd2, %r1, 4;\nadd.u64 %rd3, %rd1, %rd2;\n" +
                body + "\nret;\n}\n");
    device.request.monitor = check.get();
    device.request.dynamicSharedBytes = dynamic;
    return device.launch("kernel", {1}, {32}, address);
  }

  void expect(const std::string &body, FaultKind kind, const char *report,
              uint32_t dynamic = 0) {
    const uint64_t at = device.array(std::vector<uint32_t>(64));
    const LaunchResult result = run(body, at, dynamic);
    EXPECT_EQ(result.fault.kind, kind) << body;
    EXPECT_TRUE(std::regex_search(result.fault.render(), std::regex(report)))
        << body << "\n"
        << result.fault.render();
  }

  TestDevice device;
  std::unique_ptr<Monitor> check = everyCheck();
};

TEST_F(Reach, EverySpaceHasItsBounds) {
  const auto wrong = FaultKind::IllegalAddress;
  expect("ld.global.u32 %r2, [%rd3+192];", wrong, "lanes 16-31\n  address 0x");
  expect("ld.global.u32 %r2, [%rd3+192];", wrong,
         "0 bytes beyond the end of allocation \\d+ of 256 bytes");
  expect("st.shared.u32 [heap+60], %r1;\nst.shared.u32 [heap+64], %r1;", wrong,
         "shared address is not in the block's 128 bytes", 64);
  expect("mov.u64 %rd4, 16;\nadd.u64 %rd4, %rd4, stack;\n"
         "st.local.u32 [%rd4], %r1;",
         wrong, "local address is outside");
  expect("mov.u64 %rd4, at;\ncvta.param.u64 %rd4, %rd4;\n"
         "ld.u32 %r2, [%rd4+8];",
         wrong, "address is outside of the kernel's parameters");
  expect("ld.const.u32 %r2, [table+16];", wrong,
         "0 bytes beyond the end of variable table of 16 bytes");
  expect("mov.u64 %rd4, table;\nst.global.u32 [%rd4], %r1;", wrong,
         "write to read-only memory");
}

TEST_F(Reach, EverySpaceHasItsAlignment) {
  const auto wrong = FaultKind::MisalignedAddress;
  expect("ld.global.u32 %r2, [%rd3+2];", wrong,
         "no multiple of 4\n(.*\n)*.*lanes 0-31\n.*allocation \\d+ of 256 "
         "bytes \\+ 2");
  expect("st.shared.u32 [cells+1], %r1;", wrong, "no multiple of 4");
  expect("st.local.u32 [stack+2], %r1;", wrong, "no multiple of 4");
  expect("ld.const.u32 %r2, [table+2];", wrong, "no multiple of 4");
}

TEST_F(Reach, FreedMemoryIsNamedWithWhoFreedIt) {
  const uint64_t at = device.array(std::vector<uint32_t>(64));
  ASSERT_TRUE(device.memory.free(at, "cuMemFree"));
  // What is allocated later takes no other's place.
  device.array(std::vector<uint32_t>(64));
  const LaunchResult result = run("ld.global.u32 %r2, [%rd3];", at);
  EXPECT_EQ(result.fault.kind, FaultKind::IllegalAddress);
  EXPECT_NE(result.fault.render().find(
                "lies in allocation 1 of 256 bytes that was freed by "
                "cuMemFree"),
            std::string::npos)
      << result.fault.render();
}

TEST_F(Reach, FreshDeviceMemoryMustBeWritten) {
  const char *body = "ld.global.u32 %r2, [%rd3];";
  const uint64_t at = device.memory.allocate(128);
  LaunchResult result = run(body, at);
  EXPECT_TRUE(std::regex_search(
      result.fault.render(),
      std::regex("uninitialised: reads 4 bytes of device memory that no copy, "
                 "fill or kernel has written .*\n.*kernel\n.*ld.global.u32\n"
                 ".*warp 0, lanes 0-31\n.*: allocation \\d+ of 128 bytes \\+ "
                 "0\n")))
      << result.fault.render();

  const uint32_t part[31] = {};
  ASSERT_TRUE(device.memory.write(at, part, sizeof part));
  result = run(body, at);
  EXPECT_EQ(result.fault.lanes, 1u << 31) << result.fault.render();
  EXPECT_EQ(result.fault.address, at + 124);

  EXPECT_EQ(run("st.global.u32 [%rd3], %r1;", at).status, LaunchStatus::Done);
  EXPECT_EQ(run(body, at).status, LaunchStatus::Done) << "a kernel wrote it";
}

TEST_F(Reach, ManyFindingsAreCountedAndAFaultComesFirst) {
  const uint64_t at = device.memory.allocate(128);
  LaunchResult result = run("ld.global.u32 %r2, [%rd3];\n"
                            "ld.global.u32 %r3, [%rd1];\n",
                            at);
  EXPECT_NE(result.fault.render().find("the first of 2 such accesses"),
            std::string::npos)
      << result.fault.render();
  result = run("ld.global.u32 %r2, [%rd3];\ntrap;\n", at);
  EXPECT_EQ(result.fault.kind, FaultKind::Trap);
  EXPECT_NE(result.fault.render().find("before, line"), std::string::npos)
      << result.fault.render();
}

TEST_F(Reach, CallersOfOtherArchitecturesAreRefused) {
  const std::string text = ".version 8.6\n.target sm_90a\n.address_size 64\n"
                           ".visible .entry kernel() {\nret;\n}\n";
  TestDevice ampere("sm_80");
  EXPECT_EQ(
      Program::load(text, "test.ptx", ampere.request.profile, ampere.memory)
          .status,
      LoadStatus::WrongTarget);
  const LoadResult result = Program::load(
      ".version 8.6\n.target sm_80\n.address_size 64\n"
      ".visible .entry kernel() {\nwgmma.fence.sync.aligned;\nret;\n}\n",
      "test.ptx", ampere.request.profile, ampere.memory);
  EXPECT_EQ(result.status, LoadStatus::InvalidPtx);
  EXPECT_NE(result.message.find("sm_90a"), std::string::npos) << result.message;
}

} // namespace
