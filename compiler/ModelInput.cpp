//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/ModelInput.h"

#include "compiler/import/HubCache.h"
#include "compiler/import/Import.h"
#include "runtime/text/SentencePieceModel.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace mlir;
using namespace moec;

static bool isProgramFile(StringRef model) { return model.ends_with(".mlir"); }

static Expected<OwningOpRef<ModuleOp>>
parseProgram(StringRef path, MLIRContext &context,
             DiagnosticCollector &diagnostics) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return createStringError(path +
                             ": cannot be read: " + file.getError().message());
  auto module =
      parseSourceString<ModuleOp>((*file)->getBuffer(), &context, path);
  if (!module)
    return diagnostics.take();
  return module;
}

/// The folder that the model's files are in; "" if it is none but an .mlir
/// file.
static Expected<std::string> findFolder(const CompileOptions &options) {
  if (!options.weightsFolder.empty()) {
    if (!sys::fs::is_directory(options.weightsFolder))
      return createStringError("--weights: '" + options.weightsFolder +
                               "' is no folder; give a checkpoint folder, or "
                               "random:SEED");
    if (!isProgramFile(options.model))
      return createStringError(
          "--weights: '" + options.model + "' has its own weights, so '" +
          options.weightsFolder + "' cannot be used; leave the flag out");
    return options.weightsFolder;
  }
  if (isProgramFile(options.model))
    return std::string();
  return findCheckpointFolder(options.model);
}

static Expected<std::string> readTokenizer(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError(path +
                             ": cannot be read: " + file.getError().message() +
                             "; name another file with --tokenizer");
  std::string bytes = (*file)->getBuffer().str();
  moert::SentencePieceModel model;
  std::string problem = moert::readSentencePieceModel(bytes, model);
  if (!problem.empty())
    return createStringError(path +
                             ": not a SentencePiece model that can be "
                             "used: " +
                             problem);
  return bytes;
}

/// The path of the tokenizer: the one asked for, or the one that the model
/// names, in the folder of its weights or else its own; "" if there is none.
static std::string findTokenizer(const CompileOptions &options, ModuleOp module,
                                 StringRef folder) {
  if (!options.tokenizer.empty())
    return options.tokenizer;
  auto model = module->getAttrOfType<DictionaryAttr>("moe.model");
  auto name = model ? model.getAs<StringAttr>("tokenizer") : StringAttr();
  if (!name)
    return "";
  SmallString<128> path(folder.empty() ? sys::path::parent_path(options.model)
                                       : folder);
  sys::path::append(path, name.getValue());
  return std::string(path);
}

Expected<ModelInput> moec::loadModel(const CompileOptions &options,
                                     MLIRContext &context,
                                     DiagnosticCollector &diagnostics) {
  Expected<std::string> folder = findFolder(options);
  if (!folder)
    return folder.takeError();
  auto module = isProgramFile(options.model)
                    ? parseProgram(options.model, context, diagnostics)
                    : importCheckpoint(context, *folder);
  if (!module)
    return module.takeError();
  ModelInput input{std::move(*module), std::nullopt, ""};
  if (!folder->empty() && !options.randomSeed) {
    Expected<WeightFiles> weights = WeightFiles::open(*folder);
    if (!weights)
      return weights.takeError();
    input.weights = std::move(*weights);
  }
  std::string tokenizer = findTokenizer(options, *input.module, *folder);
  if (tokenizer.empty())
    return input;
  Expected<std::string> bytes = readTokenizer(tokenizer);
  if (!bytes)
    return bytes.takeError();
  input.tokenizer = std::move(*bytes);
  return input;
}
