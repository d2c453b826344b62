//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Tables.h"

using namespace llvm;
using namespace mlir;
using namespace moec;
namespace format = moert::format;

namespace {

/// Reads the entries of `moe.model` and keeps the first error.
class ModelAttributes {
public:
  explicit ModelAttributes(DictionaryAttr attributes)
      : attributes(attributes) {}

  /// An integer from `least` to `most`.
  int64_t integer(StringRef name, int64_t least, int64_t most) {
    auto value = attributes.getAs<IntegerAttr>(name);
    if (!value)
      return fail(name, "is missing or no integer"), least;
    if (value.getInt() >= least && value.getInt() <= most)
      return value.getInt();
    fail(name, "is " + Twine(value.getInt()) + ", but must be from " +
                   Twine(least) + " to " + Twine(most));
    return least;
  }

  std::string string(StringRef name) {
    auto value = attributes.getAs<StringAttr>(name);
    if (!value)
      return fail(name, "is missing or no string"), "";
    return value.str();
  }

  format::DataType dataType(StringRef name) {
    auto value = attributes.getAs<TypeAttr>(name);
    if (!value)
      return fail(name, "is missing or no type"), format::DataType::F32;
    Expected<format::DataType> type = toDataType(value.getValue());
    if (type)
      return *type;
    fail(name, toString(type.takeError()));
    return format::DataType::F32;
  }

  /// Tokens of a vocabulary, as an array attribute of either kind.
  std::vector<int32_t> tokens(StringRef name, int64_t vocabulary) {
    std::vector<int64_t> values;
    Attribute attribute = attributes.get(name);
    if (auto dense = dyn_cast_if_present<DenseI64ArrayAttr>(attribute))
      values = dense.asArrayRef().vec();
    else if (auto array = dyn_cast_if_present<ArrayAttr>(attribute))
      for (auto element : array.getAsRange<IntegerAttr>())
        values.push_back(element.getInt());
    else
      fail(name, "is missing or no array");
    for (int64_t value : values)
      if (value < 0 || value >= vocabulary)
        fail(name, "has token " + Twine(value) +
                       ", which is not in the vocabulary of " +
                       Twine(vocabulary));
    return {values.begin(), values.end()};
  }

  Error takeError() {
    if (message.empty())
      return Error::success();
    return createStringError("moe.model: " + message);
  }

private:
  void fail(StringRef name, const Twine &what) {
    if (message.empty())
      message = (name + " " + what).str();
  }

  DictionaryAttr attributes;
  std::string message;
};

} // namespace

Expected<flatbuffers::Offset<format::Model>>
moec::buildModel(flatbuffers::FlatBufferBuilder &builder, ModuleOp module) {
  auto dictionary = module->getAttrOfType<DictionaryAttr>("moe.model");
  if (!dictionary)
    return createStringError("the module has no attribute moe.model");
  // The limits are the format's: 32 bits, and what kernels index with.
  constexpr int64_t dimension = 1 << 24, small = 1 << 16, positions = 1 << 30;
  ModelAttributes model(dictionary);
  std::string architecture = model.string("architecture");
  int64_t vocabulary = model.integer("vocabulary", 1, dimension);
  int64_t experts = model.integer("experts", 0, small);
  std::vector<int32_t> eos = model.tokens("eos", vocabulary);
  auto architectureOffset = builder.CreateString(architecture);
  auto eosOffset = builder.CreateVector(eos);
  format::ModelBuilder table(builder);
  table.add_architecture(architectureOffset);
  table.add_vocabulary(vocabulary);
  table.add_hidden(model.integer("hidden", 1, dimension));
  table.add_layers(model.integer("layers", 1, small));
  table.add_kv_heads(model.integer("kv_heads", 1, small));
  table.add_head_dim(model.integer("head_dim", 2, small));
  table.add_cache_type(model.dataType("cache_type"));
  table.add_max_positions(model.integer("max_positions", 1, positions));
  table.add_window(model.integer("window", 0, positions));
  table.add_experts(experts);
  table.add_experts_per_token(
      model.integer("experts_per_token", experts > 0, experts));
  table.add_parameters(model.integer("parameters", 1, int64_t(1) << 60));
  table.add_bos(model.integer("bos", -1, vocabulary - 1));
  table.add_eos(eosOffset);
  table.add_top_logits(model.integer("top_logits", 0, vocabulary));
  auto offset = table.Finish();
  if (Error error = model.takeError())
    return error;
  return offset;
}
