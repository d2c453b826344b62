//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The front end reads what nvcc writes, and names what it does not know.
///
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Diagnostic.h"
#include "runtime/emulator/ptx/Parser.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

using namespace emulator;

static std::string readReduce() {
  std::ifstream file(std::string(PTX_FOLDER) + "/Reduce.ptx");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What the front end says of a text; empty if it takes it.
static std::string refusal(const std::string &text) {
  try {
    ptx::parse(text, "bad.ptx");
  } catch (const ptx::Diagnostic &diagnostic) {
    return ptx::render("bad.ptx", diagnostic);
  }
  return "";
}

static const std::string header = ".version 8.0\n.target sm_80\n"
                                  ".address_size 64\n";

TEST(ParserTest, KernelsOfNvccHaveTheirParameters) {
  ptx::Module module = ptx::parse(readReduce(), "Reduce.ptx");
  EXPECT_EQ(module.target, "sm_80");
  EXPECT_EQ(module.addressBits, 64u);
  ASSERT_EQ(module.functions.size(), 2u);
  EXPECT_EQ(module.functions[0].name, "addVectors");
  EXPECT_EQ(module.functions[1].name, "sumBlocks");
  EXPECT_TRUE(module.functions[0].kernel);
  EXPECT_EQ(module.functions[0].parameters.size(), 4u);
  EXPECT_EQ(module.functions[1].parameters.size(), 3u);
}

TEST(ParserTest, EveryCutOfATextIsTakenOrRefusedByName) {
  std::string text = readReduce();
  for (size_t length = 0; length < text.size(); length += 7) {
    std::string message = refusal(text.substr(0, length));
    if (!message.empty())
      EXPECT_EQ(message.rfind("bad.ptx:", 0), 0u) << message;
  }
}

TEST(ParserTest, UnknownDirectiveIsNamedWithItsLine) {
  std::string message = refusal(header + ".surprise 1\n");
  EXPECT_EQ(message.rfind("bad.ptx:4:", 0), 0u) << message;
  EXPECT_NE(message.find(".surprise"), std::string::npos) << message;
}

TEST(ParserTest, VersionThatIsNoPairOfNumbersIsRefused) {
  for (const char *version :
       {".0", "8", "8.", "99999999999999999999999.0", "1e5", "8.3e1"}) {
    std::string message =
        refusal(".version " + std::string(version) + "\n.target sm_80\n");
    EXPECT_EQ(message.rfind("bad.ptx:1:", 0), 0u) << version << message;
  }
}

TEST(ParserTest, MissingSemicolonIsNamedWithItsLine) {
  std::string message =
      refusal(header + ".visible .entry k()\n{\n  ret\n}\n");
  EXPECT_EQ(message.rfind("bad.ptx:", 0), 0u) << message;
}
