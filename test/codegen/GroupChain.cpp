//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/GroupChain.h"

#include <cctype>

using namespace moec::test;

std::string moec::test::rowsOf(int64_t width, Element element) {
  return "tensor<?x" + std::to_string(width) + "x" + spell(element) + ">";
}
std::string moec::test::vectorOf(int64_t size, Element element) {
  return "tensor<" + std::to_string(size) + "x" + spell(element) + ">";
}

static std::string joined(const std::vector<std::string> &parts) {
  std::string all;
  for (const std::string &part : parts)
    all += (all.empty() ? "" : ", ") + part;
  return all;
}

std::string KernelText::text() const {
  std::vector<std::string> arguments, names, types;
  for (const auto &[name, type] : operands)
    arguments.push_back(name + ": " + type);
  for (const auto &[name, type] : results) {
    names.push_back(name);
    types.push_back(type);
  }
  return "exec.kernel @k {\n^bb0(" + joined(arguments) + "):\n" + operations +
         "  exec.yield " + joined(names) + " : " + joined(types) + "\n}\n";
}

EveryTarget::EveryTarget(const std::string &module, Machines machines,
                         Order order) {
  if (machines == Machines::All)
    gpu.emplace(module, gpuTarget);
  for (const std::string &target : runnableTargets(order))
    kernels.emplace_back(target,
                         std::make_unique<LoadedKernel>(module, target));
}

std::string moec::test::withTypes(
    std::string text,
    const std::function<std::string(const std::string &)> &typeOf) {
  for (size_t at; (at = text.find('$')) != std::string::npos;) {
    size_t end = at + 1;
    while (end < text.size() && std::isalnum(text[end]))
      ++end;
    text.replace(at, end - at, typeOf(text.substr(at + 1, end - at - 1)));
  }
  return text;
}

std::vector<void *>
moec::test::pointers(const std::vector<Argument> &arguments) {
  std::vector<void *> all;
  for (const Argument &argument : arguments)
    all.push_back(argument.data);
  return all;
}

void EveryTarget::fillWithNaN(const std::vector<Argument> &arguments) {
  for (const Argument &argument : arguments)
    std::memset(argument.data, 0xff, argument.writtenBytes);
}

int32_t EveryTarget::runOnce(const LoadedKernel &kernel,
                             const std::vector<Argument> &arguments,
                             int64_t rows, int64_t cut) {
  fillWithNaN(arguments);
  return kernel.runInRanges(pointers(arguments), rows, cut);
}

int32_t moec::test::runWhole(const LoadedKernel &kernel,
                             const std::vector<Argument> &arguments,
                             int64_t rows) {
  return kernel.run(pointers(arguments), rows, 0, kernel.tasks(rows));
}

bool moec::test::sameBits(TestTensor &a, TestTensor &b) {
  return a.bytes() == b.bytes() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}
