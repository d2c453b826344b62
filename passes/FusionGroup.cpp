//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"
#include "passes/FusionRecord.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace moec;

/// Of a step whose function does not say.
static constexpr int64_t defaultMaxTokens = 512;

//===----------------------------------------------------------------------===//
// Looking into groups
//===----------------------------------------------------------------------===//

Operation *moec::unitOf(Operation *op) {
  auto group = dyn_cast_if_present<exec::GroupOp>(op->getParentOp());
  return group ? group.getOperation() : op;
}

Value moec::outside(Value value) {
  auto group =
      dyn_cast_if_present<exec::GroupOp>(value.getParentBlock()->getParentOp());
  if (!group)
    return value;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return group.getInputs()[argument.getArgNumber()];
  auto yielded = group.getBody().front().getTerminator()->getOperands();
  for (auto [inner, result] : llvm::zip(yielded, group.getOutputs()))
    if (inner == value)
      return result;
  return {};
}

Operation *moec::sourceOf(Value value) {
  if (isa<BlockArgument>(value)) {
    Value outer = outside(value);
    return outer == value ? nullptr : sourceOf(outer);
  }
  auto group = value.getDefiningOp<exec::GroupOp>();
  if (!group)
    return value.getDefiningOp();
  auto result = cast<OpResult>(value);
  return group.getBody()
      .front()
      .getTerminator()
      ->getOperand(result.getResultNumber())
      .getDefiningOp();
}

decoder::RopeOp moec::queriesAfter(decoder::AppendKVOp append) {
  Value updated = outside(append.getUpdated());
  if (!updated)
    return {};
  for (Operation *user : updated.getUsers())
    if (auto attention = dyn_cast<decoder::AttentionOp>(user))
      if (auto rope = source<decoder::RopeOp>(attention.getQueries()))
        return rope;
  return {};
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Rows that a value has for each token of the step.
static int64_t rowsPerToken(Value value) {
  Operation *op = sourceOf(value);
  if (auto permute = dyn_cast_if_present<moe::PermuteOp>(op))
    return permute.getPlan().getType().getChoices();
  if (auto linear = dyn_cast_if_present<moe::GroupedLinearOp>(op))
    return linear.getPlan().getType().getChoices();
  if (auto swiglu = dyn_cast_if_present<decoder::SwigluOp>(op))
    return rowsPerToken(swiglu.getGate());
  return 1;
}

/// Bytes of a value in a step of `tokens`; 0 of what is no tensor.
static double bytesOf(Value value, int64_t tokens) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.isDynamicDim(0))
    return 0;
  double bytes = type.getElementTypeBitWidth() / 8.0;
  for (int64_t size : type.getShape().drop_front())
    bytes *= static_cast<double>(size);
  return bytes * static_cast<double>(tokens * rowsPerToken(value));
}

int64_t Fuser::maxTokens() {
  auto tokens = step->getAttrOfType<IntegerAttr>(moe::maxTokensAttributeName);
  return tokens ? tokens.getInt() : defaultMaxTokens;
}

//===----------------------------------------------------------------------===//
// Legality and cost
//===----------------------------------------------------------------------===//

static bool contains(const FusionCandidate &candidate, Operation *op) {
  return llvm::is_contained(candidate.members, op);
}

/// What members read of others, and what others read of them.
static SmallVector<Value> inputsOf(const FusionCandidate &candidate) {
  llvm::SetVector<Value> inputs;
  for (Operation *op : candidate.members)
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp() ||
          !contains(candidate, operand.getDefiningOp()))
        inputs.insert(operand);
  return inputs.takeVector();
}

/// Also what is shared, since that goes through memory.
static SmallVector<Value> outputsOf(const FusionCandidate &candidate) {
  SmallVector<Value> outputs;
  for (Operation *op : candidate.members)
    for (Value result : op->getResults())
      if (llvm::is_contained(candidate.shared, result) ||
          llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !contains(candidate, user);
          }))
        outputs.push_back(result);
  return outputs;
}

/// The last operation that must run before the group; null if none must.
/// Reading a parameter is no computation: it can be moved.
static Operation *lastInput(const FusionCandidate &candidate) {
  Operation *last = nullptr;
  for (Value input : inputsOf(candidate)) {
    Operation *op = input.getDefiningOp();
    if (!op || isa<moe::ReadParameterOp>(op))
      continue;
    if (!last || last->isBeforeInBlock(op))
      last = op;
  }
  return last;
}

static std::string describe(Operation *op) {
  return op->getName().getStringRef().str();
}

/// Why a member's results cannot stay inside or be written; empty if they can.
static std::string findUseObstacle(const FusionCandidate &candidate,
                                   Operation *member, Operation *lastInput) {
  for (Value result : member->getResults())
    for (Operation *user : result.getUsers()) {
      if (contains(candidate, user))
        continue;
      if (!llvm::is_contained(candidate.outputs, result))
        return "the result of " + describe(member) + " is also read by " +
               describe(user);
      if (lastInput && !lastInput->isBeforeInBlock(user))
        return "the result of " + describe(member) + " is read by " +
               describe(user) + " before all of the group can run";
    }
  return {};
}

int64_t Fuser::onChipBytes(const FusionCandidate &candidate) {
  double bytes = static_cast<double>(candidate.onChipBytes);
  for (Value value : candidate.shared)
    bytes += bytesOf(value, maxTokens());
  return static_cast<int64_t>(bytes);
}

