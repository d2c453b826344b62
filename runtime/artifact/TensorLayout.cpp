//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/TensorLayout.h"

#include "runtime/abi/Header.h"

using namespace moert;
using format::DataType;
using format::Layout;

uint64_t moert::elementBytes(DataType type) {
  return type == DataType::F32 ? 4 : 2;
}

const char *moert::dataTypeName(DataType type) {
  switch (type) {
  case DataType::F32:
    return "f32";
  case DataType::F16:
    return "f16";
  case DataType::BF16:
    return "bf16";
  }
  return "unknown";
}

CheckedSize TensorForm::bytes() const {
  CheckedSize elements = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    CheckedSize dimension = shape[i];
    if (layout == Layout::Panels && i + 1 == shape.size())
      dimension = roundUp(dimension, depth);
    else if (layout == Layout::Panels && i + 2 == shape.size())
      dimension = roundUp(dimension, width);
    elements = elements * dimension;
  }
  return elements * elementBytes(type);
}

std::string TensorForm::layoutName() const {
  if (layout == Layout::RowMajor)
    return "row-major";
  return "panels<" + std::to_string(width) + ", " + std::to_string(depth) +
         ", " + std::to_string(unit) + ">";
}

std::string TensorForm::typeName() const {
  std::string name;
  for (uint64_t dimension : shape)
    name += std::to_string(dimension) + "x";
  return name + dataTypeName(type);
}

TensorForm TensorForm::of(const format::Tensor &tensor) {
  TensorForm form;
  form.type = tensor.type();
  form.shape.assign(tensor.shape()->begin(), tensor.shape()->end());
  form.layout = tensor.layout();
  form.width = tensor.panel_width();
  form.depth = tensor.panel_depth();
  form.unit = tensor.panel_unit();
  return form;
}

CheckedSize moert::placeTensor(uint64_t end) {
  if (end == 0)
    return CheckedSize(0);
  return roundUp(CheckedSize(end) + MOERT_TENSOR_GAP, MOERT_TENSOR_ALIGNMENT);
}
