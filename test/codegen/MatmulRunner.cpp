//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/MatmulRunner.h"

#include "test/codegen/AmxEmulator.h"

#include "codegen/x86/CompileKernels.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace moec;
using namespace moec::test;

[[noreturn]] static void die(const std::string &why) {
  llvm::errs() << why << "\n";
  std::exit(1);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static std::string compile(const std::string &text,
                           const std::string &targetName, int64_t maxRows) {
  Target target = llvm::cantFail(lookupTarget(targetName));
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect, moe::MoEDialect,
                      decoder::DecoderDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    die("cannot parse " + text);
  auto code =
      compileKernels(*module, {target, maxRows}, CodeForm::SharedObject);
  if (!code)
    die(llvm::toString(code.takeError()));
  return *code;
}

KernelLibrary::KernelLibrary(const std::string &text, const std::string &target,
                             int64_t maxRows)
    : KernelLibrary(compile(text, target, maxRows)) {}

KernelLibrary::KernelLibrary(const std::string &code) {
  // Stays open: dlopen takes a path that it has seen for the same library.
  file = memfd_create("kernels", MFD_CLOEXEC);
  if (write(file, code.data(), code.size()) != ssize_t(code.size()))
    die("cannot write the shared object");
  std::string path = "/proc/self/fd/" + std::to_string(file);
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    die(dlerror());
}

KernelLibrary::~KernelLibrary() {
  dlclose(handle);
  close(file);
}

moert_kernel KernelLibrary::get(const std::string &name) const {
  void *symbol = dlsym(handle, name.c_str());
  if (!symbol)
    die("no kernel " + name);
  return reinterpret_cast<moert_kernel>(symbol);
}

void test::launch(moert_kernel kernel, const std::vector<void *> &arguments,
                  int64_t rows, std::pair<int64_t, int64_t> tasks) {
  int32_t status = MOERT_KERNEL_OK;
  moert_launch launch = {arguments.data(), rows, &status, nullptr, nullptr};
  static TestTensor scratch(Element::F32, 1 << 18);
  makeAmxRunnable();
  kernel(&launch, tasks.first, tasks.second, scratch.data());
  if (status != MOERT_KERNEL_OK)
    die("a matrix kernel reported status " + std::to_string(status));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Matrix::Matrix(Element element, int64_t rows, int64_t columns, unsigned seed)
    : elements(element, rows * columns), rows(rows), columns(columns) {
  elements.randomize(seed);
  for (int64_t i = 0; i < rows * columns; ++i)
    values.push_back(float(elements.get(i)));
}

TestTensor test::packPanels(const Matrix &weights, int64_t experts) {
  Element element = weights.elements.element();
  int64_t n = weights.rows / experts, unit = unitOf(element);
  int64_t panels = (n + 31) / 32, k = padded(weights.columns, element);
  TestTensor packed(element, experts * panels * 32 * k);
  packed.fill(0);
  for (int64_t row = 0; row < weights.rows; ++row)
    for (int64_t c = 0; c < weights.columns; ++c) {
      int64_t panel = row / n * panels + row % n / 32;
      int64_t place = (panel * (k / unit) + c / unit) * 32 + row % n % 32;
      packed.set(place * unit + c % unit, weights.at(row, c));
    }
  return packed;
}

/// Pairs of k in a tile, even and odd ones apart, then to what was there.
static float tiles(const Matrix &x, int64_t row, const Matrix &w,
                   int64_t column) {
  constexpr int64_t depth = 32;
  float sum = 0;
  for (int64_t from = 0; from < x.columns; from += depth) {
    float halves[2] = {0, 0};
    for (int64_t k = from; k < std::min(from + depth, x.columns); ++k)
      halves[k % 2] = std::fma(x.at(row, k), w.at(column, k), halves[k % 2]);
    sum += halves[0] + halves[1];
  }
  return sum;
}

float test::chain(const Matrix &x, int64_t row, const Matrix &w, int64_t column,
                  Order order) {
  if (order == Order::Tiles)
    return tiles(x, row, w, column);
  auto product = [&](int64_t k, float sum) {
    bool inside = k < x.columns;
    return std::fma(inside ? w.at(column, k) : 0.0f,
                    inside ? x.at(row, k) : 0.0f, sum);
  };
  int64_t unit = unitOf(w.elements.element());
  float sum = 0;
  for (int64_t k = 0; k < padded(x.columns, w.elements.element()); k += unit)
    for (int64_t u = unit; u-- > 0;)
      sum = product(k + u, sum);
  return sum;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string tensor(const std::string &shape, Element element,
                          const std::string &layout = "") {
  return "tensor<" + shape + "x" + spell(element) +
         (layout.empty() ? "" : ", " + layout) + ">";
}

static std::string kernel(const std::string &name, const std::string &arguments,
                          const std::string &op, const std::string &result) {
  return "exec.kernel @" + name + " {\n^bb0(" + arguments + "):\n  %r = " + op +
         "\n  exec.yield %r : " + result + "\n}\n";
}

std::string MatmulText::rowType() const {
  return tensor("?x" + std::to_string(k), activationOf(weight));
}
std::string MatmulText::packedType() const {
  return tensor("?x" + std::to_string(k), activationOf(weight),
                "#exec.row_blocks<12, 256, " + std::to_string(depthOf(weight)) +
                    ">");
}
std::string MatmulText::panelType(int64_t experts) const {
  std::string shape = std::to_string(n) + "x" + std::to_string(k);
  if (experts)
    shape = std::to_string(experts) + "x" + shape;
  return tensor(shape, weight,
                "#exec.panels<32, " + std::to_string(depthOf(weight)) + ", " +
                    std::to_string(unitOf(weight)) + ">");
}

std::string MatmulText::resultType() const {
  return tensor("?x" + std::to_string(n), Element::F32);
}

static std::string planType(int64_t experts) {
  return "!moe.plan<" + std::to_string(experts) + ", 1>";
}

/// The operand of a bias, and the type of it.
static std::string biasOperand(const std::string &type) {
  return type.empty() ? "" : " bias %b : " + type;
}
static std::string biasArgument(const std::string &type) {
  return type.empty() ? "" : ", %b: " + type;
}
static std::string withElement(const std::string &name,
                               const std::string &element) {
  return element.empty() ? name : name + "_" + element;
}

std::string MatmulText::pack(int64_t experts) const {
  std::string name = "pack", arguments = "%x: " + rowType(), groups;
  if (experts) {
    name = "pack_groups";
    arguments += ", %plan: " + planType(experts);
    groups = " groups(%plan : " + planType(experts) + ")";
  }
  return kernel(name + suffix(), arguments,
                "exec.pack %x" + groups + " : " + rowType() + " -> " +
                    packedType(),
                packedType());
}

std::string MatmulText::linear() const {
  return kernel("linear" + suffix(),
                "%x: " + operandType() + ", %w: " + panelType(0),
                "decoder.linear %x, %w : " + operandType() + ", " +
                    panelType(0) + " -> " + resultType(),
                resultType());
}

std::string MatmulText::router(const std::string &bias) const {
  std::string type =
      bias.empty() ? "" : "tensor<" + std::to_string(n) + "x" + bias + ">";
  return kernel(withElement("router", bias) + suffix(),
                "%x: " + packedType() + ", %w: " + panelType(0) +
                    biasArgument(type),
                "moe.router %x, %w" + biasOperand(type) + " : " + packedType() +
                    ", " + panelType(0) + " -> " + resultType(),
                resultType());
}

std::string MatmulText::grouped(int64_t experts,
                                const std::string &bias) const {
  std::string type = bias.empty() ? ""
                                  : "tensor<" + std::to_string(experts) + "x" +
                                        std::to_string(n) + "x" + bias + ">";
  return kernel(withElement("grouped", bias) + suffix(),
                "%x: " + operandType() + ", %w: " + panelType(experts) +
                    ", %plan: " + planType(experts) + biasArgument(type),
                "moe.grouped_linear %x, %w, %plan" + biasOperand(type) + " : " +
                    operandType() + ", " + panelType(experts) + ", " +
                    planType(experts) + " -> " + resultType(),
                resultType());
}
