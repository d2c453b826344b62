//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Tables.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace llvm;
using namespace mlir;
using namespace moec;
namespace format = moert::format;

namespace {

/// Builds the program and kernel tables of one target.
class TargetTables {
public:
  TargetTables(flatbuffers::FlatBufferBuilder &builder,
               const TargetCode &target, TensorTable &tensors)
      : builder(builder), target(target), module(target.module),
        tensors(tensors) {}

  Expected<flatbuffers::Offset<format::Target>> build(uint32_t codeSegment);

private:
  using Programs = std::vector<flatbuffers::Offset<format::Program>>;
  using Kernels = std::vector<flatbuffers::Offset<format::Kernel>>;
  using Launches = std::vector<flatbuffers::Offset<format::Launch>>;
  using Buffers = std::vector<flatbuffers::Offset<format::Buffer>>;
  using Reasons = std::vector<flatbuffers::Offset<format::NotFused>>;

  /// A buffer of the arena, and the launches that use it.
  struct BufferUse {
    exec::AllocOp alloc;
    std::string name;
    uint32_t first, last;
  };

  using Layouts = flatbuffers::Offset<
      flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>>;

  Kernels buildKernels();
  Layouts buildLayouts(exec::KernelOp kernel);
  Reasons buildNotFused(exec::ProgramOp program);
  Expected<Programs> buildPrograms();
  Expected<flatbuffers::Offset<format::Program>>
  buildProgram(exec::ProgramOp program);
  void findBufferUses(exec::ProgramOp program);
  Expected<Buffers> buildBuffers();
  Expected<Launches> buildLaunches(exec::ProgramOp program);
  Expected<format::Argument> buildArgument(Value value);

  flatbuffers::FlatBufferBuilder &builder;
  const TargetCode &target;
  ModuleOp module;
  TensorTable &tensors;
  StringMap<uint32_t> kernelIndices;
  std::vector<BufferUse> uses;                      // of the current program
  llvm::DenseMap<Operation *, uint32_t> useIndices; // by alloc
};

} // namespace

static std::string spell(Type type) {
  std::string text;
  raw_string_ostream stream(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor) {
    stream << type;
    return text;
  }
  for (int64_t dimension : tensor.getShape())
    stream << dimension << 'x';
  stream << tensor.getElementType();
  return text;
}

/// "decoder.linear + decoder.add"
static std::string describe(exec::KernelOp kernel) {
  std::string text;
  for (Operation &op : kernel.getBody().front().without_terminator())
    text += (text.empty() ? "" : " + ") + op.getName().getStringRef().str();
  return text;
}

static format::Extent toExtent(exec::ExtentAttr extent) {
  return format::Extent(extent.getScale(), extent.getConstant(),
                        extent.getSymbol() == exec::Symbol::Rows
                            ? format::Symbol::Rows
                            : format::Symbol::Tokens);
}

static format::WeightUse toWeightUse(exec::WeightUse use) {
  switch (use) {
  case exec::WeightUse::Whole:
    return format::WeightUse::Whole;
  case exec::WeightUse::Experts:
    return format::WeightUse::Experts;
  case exec::WeightUse::Rows:
    return format::WeightUse::Rows;
  }
  llvm_unreachable("every use is listed");
}

static format::InputKind toInputKind(exec::Input input) {
  switch (input) {
  case exec::Input::Tokens:
    return format::InputKind::Tokens;
  case exec::Input::Rows:
    return format::InputKind::Rows;
  case exec::Input::Batch:
    return format::InputKind::Batch;
  }
  llvm_unreachable("every input is listed");
}

/// How a GPU computes the kernel, with what ptxas said of it.
static format::Block toBlock(exec::BlockAttr block, GpuResources resources) {
  return format::Block(static_cast<uint32_t>(block.getThreads()),
                       static_cast<uint32_t>(block.getTasks()),
                       static_cast<uint32_t>(block.getShared()),
                       resources.staticBytes, resources.registers,
                       resources.localBytes, resources.residentBlocks,
                       static_cast<uint64_t>(block.getScratch()));
}

/// "halves at 0: 1024 rows of 128 bytes, chunks ^ row % 2 * 4"
static std::string spellLayout(exec::SharedLayoutAttr layout) {
  std::string text =
      formatv("{0} at {1}: {2} rows of {3} bytes", layout.getName(),
              layout.getAt(), layout.getRows(), layout.getPitch())
          .str();
  if (layout.getBits() > 0)
    text += formatv(", chunks ^ row % {0} * {1}", 1 << layout.getBits(),
                    1 << layout.getTo())
                .str();
  return text;
}

TargetTables::Layouts TargetTables::buildLayouts(exec::KernelOp kernel) {
  std::vector<flatbuffers::Offset<flatbuffers::String>> layouts;
  if (ArrayAttr all = kernel.getLayoutsAttr())
    for (auto layout : all.getAsRange<exec::SharedLayoutAttr>())
      layouts.push_back(builder.CreateString(spellLayout(layout)));
  return layouts.empty() ? Layouts() : builder.CreateVector(layouts);
}

