//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuChain.h"

#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>

using namespace moec::test;

TestTensor moec::test::nothing(Element element, int64_t size) {
  return TestTensor(element, size).fill(element == Element::I32 ? -1 : NAN);
}

TestTensor moec::test::random(Element element, int64_t size, unsigned seed) {
  return TestTensor(element, size).randomize(seed);
}

std::string moec::test::matrixOf(const std::vector<int64_t> &sizes,
                                 Element element) {
  std::string text = "tensor<";
  for (int64_t size : sizes)
    text += std::to_string(size) + "x";
  return text + spell(element) + ">";
}

std::string moec::test::limited(std::string text, int64_t maxTokens) {
  if (maxTokens)
    text.insert(text.find(" {"), " attributes {max_tokens = " +
                                     std::to_string(maxTokens) + " : i64}");
  return text;
}

// Tensor cores take bf16 with whole chunks of 8, each loop for its regime.
const std::vector<ProductCase> moec::test::productCases = {
    {"f32", Element::F32, 0, 46, 75},
    {"f16", Element::F16, 0, 46, 75},
    {"bf16", Element::BF16, 0, 46, 75},
    {"bf16_upto8", Element::BF16, 8, 72, 136},
    {"bf16_upto16", Element::BF16, 16, 320, 40},
    {"bf16_upto64", Element::BF16, 64, 72, 136},
    {"bf16_upto512", Element::BF16, 512, 136, 72},
    {"bf16_wgmma", Element::BF16, 512, 136, 72, "sm_90a"},
};

std::vector<int64_t> ProductCase::tokens() const {
  if (maxTokens && maxTokens <= 16)
    return {1, 3, maxTokens};
  return {1, maxTokens == 64 ? 64 : 70};
}

TestTensor &GpuChain::input(const std::string &name, const std::string &type,
                            TestTensor tensor) {
  values.insert({name, {type, std::move(tensor)}});
  return values.at(name).tensor;
}

void GpuChain::batch(moert_batch &batch) {
  values.insert(
      {"batch", {"!decoder.batch", TestTensor(Element::I32, 0), &batch}});
}

void GpuChain::result(const std::string &name, const std::string &type,
                      TestTensor tensor) {
  values.insert({name, {type, std::move(tensor)}});
}

void GpuChain::step(const std::string &text, const Names &operands,
                    const Names &results, int64_t rows) {
  steps.push_back({text, operands, results, rows});
}

std::string GpuChain::kernel(const std::string &operations,
                             const Names &operands,
                             const Names &results) const {
  KernelText text;
  for (const std::string &name : operands)
    text.operands.push_back({"%" + name, values.at(name).type});
  text.operations = withTypes(operations, [&](const std::string &name) {
    return values.at(name).type;
  });
  for (const std::string &name : results)
    text.results.push_back({"%" + name, values.at(name).type});
  return limited(text.text(), maxTokens);
}

std::string GpuChain::group(const Names &operands, const Names &results) const {
  std::string operations;
  for (const Step &step : steps)
    operations += "  " + step.text + "\n";
  return kernel(operations, operands, results);
}

std::vector<Argument> GpuChain::arguments(const Names &operands,
                                          const Names &results) {
  std::vector<Argument> all;
  for (const std::string &name : operands) {
    Value &value = values.at(name);
    all.push_back(value.batch ? reads(*value.batch) : reads(value.tensor));
  }
  for (const std::string &name : results)
    all.push_back(writes(values.at(name).tensor));
  return all;
}

void GpuChain::runSteps() {
  for (const Step &step : steps) {
    GpuKernel alone(
        kernel("  " + step.text + "\n", step.operands, step.results), target);
    alone.run(arguments(step.operands, step.results), step.rows);
  }
}

void GpuChain::expectSameGroup(const Names &operands, const Names &results,
                               int64_t rows) {
  std::vector<Argument> all = arguments(operands, results);
  std::vector<std::string> fresh = takeSnapshot(all);
  runSteps();
  std::vector<std::string> expected = takeSnapshot(all);
  restore(all, fresh);
  expectSameOnGpu(group(operands, results), all, rows, expected, 0, target);
}

GpuChain moec::test::linearChain(int64_t n, int64_t k, int64_t rows,
                                 int64_t tokens) {
  Element element = tokens ? Element::BF16 : Element::F32;
  GpuChain chain(tokens);
  chain.input("x", rowsOf(k, element), random(element, rows * k, 1));
  chain.input("w", matrixOf({n, k}, element), random(element, n * k, 2));
  chain.result("y", rowsOf(n, Element::F32), nothing(Element::F32, rows * n));
  chain.step("%y = decoder.linear %x, %w : $x, $w -> $y", {"x", "w"}, {"y"},
             rows);
  return chain;
}
