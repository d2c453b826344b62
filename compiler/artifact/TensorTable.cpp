//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Tables.h"

#include "runtime/abi/Header.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;
using namespace moec;
namespace format = moert::format;

/// What a reader accepts, in bytes.
static constexpr size_t longestName = 1024;

Expected<format::DataType> moec::toDataType(Type type) {
  if (type.isF32())
    return format::DataType::F32;
  if (type.isF16())
    return format::DataType::F16;
  if (type.isBF16())
    return format::DataType::BF16;
  std::string name;
  raw_string_ostream(name) << type;
  return createStringError("an artifact has no elements of type " + name +
                           "; expected f32, f16 or bf16");
}

/// The stored form that the type of an exec.tensor describes.
static Expected<moert::TensorForm> toForm(RankedTensorType type) {
  moert::TensorForm form;
  Expected<format::DataType> element = toDataType(type.getElementType());
  if (!element)
    return element.takeError();
  form.type = *element;
  form.shape.assign(type.getShape().begin(), type.getShape().end());
  Attribute encoding = type.getEncoding();
  if (!encoding)
    return form;
  auto panels = dyn_cast<exec::PanelsAttr>(encoding);
  if (!panels || (type.getRank() != 2 && type.getRank() != 3))
    return createStringError("weights are stored row-major, or as panels of a "
                             "matrix or of a stack of matrices");
  form.layout = format::Layout::Panels;
  form.width = panels.getWidth();
  form.depth = panels.getDepth();
  form.unit = panels.getUnit();
  return form;
}

Expected<uint32_t> TensorTable::add(exec::TensorOp tensor) {
  auto fail = [&](const Twine &what) {
    return createStringError("parameter '" + tensor.getParameter() +
                             "': " + what);
  };
  auto parameter = SymbolTable::lookupNearestSymbolFrom<moe::ParameterOp>(
      tensor, tensor.getParameterAttr());
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!parameter || !type || !type.hasStaticShape())
    return fail("is not declared, or not as a static tensor");
  if (tensor.getParameter().size() > longestName ||
      !all_of(tensor.getParameter(), isPrint))
    return fail("the name is too long or not printable");
  Expected<moert::TensorForm> form = toForm(type);
  if (!form)
    return fail(toString(form.takeError()));
  std::string key = (tensor.getParameter() + "\n" + form->layoutName()).str();
  auto [known, isNew] = indices.try_emplace(key, stored.size());
  if (!isNew)
    return known->second;
  moert::CheckedSize length = form->bytes();
  moert::CheckedSize offset = moert::placeTensor(end);
  if (!offset || !(length + offset))
    return fail(form->typeName() + " does not fit 64 bits");
  stored.push_back({parameter, *form, *offset, *length, 0});
  end = *offset + *length;
  return known->second;
}