static flatbuffers::Offset<flatbuffers::Vector<const format::TensorMap *>>
toTensorMaps(flatbuffers::FlatBufferBuilder &builder, exec::KernelOp kernel) {
  ArrayAttr all = kernel.getTensorMapsAttr();
  if (!all)
    return 0;
  std::vector<format::TensorMap> maps;
  for (auto map : all.getAsRange<exec::TensorMapAttr>())
    maps.emplace_back(static_cast<uint32_t>(map.getOperand()),
                      static_cast<uint32_t>(map.getRows()));
  return builder.CreateVectorOfStructs(maps);
}

/// A kernel that a library computes.
static format::LibraryProduct toLibraryProduct(exec::KernelOp kernel) {
  exec::LibraryProductAttr call = kernel.getLibraryAttr();
  auto types = kernel.getBody().front().getArgumentTypes();
  auto weight = cast<RankedTensorType>(types[call.getWeight()]);
  int64_t residual =
      call.getResidual() < 0 ? types.size() : call.getResidual();
  return format::LibraryProduct(
      static_cast<uint32_t>(call.getRows()),
      static_cast<uint32_t>(call.getWeight()), static_cast<uint32_t>(residual),
      weight.getElementType().isF32() ? format::DataType::F32
                                      : format::DataType::BF16,
      static_cast<uint64_t>(weight.getDimSize(0)),
      static_cast<uint64_t>(weight.getDimSize(1)),
      static_cast<uint64_t>(call.getWorkspace()));
}

TargetTables::Kernels TargetTables::buildKernels() {
  Kernels kernels;
  for (auto kernel : module.getOps<exec::KernelOp>()) {
    kernelIndices[kernel.getSymName()] = kernels.size();
    auto symbol = builder.CreateString(kernel.getSymName().str());
    auto computes = builder.CreateString(describe(kernel));
    flatbuffers::Offset<flatbuffers::String> fusion;
    if (std::optional<StringRef> name = kernel.getFusion())
      fusion = builder.CreateString(name->str());
    Layouts layouts = buildLayouts(kernel);
    Block &body = kernel.getBody().front();
    std::optional<format::Block> block;
    if (exec::BlockAttr shape = kernel.getBlockAttr())
      block = toBlock(shape, target.resources.lookup(kernel.getSymName()));
    flatbuffers::Offset<flatbuffers::String> method;
    if (std::optional<StringRef> text = kernel.getMethod())
      method = builder.CreateString(text->str());
    std::optional<format::LibraryProduct> library;
    if (kernel.getLibraryAttr())
      library = toLibraryProduct(kernel);
    kernels.push_back(format::CreateKernel(
        builder, symbol, computes, body.getNumArguments(),
        body.getTerminator()->getNumOperands(), fusion,
        block ? &*block : nullptr, layouts, toTensorMaps(builder, kernel),
        method, library ? &*library : nullptr));
  }
  return kernels;
}

/// A buffer is named after the launch that uses it first, and its argument.
void TargetTables::findBufferUses(exec::ProgramOp program) {
  uses.clear();
  useIndices.clear();
  uint32_t index = 0;
  for (auto launch : program.getBody().getOps<exec::LaunchOp>()) {
    for (auto [place, argument] : enumerate(launch.getArguments())) {
      auto alloc = argument.getDefiningOp<exec::AllocOp>();
      if (!alloc)
        continue;
      std::string name =
          (launch.getKernel() + "." + Twine(index) + "." + Twine(place)).str();
      auto [known, isNew] = useIndices.try_emplace(alloc, uses.size());
      if (isNew)
        uses.push_back({alloc, name, index, index});
      uses[known->second].last = index;
    }
    ++index;
  }
}

Expected<TargetTables::Buffers> TargetTables::buildBuffers() {
  Buffers buffers;
  for (BufferUse &use : uses) {
    if (!use.alloc.getOffset())
      return createStringError("buffer '" + use.name +
                               "' has no place in the arena; run plan-memory");
    auto name = builder.CreateString(use.name);
    auto type = builder.CreateString(spell(use.alloc.getRow()));
    format::Extent rows = toExtent(use.alloc.getRows());
    buffers.push_back(format::CreateBuffer(
        builder, name, type, &rows, use.alloc.getRowBytes(),
        *use.alloc.getOffset(), use.first, use.last));
  }
  return buffers;
}

Expected<format::Argument> TargetTables::buildArgument(Value value) {
  using Kind = format::ArgumentKind;
  Operation *op = value.getDefiningOp();
  if (isa<exec::AllocOp>(op))
    return format::Argument(Kind::Buffer, useIndices.lookup(op));
  if (auto input = dyn_cast<exec::InputOp>(op))
    return format::Argument(
        Kind::Input, static_cast<uint32_t>(toInputKind(input.getKind())));
  if (auto cache = dyn_cast<exec::CacheOp>(op))
    return format::Argument(Kind::Cache, cache.getLayer());
  if (isa<exec::LogitsOp>(op))
    return format::Argument(Kind::Logits, 0);
  if (auto top = dyn_cast<exec::TopOp>(op))
    return format::Argument(Kind::Top, top.getKind() == exec::Top::Tokens);
  auto weight = cast<exec::WeightOp>(op);
  auto tensor = SymbolTable::lookupNearestSymbolFrom<exec::TensorOp>(
      module, weight.getTensorAttr());
  if (!tensor)
    return createStringError("tensor '" + weight.getTensor() +
                             "' is not declared");
  Expected<uint32_t> index = tensors.add(tensor);
  if (!index)
    return index.takeError();
  return format::Argument(Kind::Tensor, *index);
}

