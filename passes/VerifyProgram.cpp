//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <limits>

using namespace mlir;

namespace moec {

#define GEN_PASS_DEF_VERIFYPROGRAMPASS
#include "passes/Passes.h.inc"

} // namespace moec

using namespace moec;

/// An error at `op` that names the clause of the contract.
static InFlightDiagnostic violate(Operation *op, StringRef clause) {
  return op->emitOpError("breaks the ") << clause << " clause of a program: ";
}

//===----------------------------------------------------------------------===//
// The model clause
//===----------------------------------------------------------------------===//

namespace {
/// Checks `moe.model`, key by key.
class ModelVerifier {
public:
  explicit ModelVerifier(ModuleOp module)
      : module(module),
        model(module->getAttrOfType<DictionaryAttr>("moe.model")) {}

  LogicalResult verify() {
    if (!model)
      return violate(module, "model")
             << "expected a dictionary moe.model, as in {moe.model = "
                "{max_positions = 4096}}";
    if (!model.get("max_positions"))
      return violate(module, "model")
             << "expected max_positions, as in {max_positions = 4096}, but got "
             << model;
    for (NamedAttribute entry : model)
      if (failed(verifyEntry(entry)))
        return failure();
    return success();
  }

  /// Checks that `bos` and `eos` are tokens.
  LogicalResult verifyTokens(int64_t vocabulary) {
    SmallVector<int64_t> tokens;
    if (auto eos = model.getAs<DenseI64ArrayAttr>("eos"))
      tokens.append(eos.asArrayRef().begin(), eos.asArrayRef().end());
    if (auto bos = model.getAs<IntegerAttr>("bos"); bos && bos.getInt() >= 0)
      tokens.push_back(bos.getInt());
    for (int64_t token : tokens)
      if (token < 0 || token >= vocabulary)
        return violate(module, "model")
               << "expected tokens of 0 to " << vocabulary - 1
               << " as bos and eos, but got " << token;
    return success();
  }

  /// Checks the window of each attention, if the model names one.
  LogicalResult verifyWindows(func::FuncOp step) {
    auto window = model.getAs<IntegerAttr>("window");
    if (!window)
      return success();
    WalkResult result = step.walk([&](decoder::AttentionOp attention) {
      int64_t actual = attention.getWindow().value_or(0);
      if (actual == window.getInt())
        return WalkResult::advance();
      violate(attention, "model") << "expected the model's window of "
                                  << window.getInt() << ", but got " << actual;
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

private:
  LogicalResult verifyEntry(NamedAttribute entry) {
    StringRef key = entry.getName();
    Attribute value = entry.getValue();
    constexpr int64_t most = std::numeric_limits<int32_t>::max();
    if (key == "max_positions")
      return verifyInteger(entry, 1, most);
    if (key == "window")
      return verifyInteger(entry, 0, most);
    if (key == "bos")
      return verifyInteger(entry, -1, most);
    if (key == "architecture" || key == "tokenizer")
      return verifyKind(entry, isa<StringAttr>(value), "a string");
    if (key == "eos")
      return verifyKind(entry, isa<DenseI64ArrayAttr>(value),
                        "an array such as array<i64: 2>");
    return violate(module, "model")
           << "expected no key but max_positions, architecture, window, bos, "
              "eos and tokenizer, but got "
           << key;
  }

  LogicalResult verifyKind(NamedAttribute entry, bool matches,
                           StringRef expected) {
    if (matches)
      return success();
    return violate(module, "model")
           << "expected " << expected << " as " << entry.getName().getValue()
           << ", but got " << entry.getValue();
  }

  LogicalResult verifyInteger(NamedAttribute entry, int64_t least,
                              int64_t most) {
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    bool isI64 = value && value.getType().isInteger(64);
    if (isI64 && value.getInt() >= least && value.getInt() <= most)
      return success();
    return violate(module, "model")
           << "expected an i64 from " << least << " to " << most << " as "
           << entry.getName().getValue() << ", but got " << entry.getValue();
  }

  ModuleOp module;
  DictionaryAttr model;
};
} // namespace

//===----------------------------------------------------------------------===//
// The module and signature clauses
//===----------------------------------------------------------------------===//

static FailureOr<func::FuncOp> findStep(ModuleOp module) {
  func::FuncOp step;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function && !isa<moe::ParameterOp>(op))
      return violate(&op, "module")
             << "expected moe.parameter and one function, @step";
    if (!function)
      continue;
    if (function.getSymName() != "step")
      return violate(function, "module")
             << "expected no function but @step, but got @"
             << function.getSymName();
    step = function;
  }
  if (!step)
    return violate(module, "module")
           << "expected a function @step, but got none";
  return step;
}

/// tensor<?xi32>
static bool isIndexList(Type type) {
  auto list = dyn_cast<RankedTensorType>(type);
  return list && list.getRank() == 1 && list.isDynamicDim(0) &&
         list.getElementType().isInteger(32) && !list.getEncoding();
}

/// tensor<?xVxf32>
static bool isLogits(Type type) {
  auto logits = dyn_cast<RankedTensorType>(type);
  return logits && logits.getRank() == 2 && logits.isDynamicDim(0) &&
         !logits.isDynamicDim(1) && logits.getElementType().isF32() &&
         !logits.getEncoding();
}

static LogicalResult verifySignature(func::FuncOp step) {
  ArrayRef<Type> inputs = step.getArgumentTypes();
  ArrayRef<Type> results = step.getResultTypes();
  if (inputs.size() != 4 || results.size() != 2 || !isIndexList(inputs[0]) ||
      !isIndexList(inputs[1]) || !isa<decoder::BatchType>(inputs[2]) ||
      !isa<decoder::KVCacheType>(inputs[3]) || !isLogits(results[0]) ||
      results[1] != inputs[3])
    return violate(step, "signature")
           << "expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch, "
              "!decoder.kv_cache<...>) -> (tensor<?xVxf32>, "
              "!decoder.kv_cache<...>), but got "
           << step.getFunctionType();
  if (!step.getBody().hasOneBlock())
    return violate(step, "signature")
           << "expected a body of one block, but got "
           << step.getBody().getBlocks().size();
  return success();
}

//===----------------------------------------------------------------------===//
// The clauses on the body
//===----------------------------------------------------------------------===//

static LogicalResult verifyOperations(func::FuncOp step) {
  for (Operation &op : step.getBody().front()) {
    bool isMeaning = isa_and_nonnull<moe::MoEDialect, decoder::DecoderDialect>(
        op.getDialect());
    if (!isMeaning && !isa<exec::PackOp, func::ReturnOp>(op))
      return violate(&op, "operations")
             << "expected operations of moe and decoder, exec.pack and "
                "func.return";
  }
  return success();
}

template <typename Reader>
static LogicalResult verifyReaders(Value input, StringRef name) {
  for (Operation *user : input.getUsers())
    if (!isa<Reader>(user))
      return violate(user, "inputs")
             << "expected the " << name << " to be read by "
             << Reader::getOperationName() << " alone";
  return success();
}

namespace {
/// Follows the cache through the body.
class CacheVerifier {
public:
  explicit CacheVerifier(func::FuncOp step)
      : step(step), newest(step.getArgument(3)),
        layers(cast<decoder::KVCacheType>(newest.getType()).getLayers()) {}