/// Of what the group does not write to memory, nor read from it.
double Fuser::savedBytes(const FusionCandidate &candidate) {
  bool fits = onChipBytes(candidate) + candidate.keptBytes <= cost.onChipBytes;
  auto goesThroughMemory = [&](Value result) {
    return llvm::is_contained(candidate.outputs, result) ||
           llvm::is_contained(candidate.shared, result) ||
           (result == candidate.kept && !fits);
  };
  double bytes = 0;
  for (Operation *op : candidate.members)
    for (Value result : op->getResults())
      if (!goesThroughMemory(result))
        bytes += 2 * bytesOf(result, maxTokens()); // written and read
  return bytes;
}

std::string Fuser::findTrafficObstacle(const FusionCandidate &candidate) {
  if (int64_t bytes = onChipBytes(candidate); bytes > cost.onChipBytes)
    return "it keeps " + std::to_string(bytes) +
           " bytes on chip, of which there are " +
           std::to_string(cost.onChipBytes);
  double launches = static_cast<double>(candidate.members.size()) - 1;
  if (cost.gain(savedBytes(candidate), launches, candidate.addedFlops) > 0)
    return {};
  return "it takes more time in arithmetic than it saves in traffic and "
         "launches";
}

/// Whether a library of the target computes the operation, or one in the group
/// that it is.
static Operation *findLibraryProduct(Operation *op) {
  Operation *found = nullptr;
  op->walk([&](decoder::LinearOp product) {
    if (product->hasAttr(exec::libraryAttributeName))
      found = product;
  });
  return found;
}

/// Why products that a library computes cannot be in the group: it adds a value
/// to their rows, and does nothing else with them.
static std::string findLibraryObstacle(const FusionCandidate &candidate) {
  bool isSum = candidate.members.size() == 2 &&
               isa<decoder::LinearOp>(candidate.members[0]) &&
               isa<decoder::AddOp>(candidate.members[1]);
  for (Operation *op : candidate.members)
    if (Operation *product = findLibraryProduct(op); product && !isSum)
      return "a library of the target computes " + describe(product);
  return {};
}

std::string Fuser::findObstacle(const FusionCandidate &candidate) {
  Block *block = &step.getBody().front();
  for (Operation *op : candidate.members)
    if (op->getBlock() != block)
      return describe(op) + " belongs to another group";
  Operation *last = lastInput(candidate);
  for (Operation *op : candidate.members) {
    std::string obstacle = findUseObstacle(candidate, op, last);
    if (!obstacle.empty())
      return obstacle;
  }
  std::string obstacle = findLibraryObstacle(candidate);
  return obstacle.empty() ? findTrafficObstacle(candidate) : obstacle;
}

void Fuser::refuse(Operation *root, const Twine &reason) {
  recordNotFused(step, fusion, root, reason);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Copies the operations of a group to where the builder is.
static void dissolve(exec::GroupOp group, OpBuilder &builder,
                     IRMapping &values) {
  Block &source = group.getBody().front();
  IRMapping inner;
  for (auto [argument, input] :
       llvm::zip(source.getArguments(), group.getInputs()))
    inner.map(argument, values.lookup(input));
  for (Operation &op : source.without_terminator())
    builder.clone(op, inner);
  for (auto [result, value] :
       llvm::zip(group.getOutputs(), source.getTerminator()->getOperands()))
    values.map(result, inner.lookup(value));
}

void Fuser::makeGroup(const FusionCandidate &candidate) {
  SmallVector<Value> inputs = inputsOf(candidate);
  SmallVector<Value> outputs = outputsOf(candidate);

  OpBuilder builder(step.getContext());
  if (Operation *last = lastInput(candidate))
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&step.getBody().front());
  Location location = candidate.members.back()->getLoc();
  auto group =
      exec::GroupOp::create(builder, location, ValueRange(outputs).getTypes(),
                            builder.getStringAttr(fusion), inputs);
  for (Value input : inputs)
    if (auto read = input.getDefiningOp<moe::ReadParameterOp>())
      if (group->isBeforeInBlock(read))
        read->moveBefore(group);
  Block &body = group.getBody().emplaceBlock();
  IRMapping values;
  for (Value input : inputs)
    values.map(input, body.addArgument(input.getType(), input.getLoc()));
  builder.setInsertionPointToEnd(&body);
  for (Operation *op : candidate.members)
    if (auto inner = dyn_cast<exec::GroupOp>(op))
      dissolve(inner, builder, values);
    else
      builder.clone(*op, values);
  SmallVector<Value> yielded = llvm::map_to_vector(
      outputs, [&](Value value) { return values.lookup(value); });
  exec::YieldOp::create(builder, location, yielded);

  for (auto [value, result] : llvm::zip(outputs, group.getOutputs()))
    value.replaceAllUsesWith(result);
  for (Operation *op : llvm::reverse(candidate.members))
    op->erase();
  recordMade(step, fusion);
  ++made;
}

void Fuser::fuse(Operation *root, const FusionCandidate &candidate) {
  std::string obstacle = findObstacle(candidate);
  if (!obstacle.empty())
    return refuse(root, obstacle);
  makeGroup(candidate);
}
