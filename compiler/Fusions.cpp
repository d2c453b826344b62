//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/Fusions.h"

#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moec;

/// The options of a fusion pass: each has a struct of its own with these.
template <typename Options> static Options toOptions(FusionCost cost) {
  Options options;
  options.bytesPerSecond = cost.bytesPerSecond;
  options.flopsPerSecond = cost.flopsPerSecond;
  options.launchSeconds = cost.launchSeconds;
  options.onChipBytes = cost.onChipBytes;
  return options;
}

// Larger groups go first: what they leave is for the smaller ones. Then come
// those that join groups.
static const Fusion fusions[] = {
    {"router", "rms_norm, router, top_k and dispatch",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(
           createFuseRouterPass(toOptions<FuseRouterPassOptions>(cost)));
     }},
    {"gate-up", "permute, two products and swiglu",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseGateUpPass(toOptions<FuseGateUpPassOptions>(cost)));
     }},
    {"down-combine", "grouped_linear, combine and add",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseDownCombinePass(toOptions<FuseDownCombinePassOptions>(cost)));
     }},
    {"output-residual", "linear and add",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseOutputResidualPass(toOptions<FuseOutputResidualPassOptions>(cost)));
     }},
    {"qkv", "products of the same activations",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseQKVPass(toOptions<FuseQKVPassOptions>(cost)));
     }},
    {"rope-append", "rope of queries and keys, and append_kv",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseRopeAppendPass(
           toOptions<FuseRopeAppendPassOptions>(cost)));
     }},
    {"head-top", "linear and part_top",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(
           createFuseHeadTopPass(toOptions<FuseHeadTopPassOptions>(cost)));
     }},
    {"qkv-cache", "the products of qkv, and rope-append of their sums",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(
           createFuseQKVCachePass(toOptions<FuseQKVCachePassOptions>(cost)));
     }},
    {"norm-products", "rms_norm and the group of products that reads it",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseNormProductsPass(
           toOptions<FuseNormProductsPassOptions>(cost)));
     }},
    {"routed-gate-up", "router and gate-up",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseRoutedGateUpPass(
           toOptions<FuseRoutedGateUpPassOptions>(cost)));
     }},
    {"residual-norm", "add and rms_norm",
     [](OpPassManager &passes, FusionCost cost) {
       passes.addPass(createFuseResidualNormPass(
           toOptions<FuseResidualNormPassOptions>(cost)));
     }},
};

llvm::ArrayRef<Fusion> moec::allFusions() { return fusions; }

bool FusionChoice::isOn(llvm::StringRef fusion) const {
  return !llvm::is_contained(disabled, fusion) &&
         !llvm::is_contained(disabled, "all");
}

void moec::addFusionPasses(OpPassManager &passes, const FusionChoice &choice,
                           FusionCost cost) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  for (const Fusion &fusion : allFusions())
    if (choice.isOn(fusion.name))
      fusion.addPass(functions, cost);
  if (choice.required.empty())
    return;
  RequireFusionsPassOptions options;
  options.fusions.assign(choice.required.begin(), choice.required.end());
  passes.addPass(createRequireFusionsPass(options));
}

FusionCost moec::costOf(const Target &target) {
  FusionCost cost;
  cost.bytesPerSecond = target.memoryBytesPerSecond;
  cost.flopsPerSecond =
      target.coreFlopsPerSecond * static_cast<double>(target.cores);
  cost.launchSeconds = target.launchSeconds;
  cost.onChipBytes = target.coreCacheBytes;
  return cost;
}