  LogicalResult verify() {
    for (Operation &op : step.getBody().front())
      if (failed(verifyNewest(&op)) || failed(verifyLayer(&op)))
        return failure();
    int64_t count = appended.size();
    if (count != layers)
      return violate(step, "cache") << "expected decoder.append_kv for each of "
                                    << layers << " layers, but got " << count;
    return success();
  }

private:
  LogicalResult verifyNewest(Operation *op) {
    for (Value operand : op->getOperands())
      if (isa<decoder::KVCacheType>(operand.getType()) && operand != newest)
        return violate(op, "cache")
               << "expected the newest cache, but got an older one";
    return success();
  }

  LogicalResult verifyLayer(Operation *op) {
    if (auto append = dyn_cast<decoder::AppendKVOp>(op)) {
      newest = append.getUpdated();
      if (!appended.insert(append.getLayer()).second)
        return violate(op, "cache") << "expected one append to each layer, but "
                                       "got another to layer "
                                    << append.getLayer();
    }
    auto attention = dyn_cast<decoder::AttentionOp>(op);
    if (attention && !appended.contains(attention.getLayer()))
      return violate(op, "cache")
             << "expected layer " << attention.getLayer()
             << " to be appended to before it is attended to";
    return success();
  }

  func::FuncOp step;
  Value newest;
  int64_t layers;
  llvm::SmallDenseSet<int64_t, 64> appended;
};
} // namespace

static LogicalResult verifyProgram(ModuleOp module) {
  ModelVerifier model(module);
  if (failed(model.verify()))
    return failure();
  FailureOr<func::FuncOp> step = findStep(module);
  if (failed(step) || failed(verifySignature(*step)) ||
      failed(verifyOperations(*step)))
    return failure();
  int64_t vocabulary =
      cast<RankedTensorType>(step->getResultTypes()[0]).getDimSize(1);
  if (failed(model.verifyTokens(vocabulary)) ||
      failed(model.verifyWindows(*step)))
    return failure();
  if (failed(verifyReaders<decoder::EmbedOp>(step->getArgument(0), "tokens")) ||
      failed(
          verifyReaders<decoder::SelectRowsOp>(step->getArgument(1), "rows")))
    return failure();
  return CacheVerifier(*step).verify();
}

namespace {
struct VerifyProgramPass
    : moec::impl::VerifyProgramPassBase<VerifyProgramPass> {
  void runOnOperation() override {
    if (failed(verifyProgram(getOperation())))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
