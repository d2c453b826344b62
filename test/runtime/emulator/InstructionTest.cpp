//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Every instruction of the table that has an oracle, in every form, on the
// corners of its types: with all lanes active, and with some.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Forms.h"
#include "test/runtime/emulator/InstructionTable.h"
#include "test/runtime/emulator/Operands.h"
#include "test/runtime/emulator/TestDevice.h"

#include <cstdlib>

using namespace emulator;

namespace {

constexpr unsigned threads = 512;
/// What destinations hold before.
constexpr uint64_t sentinel = 0xA5A5A5A5A5A5A5A5;

/// A value's place in arrays of 64-bit words.
struct Column {
  FormOperand operand;
  unsigned cell; ///< of the arrays
  unsigned half; ///< of a value with 128 bits
};

std::vector<Column> columnsOf(const std::vector<FormOperand> &operands) {
  std::vector<Column> columns;
  for (unsigned cell = 0; cell < operands.size(); ++cell)
    for (unsigned half = 0; half < (operands[cell].width > 64 ? 2 : 1); ++half)
      columns.push_back({operands[cell], cell, half});
  return columns;
}

/// What the oracle is told of packed operands: `f32x2` in a `.b64`.
std::string partOf(const Form &form, const FormOperand &operand) {
  if (operand.type[0] != 'b' || operand.width == 1)
    return "";
  for (const std::string &word : form.words)
    if (word == "f32x2" && operand.width == 64)
      return word;
  return "";
}

uint64_t lowBits(uint64_t value, unsigned width) {
  return width >= 64 ? value : value & ((uint64_t(1) << width) - 1);
}

/// The integer that is in the order of numbers.
int64_t ordered(uint64_t bits, unsigned width) {
  uint64_t sign = uint64_t(1) << (width - 1);
  auto magnitude = static_cast<int64_t>(bits & (sign - 1));
  return bits & sign ? -magnitude : magnitude;
}

bool agrees(const oracle::Expected &expected, uint64_t found, unsigned width) {
  uint64_t bits = lowBits(expected.bits, width);
  if (bits == found || expected.ulps == ~uint64_t(0))
    return true;
  if (expected.anyNan)
    return oracle::isNan(*oracle::formatNamed("f64"), found);
  if (!expected.ulps)
    return false;
  int64_t apart = ordered(bits, width) - ordered(found, width);
  return static_cast<uint64_t>(std::abs(apart)) <= expected.ulps;
}

/// What stands in a register that is wider than the type.
oracle::Expected extended(oracle::Expected value, const FormOperand &operand) {
  unsigned bits = bitsOf(*parseType(operand.type));
  if (operand.width > bits && operand.type[0] == 's')
    value.bits = static_cast<uint64_t>(
        static_cast<int64_t>(value.bits << (64 - bits)) >> (64 - bits));
  return value;
}

class FormRunner {
public:
  explicit FormRunner(const Form &form)
      : form_(form), device_(targetOf(*form.row)),
        sources_(columnsOf(form.sources())),
        destinations_(columnsOf(form.destinations())),
        described_(form.described()),
        check_(oracle::checkOf(form.row->section, form.words[0])) {}

  /// False if the table refuses the form after all.
  bool load();
  void run(uint32_t mask);

private:
  void fill();
  void expect(uint32_t mask);
  void compare(uint32_t mask);
  std::string inputs(unsigned thread) const;
  uint64_t source(size_t column, unsigned thread) const;
  uint64_t before(const Column &column, unsigned thread) const;

