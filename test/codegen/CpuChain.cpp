//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/CpuChain.h"

#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// Values and operations
//===----------------------------------------------------------------------===//

static void fillWithBits(TestTensor &tensor) {
  std::memset(tensor.data(), 0xff, tensor.bytes());
}

TestTensor &CpuChain::value(const std::string &name, const std::string &type,
                            TestTensor tensor) {
  auto shared = std::make_shared<TestTensor>(std::move(tensor));
  values[name] = {type, shared};
  return *shared;
}

TestTensor &CpuChain::randomRows(const std::string &name, Element element,
                                 int64_t width) {
  rows(name, element, width);
  return (*this)[name].randomize(unsigned(values.size()));
}

void CpuChain::rows(const std::string &name, Element element, int64_t width,
                    int64_t perToken) {
  value(name, rowsOf(width, element),
        TestTensor(element, mostTokens * perToken * width));
}

void CpuChain::sameMemory(const std::string &name, const std::string &as) {
  values[name] = values.at(as);
}

void CpuChain::batch(moert_batch &batch) {
  values["batch"] = {"!decoder.batch", nullptr, &batch};
}

void CpuChain::alone(const std::string &text, const Names &operands,
                     const Names &results, int64_t rows) {
  steps.push_back({"  " + text + "\n",
                   operands,
                   results,
                   rows,
                   {Order::Chain, Order::Tiles}});
}

void CpuChain::alone(Order order, const std::string &text,
                     const Names &operands, const Names &results,
                     int64_t rows) {
  steps.push_back({"  " + text + "\n", operands, results, rows, {order}});
}

void CpuChain::step(const std::string &text, const Names &operands,
                    const Names &results, int64_t rows) {
  alone(text, operands, results, rows);
  grouped(text);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The rows of %x are packed once, as %xp.
void CpuChain::product(const std::string &name, const std::string &operation,
                       const std::string &x, Matrix weights, int64_t experts,
                       const MatmulText &shape, int64_t rows) {
  std::string w = "w" + name, packed = x + "p";
  value(w, shape.panelType(experts),
        packPanels(weights, std::max<int64_t>(experts, 1)));
  this->rows(name, Element::F32, shape.n, rows);
  Names plan = experts ? Names{"plan"} : Names{};
  if (!values.count(packed)) {
    value(packed, shape.packedType(),
          TestTensor(activationOf(shape.weight),
                     mostTokens * rows * padded(shape.k, shape.weight)));
    Names operands = {x};
    operands.insert(operands.end(), plan.begin(), plan.end());
    alone(Order::Chain,
          "%" + packed + " = exec.pack %" + x +
              (experts ? " groups(%plan : $plan) : $" : " : $") + x + " -> $" +
              packed,
          operands, {packed}, rows);
  }
  auto text = [&](const std::string &x) {
    return "%" + name + " = " + operation + " %" + x + ", %" + w +
           (experts ? ", %plan" : "") + " : $" + x + ", $" + w +
           (experts ? ", $plan" : "") + " -> $" + name;
  };
  for (Order order : ordersOf(shape.weight)) {
    Names operands = {order == Order::Tiles ? x : packed, w};
    operands.insert(operands.end(), plan.begin(), plan.end());
    alone(order, text(operands[0]), operands, {name}, rows);
    usesTiles |= order == Order::Tiles;
  }
  grouped(text(x));
}

void CpuChain::linear(const std::string &name, const std::string &x,
                      const MatmulText &shape) {
  product(name, "decoder.linear", x,
          Matrix(shape.weight, shape.n, shape.k, unsigned(values.size())), 0,
          shape, 1);
}

void CpuChain::expertLinear(const std::string &name, const std::string &x,
                            int64_t experts, const MatmulText &shape,
                            int64_t rows) {
  product(
      name, "moe.grouped_linear", x,
      Matrix(shape.weight, experts * shape.n, shape.k, unsigned(values.size())),
      experts, shape, rows);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

std::string CpuChain::kernel(const std::string &operations,
                             const Names &operands,
                             const Names &results) const {
  KernelText text;
  for (const std::string &name : operands)
    text.operands.push_back({"%" + name, values.at(name).type});
  for (const std::string &name : results)
    text.results.push_back({"%" + name, values.at(name).type});
  text.operations = withTypes(operations, [&](const std::string &name) {
    return values.at(name).type;
  });
  return text.text();
}

std::vector<Argument> CpuChain::arguments(const Names &operands,
                                          const Names &results) {
  std::vector<Argument> all;
  for (const std::string &name : operands) {
    Value &value = values.at(name);
    all.push_back(value.batch ? reads(*value.batch) : reads(*value.tensor));
  }
  for (const std::string &name : results)
    all.push_back(writes(*values.at(name).tensor));
  return all;
}

void CpuChain::compileFor(Order order) {
  std::vector<std::string> targets = runnableTargets(order);
  if (targets.empty())
    return;
  Code code = {order, {}, nullptr};
  for (const Step &step : steps)
    code.steps.push_back(
        llvm::is_contained(step.orders, order)
            ? std::make_unique<LoadedKernel>(
                  kernel(step.text, step.operands, step.results),
                  targets.front())
            : nullptr);
  code.fused = std::make_unique<EveryTarget>(kernel(group, operands, results),
                                             Machines::Cpus, order);
  codes.push_back(std::move(code));
}

void CpuChain::compile(const Names &operands, const Names &results) {
  this->operands = operands;
  this->results = results;
  compileFor(Order::Chain);
  if (usesTiles)
    compileFor(Order::Tiles);
}

/// Returns the last status that is no success.
int32_t CpuChain::runSteps(const Code &code, int64_t tokens) {
  for (const Step &step : steps)
    for (const std::string &name : step.results)
      fillWithBits(*values.at(name).tensor);
  int32_t status = MOERT_KERNEL_OK;
  for (auto [step, kernel] : llvm::zip(steps, code.steps))
    if (kernel)
      if (int32_t own =
              runWhole(*kernel, arguments(step.operands, step.results),
                       step.rows * tokens))
        status = own;
  return status;
}

int32_t CpuChain::expectSameBits(const Code &code, int64_t tokens) {
  std::vector<Argument> all = arguments(operands, results);
  int32_t expectedStatus = runSteps(code, tokens);
  std::vector<std::string> expected = takeSnapshot(all);
  auto check = [&](const std::string &what, int32_t status) {
    std::string where = what + ", " + std::to_string(tokens) + " tokens";
    EXPECT_EQ(status, expectedStatus) << where;
    std::vector<std::string> got = takeSnapshot(all);
    for (size_t i = 0; i < results.size(); ++i)
      EXPECT_TRUE(got[operands.size() + i] == expected[operands.size() + i])
          << where << ": %" << results[i];
  };
  code.fused->run(all, tokens, check);
  code.fused->runOnThreads(all, tokens, check);
  return expectedStatus;
}

int32_t CpuChain::expectSameBits(int64_t tokens) {
  int32_t first = expectSameBits(codes.front(), tokens);
  for (size_t i = 1; i < codes.size(); ++i)
    EXPECT_EQ(expectSameBits(codes[i], tokens), first);
  return first;
}
