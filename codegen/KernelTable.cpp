//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/KernelTable.h"

#include "codegen/KernelBuilder.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string join(ArrayRef<int64_t> sizes) {
  return llvm::join(
      llvm::map_range(sizes, [](int64_t size) { return std::to_string(size); }),
      "x");
}

static std::string spell(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static int64_t columns(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

/// "64x48_bf16"
static std::string describeTensor(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return join(type.getShape()) + "_" + spell(type.getElementType());
}

/// "8x128_bf16": heads, head dimension and element.
static std::string describeCache(decoder::KVCacheType cache) {
  return join({cache.getHeads(), cache.getHeadDim()}) + "_" +
         spell(cache.getElement());
}

static std::string describePlan(moe::PlanType plan) {
  return std::to_string(plan.getChoices()) + "of" +
         std::to_string(plan.getExperts());
}

/// The sizes that tell operations of one name apart.
static std::string describeSizes(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case<decoder::LinearOp, moe::RouterOp, moe::GroupedLinearOp>(
          [](auto product) { return describeTensor(product.getWeight()); })
      .Case([](decoder::EmbedOp embed) {
        return describeTensor(embed.getTable());
      })
      .Case([](decoder::RopeOp rope) {
        int64_t size = rope.getHeadDim();
        return join({columns(rope.getX()) / size, size});
      })
      .Case([](decoder::AppendKVOp append) {
        return describeCache(append.getCache().getType());
      })
      .Case([](decoder::AttentionOp attention) {
        auto cache = attention.getCache().getType();
        int64_t heads = columns(attention.getQueries()) / cache.getHeadDim();
        std::string sizes = std::to_string(heads) + "x" + describeCache(cache);
        if (auto window = attention.getWindow())
          sizes += "_window" + std::to_string(*window);
        return sizes;
      })
      .Case<moe::TopKOp, decoder::PartTopOp, decoder::MergeTopOp>(
          [](auto best) {
            return std::to_string(best.getK()) + "of" +
                   std::to_string(columns(best.getLogits()));
          })
      .Case([](moe::DispatchOp dispatch) {
        return describePlan(dispatch.getPlan().getType());
      })
      .Case([](exec::PackOp pack) {
        auto source = cast<RankedTensorType>(pack.getSource().getType());
        return std::string(pack.getPlan() ? "groups_" : "rows_") +
               std::to_string(source.getShape().back()) + "_" +
               spell(source.getElementType());
      })
      .Default([](Operation *op) {
        auto type = cast<RankedTensorType>(op->getResult(0).getType());
        return std::to_string(type.getShape().back()) + "_" +
               spell(type.getElementType());
      });
}

/// "gate-up_64x48_bf16": named by its first operation on a weight, which tells
/// groups of a model apart better than what they yield.
static std::string describeGroup(exec::GroupOp group) {
  std::string name = group.getName().str();
  std::replace(name.begin(), name.end(), '-', '_');
  for (Operation &op : group.getBody().front())
    if (isa<decoder::LinearOp, moe::GroupedLinearOp, moe::RouterOp>(op))
      return name + "_" + describeSizes(&op);
  return name + "_" + describeSizes(&group.getBody().front().front());
}

std::string moec::describeKernel(Operation *op) {
  if (auto group = dyn_cast<exec::GroupOp>(op))
    return describeGroup(group);
  return op->getName().stripDialect().str() + "_" + describeSizes(op);
}

//===----------------------------------------------------------------------===//
// Sharing
//===----------------------------------------------------------------------===//

/// The type inside a kernel: the cache of one layer in place of all.
static Type kernelType(Type type) {
  auto cache = dyn_cast<decoder::KVCacheType>(type);
  if (!cache)
    return type;
  return decoder::KVCacheType::get(type.getContext(), /*layers=*/1,
                                   cache.getHeads(), cache.getHeadDim(),
                                   cache.getElement());
}

/// Makes the operation one of a kernel, where there is one layer.
static void dropLayer(Operation *op) {
  for (Value result : op->getResults())
    result.setType(kernelType(result.getType()));
  llvm::TypeSwitch<Operation *>(op)
      .Case<decoder::AppendKVOp, decoder::AttentionOp>(
          [](auto layered) { layered.setLayer(0); });
}

/// Copies the operations of a group; the arguments of `body` are its operands.
static void copyGroup(exec::GroupOp group, Block &body, OpBuilder &builder) {
  Block &source = group.getBody().front();
  IRMapping copies;
  copies.map(source.getArguments(), body.getArguments());
  for (Operation &op : source)
    dropLayer(builder.clone(op, copies));
}

/// A kernel, in no module yet, that computes a copy of `op`.
static exec::KernelOp buildKernel(Operation *op) {
  OpBuilder builder(op->getContext());
  auto kernel =
      exec::KernelOp::create(builder, op->getLoc(), describeKernel(op));
  Block &body = kernel.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  // An operand that is read twice is one argument each time, as in the launch.
  for (Value operand : op->getOperands())
    body.addArgument(kernelType(operand.getType()), op->getLoc());
  if (auto group = dyn_cast<exec::GroupOp>(op)) {
    kernel.setFusionAttr(group.getNameAttr());
    copyGroup(group, body, builder);
    return kernel;
  }
  Operation *copy = builder.clone(*op);
  copy->setOperands(body.getArguments());
  dropLayer(copy);
  exec::YieldOp::create(builder, op->getLoc(), copy->getResults());
  return kernel;
}

/// Tells apart the kernels of regimes whose builder does.
static void limitTokens(exec::KernelOp kernel, int64_t maxTokens,
                        Machine machine) {
  Block &region = kernel.getBody().front();
  const KernelBuilder *builder = lookupKernelBuilder(region, machine);
  if (!builder || !builder->dependsOnTokens ||
      !builder->dependsOnTokens(region))
    return;
  kernel.setMaxTokens(maxTokens);
  kernel.setSymName(
      (kernel.getSymName() + "_upto" + llvm::Twine(maxTokens)).str());
}

exec::KernelOp KernelTable::get(Operation *op, int64_t maxTokens) {
  exec::KernelOp candidate = buildKernel(op);
  limitTokens(candidate, maxTokens, machine);
  for (exec::KernelOp kernel : kernels) {
    if (kernel.getMaxTokensAttr() != candidate.getMaxTokensAttr() ||
        !OperationEquivalence::isRegionEquivalentTo(
            &kernel.getBody(), &candidate.getBody(),
            OperationEquivalence::IgnoreLocations))
      continue;
    candidate.erase();
    return kernel;
  }
  std::string name = candidate.getSymName().str();
  for (int number = 2; symbols.lookup(candidate.getSymName()); ++number)
    candidate.setSymName(name + "_" + std::to_string(number));
  symbols.insert(candidate);
  kernels.push_back(candidate);
  return candidate;
}
