//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Import.h"

#include "compiler/import/Parameters.h"
#include "compiler/import/Refusal.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Verifier.h"

#include <cmath>

using namespace mlir;
using namespace moec;

namespace {
/// The state that one step's layers hand on.
struct Stream {
  /// The residual stream, [T, H] in f32.
  Value x;
  Value cache;
};

/// Builds the IR of one model.
class ModelBuilder {
public:
  ModelBuilder(MLIRContext &context, const Checkpoint &checkpoint,
               const Parameters &parameters);

  OwningOpRef<ModuleOp> build();

private:
  void describe(ModuleOp module);
  void declare(const Parameter &parameter);
  void buildStep();
  Value buildAttention(Stream &stream, int64_t layer, Value normalized);
  Value buildDense(const Twine &layer, Value normalized);
  Value buildSparse(const Twine &layer, Value normalized);

  Value read(const Twine &name);
  Value norm(Value x, const Twine &weight);
  Value linear(Value x, Value weight);
  Value expertLinear(Value rows, Value weight, Value plan);
  Value rope(Value x);

  /// tensor<?xCOLUMNSxELEMENT>
  Type rows(int64_t columns, Type element) {
    return RankedTensorType::get({ShapedType::kDynamic, columns}, element);
  }
  Type f32Rows(int64_t columns) { return rows(columns, b.getF32Type()); }
  Type productRows(int64_t columns) { return rows(columns, productElement); }

  const Checkpoint &checkpoint;
  const ModelConfig &config;
  const Parameters &parameters;
  ImplicitLocOpBuilder b;
  llvm::StringMap<Type> parameterTypes;
  Type weightElement;
  /// What enters a matrix product: bf16 if weights are, else f32.
  Type productElement;
  /// The argument `batch` of the step.
  Value batch;
};
} // namespace

static int64_t columns(Value value) {
  return cast<ShapedType>(value.getType()).getShape().back();
}

static Type elementType(MLIRContext &context, WeightType type) {
  switch (type) {
  case WeightType::F32:
    return Float32Type::get(&context);
  case WeightType::F16:
    return Float16Type::get(&context);
  case WeightType::BF16:
    return BFloat16Type::get(&context);
  }
  llvm_unreachable("not a weight type");
}

ModelBuilder::ModelBuilder(MLIRContext &context, const Checkpoint &checkpoint,
                           const Parameters &parameters)
    : checkpoint(checkpoint), config(checkpoint.config()),
      parameters(parameters), b(UnknownLoc::get(&context), &context),
      weightElement(elementType(context, parameters.type)),
      productElement(weightElement.isBF16() ? weightElement
                                            : Type(b.getF32Type())) {}

OwningOpRef<ModuleOp> ModelBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  describe(*module);
  b.setInsertionPointToEnd(module->getBody());
  for (const Parameter &parameter : parameters.list)
    declare(parameter);
  buildStep();
  return module;
}

void ModelBuilder::describe(ModuleOp module) {
  NamedAttrList model;
  model.set("architecture", b.getStringAttr(config.architecture));
  model.set("max_positions", b.getI64IntegerAttr(config.maxPositions));
  model.set("window", b.getI64IntegerAttr(config.window));
  model.set("bos", b.getI64IntegerAttr(config.bos));
  model.set("eos", b.getDenseI64ArrayAttr(config.eos));
  if (!checkpoint.tokenizer().empty())
    model.set("tokenizer", b.getStringAttr(checkpoint.tokenizer()));
  module->setAttr("moe.model", model.getDictionary(b.getContext()));
}

void ModelBuilder::declare(const Parameter &parameter) {
  SmallVector<Attribute> source;
  for (const ByteRange &range : parameter.ranges)
    source.push_back(moe::BytesAttr::get(b.getContext(),
                                         b.getStringAttr(range.file),
                                         range.offset, range.length));
  Type type = RankedTensorType::get(parameter.shape, weightElement);
  parameterTypes[parameter.name] = type;
  moe::ParameterOp::create(b, b.getStringAttr(parameter.name),
                           TypeAttr::get(type), b.getArrayAttr(source));
}

void ModelBuilder::buildStep() {
  Type indices = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  Type cache =
      decoder::KVCacheType::get(b.getContext(), config.layers, config.kvHeads,
                                config.headDim, weightElement);
  auto type = b.getFunctionType(
      {indices, indices, decoder::BatchType::get(b.getContext()), cache},
      {f32Rows(config.vocabulary), cache});
  auto step = func::FuncOp::create(b, "step", type);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(step.addEntryBlock());
  batch = step.getArgument(2);
  Value table = read("embed");
  Stream stream = {decoder::EmbedOp::create(b, f32Rows(config.hidden),
                                            step.getArgument(0), table),
                   step.getArgument(3)};
  Location whole = b.getLoc();
  for (int64_t i = 0; i < config.layers; ++i) {
    std::string layer = "layers." + std::to_string(i);
    b.setLoc(NameLoc::get(b.getStringAttr(layer)));
    Value attended =
        buildAttention(stream, i, norm(stream.x, layer + ".attention_norm"));
    stream.x =
        decoder::AddOp::create(b, stream.x.getType(), stream.x, attended);
    Value normalized = norm(stream.x, layer + ".ffn_norm");
    Value mlp = config.isSparse() ? buildSparse(layer, normalized)
                                  : buildDense(layer, normalized);
    stream.x = decoder::AddOp::create(b, stream.x.getType(), stream.x, mlp);
  }
  b.setLoc(whole);
  Value last = decoder::SelectRowsOp::create(b, stream.x.getType(), stream.x,
                                             step.getArgument(1));
  Value normalized = norm(last, "norm");
  b.setLoc(NameLoc::get(b.getStringAttr("lm_head")));
  Value logits = linear(normalized, config.tied ? table : read("lm_head"));
  func::ReturnOp::create(b, ValueRange{logits, stream.cache});
}