  const Form &form_;
  TestDevice device_;
  std::vector<Column> sources_, destinations_;
  oracle::Words described_;
  oracle::Check check_;
  std::vector<uint64_t> in_, out_;
  std::vector<std::vector<oracle::Expected>> expected_; ///< column, thread
};

bool FormRunner::load() {
  LoadResult result = Program::load(kernelOf(form_, threads), "form.ptx",
                                    device_.request.profile, device_.memory);
  device_.request.program = result.program;
  return result.status == LoadStatus::Loaded;
}

void FormRunner::fill() {
  size_t words = cellBytes / 8;
  in_.assign((form_.sources().size() + 1) * threads * words, 0);
  for (size_t k = 0; k < sources_.size(); ++k) {
    const Column &column = sources_[k];
    oracle::Operands values(column.operand.type, partOf(form_, column.operand),
                            k + 1);
    for (unsigned t = 0; t < threads; ++t) {
      uint64_t value = values.value(t, static_cast<unsigned>(k));
      // What the register holds above the type must not matter.
      unsigned bits = bitsOf(*parseType(column.operand.type));
      if (column.operand.width > bits && bits < 64)
        value |= ~uint64_t(0x3C) << bits;
      in_[(column.cell * threads + t) * words + column.half] = value;
    }
  }
}

uint64_t FormRunner::source(size_t column, unsigned thread) const {
  const Column &at = sources_[column];
  if (at.operand.immediate)
    return static_cast<uint64_t>(at.operand.value);
  uint64_t value =
      in_[(at.cell * threads + thread) * (cellBytes / 8) + at.half];
  value = lowBits(value, at.operand.width - 64 * at.half);
  return at.operand.negated ? value ^ 1 : value;
}

uint64_t FormRunner::before(const Column &column, unsigned thread) const {
  // Memory and the carry are what they were.
  if (column.operand.name == "memory")
    return source(column.cell, thread);
  if (column.operand.name == "carry")
    return source(sources_.size() - 1, thread);
  return lowBits(sentinel, column.operand.width - 64 * column.half);
}

void FormRunner::expect(uint32_t mask) {
  expected_.assign(destinations_.size(),
                   std::vector<oracle::Expected>(threads));
  for (unsigned warp = 0; warp < threads; warp += oracle::lanes) {
    std::vector<oracle::Row> in(sources_.size() + 4);
    std::vector<oracle::ExpectedRow> out(destinations_.size() + 1);
    for (size_t k = 0; k < sources_.size(); ++k)
      for (unsigned lane = 0; lane < oracle::lanes; ++lane)
        in[k][lane] = source(k, warp + lane);
    if (check_.warp)
      check_.warp(described_, in, mask, out);
    for (unsigned lane = 0; lane < oracle::lanes && check_.lane; ++lane) {
      std::vector<uint64_t> own;
      for (const oracle::Row &row : in)
        own.push_back(row[lane]);
      oracle::Results results = check_.lane(described_, own.data());
      for (size_t d = 0; d < destinations_.size() && d < results.size(); ++d)
        out[d][lane] = results[d];
    }
    for (size_t d = 0; d < destinations_.size(); ++d)
      for (unsigned lane = 0; lane < oracle::lanes; ++lane)
        expected_[d][warp + lane] =
            mask >> lane & 1
                ? extended(out[d][lane], destinations_[d].operand)
                : oracle::Expected(before(destinations_[d], warp + lane));
  }
}

std::string FormRunner::inputs(unsigned thread) const {
  std::ostringstream text;
  text << std::hex;
  for (size_t k = 0; k < sources_.size(); ++k)
    text << " " << sources_[k].operand.name << "=0x" << source(k, thread);
  return text.str();
}

void FormRunner::compare(uint32_t mask) {
  unsigned wrong = 0;
  for (size_t d = 0; d < destinations_.size(); ++d) {
    const Column &column = destinations_[d];
    unsigned width = column.operand.width - 64 * column.half;
    for (unsigned t = 0; t < threads; ++t) {
      uint64_t found = lowBits(
          out_[(column.cell * threads + t) * (cellBytes / 8) + column.half],
          width);
      if (agrees(expected_[d][t], found, std::min(width, 64u)) || wrong++)
        continue;
      ADD_FAILURE() << form_.spelled() << " in lane " << t % 32 << " of mask "
                    << std::hex << mask << ":" << inputs(t) << " gives "
                    << column.operand.name << "=0x" << found << ", not 0x"
                    << lowBits(expected_[d][t].bits, width);
    }
  }
  if (wrong > 1)
    ADD_FAILURE() << form_.spelled() << ": " << wrong << " wrong";
}

void FormRunner::run(uint32_t mask) {
  fill();
  out_.assign((form_.destinations().size() + 1) * threads * (cellBytes / 8),
              sentinel);
  uint64_t in = device_.array(in_), out = device_.array(out_);
  device_.run("k", {1}, {threads}, in, out, mask);
  out_ = device_.fetch<uint64_t>(out, out_.size());
  expect(mask);
  compare(mask);
  device_.memory.free(in);
  device_.memory.free(out);
}

class Instruction : public testing::TestWithParam<size_t> {};

TEST_P(Instruction, DoesWhatTheManualSays) {
  const Section &section = instructionSet()[GetParam()];
  for (size_t r = 0; r < section.count; ++r) {
    Pattern pattern(section.rows[r]);
    oracle::Check check =
        oracle::checkOf(section.rows[r].section, pattern.mnemonic());
    if (!check.lane && !check.warp)
      continue;
    size_t accepted = 0;
    for (const Form &form : formsOf(pattern)) {
      if (form.hasMemory() && form.space().empty())
        continue; // loads of parameters and constants, which tests run on
      FormRunner runner(form);
      if (!runner.load())
        continue;
      ++accepted;
      runner.run(~uint32_t(0));
      runner.run(0x5A3C96F1);
    }
    EXPECT_GT(accepted, 0u) << section.rows[r].syntax;
  }
}

TEST(InstructionTable, SaysOfEachRowHowItIsTested) {
  for (const Section &section : instructionSet())
    for (size_t r = 0; r < section.count; ++r) {
      const Row &row = section.rows[r];
      std::string mnemonic = Pattern(row).mnemonic();
      EXPECT_STRNE(oracle::checkOf(row.section, mnemonic).how, "")
          << row.section << " " << row.syntax;
    }
}

TEST(InstructionTable, IsThePageInDocs) {
  std::string path = "/../../../docs/EmulatorInstructions.md";
  EXPECT_EQ(readTestFile(path), instructionTable())
      << "run `ninja emulator-doc` and copy "
         "build/docs/EmulatedInstructions.md to docs/EmulatorInstructions.md";
}

std::string titleOf(const testing::TestParamInfo<size_t> &info) {
  std::string name;
  for (char letter : std::string(instructionSet()[info.param].title))
    if (std::isalnum(static_cast<unsigned char>(letter)))
      name += letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(EverySection, Instruction,
                         testing::Range<size_t>(0, instructionSet().size()),
                         titleOf);

} // namespace
