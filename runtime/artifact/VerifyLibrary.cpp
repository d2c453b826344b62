//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The verifier of launches that are calls of a library: it reads and writes
// whole matrices, so their sizes must be those of the arguments.
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/TensorLayout.h"
#include "runtime/artifact/Verify.h"

using namespace moert;
using format::ArgumentKind;

namespace {

class LibraryVerifier {
public:
  LibraryVerifier(const Report &report, const VerifiedLaunch &launch,
                  const std::string &entry)
      : report(report), table(launch.table), program(launch.program),
        launch(launch.launch), kernel(launch.kernel), call(*kernel.library()),
        entry(entry) {}

  bool verify() const;

private:
  bool verifyWeight() const;
  bool verifyMatrix(const char *what, uint32_t index, uint64_t rowBytes) const;
  bool verifyLogits(const char *what) const;

  const Report &report;
  const format::Artifact &table;
  const format::Program &program;
  const format::Launch &launch;
  const format::Kernel &kernel;
  const format::LibraryProduct &call;
  const std::string &entry;
};

} // namespace

static bool isSame(const format::Extent &a, const format::Extent &b) {
  return a.scale() == b.scale() && a.constant() == b.constant() &&
         a.symbol() == b.symbol();
}

bool LibraryVerifier::verifyWeight() const {
  const format::Argument &argument = *launch.arguments()->Get(call.weight());
  if (argument.kind() != ArgumentKind::Tensor)
    return report.damaged(entry, "the weight of a library's product is ",
                          format::EnumNameArgumentKind(argument.kind()),
                          ", but must be a tensor");
  const format::Tensor &tensor = *table.tensors()->Get(argument.index());
  const auto &shape = *tensor.shape();
  if (tensor.layout() != format::Layout::RowMajor ||
      tensor.type() != call.type() || shape.size() != 2 ||
      shape.Get(0) != call.columns() || shape.Get(1) != call.depth())
    return report.damaged(entry, "tensor ", tensor.name()->str(),
                          " is no row-major matrix of ", call.columns(), " x ",
                          call.depth(), " ", dataTypeName(call.type()),
                          ", which a library's product reads");
  return true;
}

/// The logits have as many rows as the step wants, of the vocabulary.
bool LibraryVerifier::verifyLogits(const char *what) const {
  format::Extent rows(1, 0, format::Symbol::Rows);
  if (isSame(*launch.rows(), rows) &&
      call.columns() == table.model()->vocabulary())
    return true;
  return report.damaged(entry, "the ", what, " of a library's product of ",
                        call.columns(), " columns are the logits of ",
                        table.model()->vocabulary());
}

bool LibraryVerifier::verifyMatrix(const char *what, uint32_t index,
                                   uint64_t rowBytes) const {
  const format::Argument &argument = *launch.arguments()->Get(index);
  if (argument.kind() == ArgumentKind::Logits && index == kernel.operands())
    return verifyLogits(what);
  if (argument.kind() != ArgumentKind::Buffer)
    return report.damaged(entry, "the ", what, " of a library's product are ",
                          format::EnumNameArgumentKind(argument.kind()),
                          ", but must be a buffer");
  const format::Buffer &buffer = *program.buffers()->Get(argument.index());
  if (!isSame(*buffer.extent(), *launch.rows()))
    return report.damaged(entry, "buffer '", buffer.name()->str(),
                          "' has other rows than a library's product of it");
  if (buffer.row_bytes() != rowBytes)
    return report.damaged(entry, "buffer '", buffer.name()->str(),
                          "' has rows of ", buffer.row_bytes(),
                          " bytes, but a library's product has ", rowBytes);
  return true;
}

bool LibraryVerifier::verify() const {
  uint64_t sums = call.columns() * sizeof(float);
  return verifyWeight() &&
         verifyMatrix("rows", call.rows(),
                      call.depth() * elementBytes(call.type())) &&
         (call.residual() == kernel.operands() ||
          verifyMatrix("residuals", call.residual(), sums)) &&
         verifyMatrix("results", kernel.operands(), sums);
}

bool moert::verifyLibraryCall(const Report &report,
                              const VerifiedLaunch &launch,
                              const std::string &entry) {
  return LibraryVerifier(report, launch, entry).verify();
}