Expected<TargetTables::Launches>
TargetTables::buildLaunches(exec::ProgramOp program) {
  Launches launches;
  for (auto launch : program.getBody().getOps<exec::LaunchOp>()) {
    auto kernel = kernelIndices.find(launch.getKernel());
    if (kernel == kernelIndices.end())
      return createStringError("kernel '" + launch.getKernel() +
                               "' is not declared");
    std::vector<format::Argument> arguments;
    for (Value value : launch.getArguments()) {
      Expected<format::Argument> argument = buildArgument(value);
      if (!argument)
        return argument.takeError();
      arguments.push_back(*argument);
    }
    format::Extent rows = toExtent(launch.getRows()),
                   tasks = toExtent(launch.getTasks()),
                   flops = toExtent(launch.getFlops());
    launches.push_back(format::CreateLaunch(
        builder, kernel->second, builder.CreateVectorOfStructs(arguments),
        &rows, &tasks, launch.getGrain(), &flops,
        toWeightUse(launch.getWeights())));
  }
  return launches;
}

TargetTables::Reasons TargetTables::buildNotFused(exec::ProgramOp program) {
  Reasons reasons;
  auto entries = program->getAttrOfType<ArrayAttr>(moe::notFusedAttributeName);
  if (!entries)
    return reasons;
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    using Text = flatbuffers::Offset<flatbuffers::String>;
    auto text = [&](StringRef key) {
      auto value = entry.getAs<StringAttr>(key);
      return value ? builder.CreateString(value.str()) : Text();
    };
    Text fusion = text("fusion"), reason = text("reason");
    Text operation = text("operation"), location = text("location");
    auto count =
        static_cast<uint32_t>(entry.getAs<IntegerAttr>("count").getInt());
    reasons.push_back(format::CreateNotFused(builder, fusion, reason, operation,
                                             location, count));
  }
  return reasons;
}

Expected<flatbuffers::Offset<format::Program>>
TargetTables::buildProgram(exec::ProgramOp program) {
  findBufferUses(program);
  Expected<Buffers> buffers = buildBuffers();
  if (!buffers)
    return buffers.takeError();
  Expected<Launches> launches = buildLaunches(program);
  if (!launches)
    return launches.takeError();
  if (!program.getArenaBytes())
    return createStringError("program '" + program.getSymName() +
                             "' has no arena; run plan-memory");
  auto entry = builder.CreateString(program.getEntryPoint().str());
  auto regime = builder.CreateString(program.getRegime().str());
  auto bufferVector = builder.CreateVector(*buffers);
  auto launchVector = builder.CreateVector(*launches);
  auto notFused = builder.CreateVector(buildNotFused(program));
  return format::CreateProgram(builder, entry, regime, program.getMaxTokens(),
                               bufferVector, launchVector,
                               *program.getArenaBytes(), notFused);
}

/// In the order that the format asks for: by the tokens that they accept.
Expected<TargetTables::Programs> TargetTables::buildPrograms() {
  std::multimap<uint32_t, exec::ProgramOp> programs; // by max_tokens
  for (auto program : module.getOps<exec::ProgramOp>())
    programs.emplace(program.getMaxTokens(), program);
  Programs tables;
  for (auto [maxTokens, program] : programs) {
    auto table = buildProgram(program);
    if (!table)
      return table.takeError();
    tables.push_back(*table);
  }
  return tables;
}

Expected<flatbuffers::Offset<format::Target>>
TargetTables::build(uint32_t codeSegment) {
  Kernels kernels = buildKernels();
  Expected<Programs> programs = buildPrograms();
  if (!programs)
    return createStringError("target '" + target.name +
                             "': " + toString(programs.takeError()));
  auto name = builder.CreateString(target.name);
  auto features = builder.CreateVectorOfStrings(target.features);
  auto kernelVector = builder.CreateVector(kernels);
  auto programVector = builder.CreateVector(*programs);
  format::Rates rates(target.cost.bytesPerSecond, target.cost.flopsPerSecond,
                      target.cost.launchSeconds,
                      static_cast<uint64_t>(target.cost.onChipBytes));
  return format::CreateTarget(builder, name, features, codeSegment,
                              kernelVector, programVector, target.scratchBytes,
                              &rates, target.machine, target.isBatchInvariant);
}

Expected<flatbuffers::Offset<format::Target>>
moec::buildTarget(flatbuffers::FlatBufferBuilder &builder,
                  const TargetCode &target, uint32_t codeSegment,
                  TensorTable &tensors) {
  return TargetTables(builder, target, tensors).build(codeSegment);
}