Value ModelBuilder::buildAttention(Stream &stream, int64_t layer,
                                   Value normalized) {
  std::string prefix = "layers." + std::to_string(layer);
  Value queries = rope(linear(normalized, read(prefix + ".wq")));
  Value keys = rope(linear(normalized, read(prefix + ".wk")));
  Value values = linear(normalized, read(prefix + ".wv"));
  stream.cache =
      decoder::AppendKVOp::create(b, stream.cache.getType(), stream.cache, keys,
                                  values, batch, uint64_t(layer));
  auto scale = b.getF32FloatAttr(float(std::pow(config.headDim, -0.5)));
  auto window =
      config.window ? b.getI64IntegerAttr(config.window) : IntegerAttr();
  Value attended = decoder::AttentionOp::create(
      b, productRows(columns(queries)), queries, stream.cache, batch,
      b.getI64IntegerAttr(layer), scale, window);
  return linear(attended, read(prefix + ".wo"));
}

Value ModelBuilder::buildDense(const Twine &layer, Value normalized) {
  Value gate = linear(normalized, read(layer + ".w1"));
  Value up = linear(normalized, read(layer + ".w3"));
  Value inner =
      decoder::SwigluOp::create(b, productRows(config.inner), gate, up);
  return linear(inner, read(layer + ".w2"));
}

Value ModelBuilder::buildSparse(const Twine &layer, Value normalized) {
  Value gate = read(layer + ".gate");
  Value scores = moe::RouterOp::create(b, f32Rows(config.experts), normalized,
                                       gate, /*bias=*/Value());
  auto choice = moe::TopKOp::create(
      b, rows(config.choices, b.getI32Type()), f32Rows(config.choices), scores,
      /*bias=*/Value(), uint64_t(config.choices), moe::ScoreFunction::Softmax,
      /*renormalize=*/true, /*scale=*/FloatAttr(), /*groups=*/IntegerAttr(),
      /*chosen_groups=*/IntegerAttr());
  auto planType =
      moe::PlanType::get(b.getContext(), config.experts, config.choices);
  Value plan = moe::DispatchOp::create(b, planType, choice.getExperts());
  Value tokens =
      moe::PermuteOp::create(b, normalized.getType(), normalized, plan);
  Value gated = expertLinear(tokens, read(layer + ".w1"), plan);
  Value up = expertLinear(tokens, read(layer + ".w3"), plan);
  Value inner =
      decoder::SwigluOp::create(b, productRows(config.inner), gated, up);
  Value results = expertLinear(inner, read(layer + ".w2"), plan);
  return moe::CombineOp::create(b, f32Rows(config.hidden), results,
                                choice.getWeights(), plan);
}

Value ModelBuilder::read(const Twine &name) {
  std::string symbol = name.str();
  return moe::ReadParameterOp::create(b, parameterTypes.lookup(symbol), symbol);
}

/// Its place is named after its weight: a layer has two.
Value ModelBuilder::norm(Value x, const Twine &weight) {
  Location around = b.getLoc();
  b.setLoc(NameLoc::get(b.getStringAttr(weight)));
  Value y =
      decoder::RMSNormOp::create(b, productRows(config.hidden), x, read(weight),
                                 b.getF32FloatAttr(float(config.epsilon)));
  b.setLoc(around);
  return y;
}

/// x [T, K] and weight [N, K] -> [T, N].
Value ModelBuilder::linear(Value x, Value weight) {
  int64_t size = cast<ShapedType>(weight.getType()).getDimSize(0);
  return decoder::LinearOp::create(b, f32Rows(size), x, weight);
}

/// rows [T * k, K] and weight [E, N, K] -> [T * k, N].
Value ModelBuilder::expertLinear(Value rows, Value weight, Value plan) {
  int64_t size = cast<ShapedType>(weight.getType()).getDimSize(1);
  return moe::GroupedLinearOp::create(b, f32Rows(size), rows, weight, plan,
                                      /*bias=*/Value());
}

Value ModelBuilder::rope(Value x) {
  return decoder::RopeOp::create(b, x.getType(), x, batch,
                                 b.getI64IntegerAttr(config.headDim),
                                 b.getF64FloatAttr(config.theta));
}

llvm::Expected<OwningOpRef<ModuleOp>>
moec::importCheckpoint(MLIRContext &context, llvm::StringRef folder) {
  llvm::Expected<Checkpoint> checkpoint = Checkpoint::open(folder);
  if (!checkpoint)
    return checkpoint.takeError();
  llvm::Expected<Parameters> parameters = findParameters(*checkpoint);
  if (!parameters)
    return parameters.takeError();
  context.loadDialect<func::FuncDialect, moe::MoEDialect,
                      decoder::DecoderDialect>();
  OwningOpRef<ModuleOp> module =
      ModelBuilder(context, *checkpoint, *parameters).build();
  if (failed(verify(*module)))
    return refuse(folder, "the imported model breaks a rule of the IR");
  return module;
}
