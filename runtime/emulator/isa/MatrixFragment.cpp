//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.14.4: wmma, whose fragments have a layout of the device's own.
//
// Here, the elements of a matrix follow each other row by row through the
// lanes: lane 0 holds the first 1/32 of them, its registers in order. Registers
// that are left, of f16 operands, are 0.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/MatrixTile.h"

#include <array>
#include <cstring>
#include <iterator>
#include <vector>

namespace emulator {
namespace {

constexpr unsigned maxElements = 32 * 16; ///< of A, B or C

/// A matrix in registers.
struct Fragment {
  unsigned rows = 0, columns = 0;
  Type type = Type::None;
  std::vector<Slot> registers;

  unsigned bytes() const { return bitsOf(type) / 8; }
  unsigned perLane() const { return rows * columns / warpLanes; }
  unsigned perRegister() const { return bytes() >= 4 ? 1 : 4 / bytes(); }
  /// Element `i` of a lane.
  std::byte *at(Warp &warp, unsigned lane, unsigned i) const {
    const unsigned width = std::max(4u, bytes());
    return warp.lanes<std::byte>(registers[i / perRegister()]) + lane * width +
           i % perRegister() * bytes();
  }
};

struct Shape {
  unsigned m = 0, n = 0, k = 0;
};

/// `m16n16k16`.
Shape shapeOf(std::string_view word) {
  std::array<unsigned, 3> numbers{};
  size_t which = 0;
  for (char c : word.substr(1)) {
    if (c == 'n' || c == 'k')
      ++which;
    else
      numbers[which] = numbers[which] * 10 + static_cast<unsigned>(c - '0');
  }
  return {numbers[0], numbers[1], numbers[2]};
}

Fragment fragmentOf(Selection &s, std::string_view operand, unsigned rows,
                    unsigned columns, Type type) {
  Fragment fragment;
  fragment.rows = rows;
  fragment.columns = columns;
  fragment.type = type;
  const unsigned needed =
      std::max(1u, fragment.perLane() / fragment.perRegister());
  const unsigned count = s.count(operand);
  const bool isOperand = operand == "a" || operand == "b";
  const unsigned expected = type == Type::F16 && isOperand ? 8 : needed;
  if (count != expected)
    s.refuse("operand `" + std::string(operand) + "` has " +
             std::to_string(count) + " registers; expected " +
             std::to_string(expected));
  for (unsigned q = 0; q < count; ++q)
    fragment.registers.push_back(s.slot(operand, q));
  return fragment;
}

// --- 9.7.14.4.3, .4: wmma.load, wmma.store ---

struct MoveUse {
  Fragment fragment;
  AddressOperand address;
  MemorySpace space = MemorySpace::Generic;
  bool byColumns = false;
  Slot stride = noSlot; ///< elements between rows (or columns)
};

/// Calls visit(memory, register) for each element.
template <AccessKind kind, class Visit>
Outcome eachElement(Warp &warp, const MoveUse &use, Visit visit) {
  const Fragment &fragment = use.fragment;
  const unsigned along = use.byColumns ? fragment.rows : fragment.columns;
  const uint64_t stride =
      use.stride == noSlot ? along : warp.lanes<uint32_t>(use.stride)[0];
  const uint64_t base = use.address.at(warp, 0);
  for (unsigned i = 0; i < fragment.perLane(); ++i) {
    Access access;
    access.space = use.space;
    access.kind = kind;
    access.bytes = fragment.bytes();
    access.lanes = allLanes;
    for (unsigned lane = 0; lane < warpLanes; ++lane) {
      const unsigned at = lane * fragment.perLane() + i;
      const uint64_t row = at / fragment.columns;
      const uint64_t column = at % fragment.columns;
      const uint64_t index =
          use.byColumns ? column * stride + row : row * stride + column;
      access.address[lane] = base + index * fragment.bytes();
    }
    Pointers pointers;
    if (!warp.translate(access, pointers))
      return Outcome::Fault;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      visit(pointers.lane[lane], fragment.at(warp, lane, i));
  }
  return Outcome::Next;
}

Outcome load(Warp &warp, const Instruction &i, Mask) {
  const MoveUse &use = i.detailAs<MoveUse>();
  const Fragment &fragment = use.fragment;
  for (Slot slot : fragment.registers)
    std::memset(warp.lanes<std::byte>(slot), 0,
                warpLanes * std::max(4u, fragment.bytes()));
  return eachElement<AccessKind::Load>(
      warp, use, [&](const std::byte *memory, std::byte *own) {
        std::memcpy(own, memory, fragment.bytes());
      });
}

Outcome store(Warp &warp, const Instruction &i, Mask) {
  const MoveUse &use = i.detailAs<MoveUse>();
  warp.wrote();
  return eachElement<AccessKind::Store>(
      warp, use, [&](std::byte *memory, const std::byte *own) {
        std::memcpy(memory, own, use.fragment.bytes());
      });
}

Handler selectMove(Selection &s) {
  MoveUse use;
  const Shape shape = shapeOf(s.word("shape"));
  std::string_view which = s.word("which");
  const unsigned rows = which == "b" ? shape.k : shape.m;
  const unsigned columns = which == "a" ? shape.k : shape.n;
  use.fragment = fragmentOf(s, which, rows, columns, s.type("type"));
  use.address = addressOperand(s, "p");
  use.space = s.word("ss") == "global" ? MemorySpace::Global
                                       : sharedSpace(s.word("ss"));
  use.byColumns = s.word("layout") == "col";
  use.stride = s.slot("stride");
  s.detail(std::move(use));
  return which == "d" ? store : load;
}

// --- 9.7.14.4.5: wmma.mma ---

struct ProductUse {
  Shape shape;
  Fragment a, b, c, d;
  bool saturate = false;
};

void decode(Type, const std::byte *packed, size_t, double *value) {
  std::memcpy(value, packed, sizeof(*value));
}
using emulator::decode;

/// Row-major elements of a fragment.
template <class T>
void gather(Warp &warp, const Fragment &fragment, T *values) {
  for (unsigned at = 0; at < fragment.rows * fragment.columns; ++at)
    decode(fragment.type,
           fragment.at(warp, at / fragment.perLane(), at % fragment.perLane()),
           1, values + at);
}

void writeResult(const Fragment &c, const Fragment &d, Warp &warp, unsigned at,
                 float sum, bool saturate) {
  const unsigned lane = at / d.perLane(), i = at % d.perLane();
  std::byte *to = d.at(warp, lane, i);
  if (d.type == Type::S32) {
    int32_t before;
    std::memcpy(&before, c.at(warp, lane, i), sizeof(before));
    const int32_t result =
        integerResult(int64_t(before) + static_cast<int64_t>(sum), saturate);
    std::memcpy(to, &result, sizeof(result));
  } else if (d.type == Type::F16) {
    const uint16_t half = floatToHalf(sum);
    std::memcpy(to, &half, sizeof(half));
  } else {
    std::memcpy(to, &sum, sizeof(sum));
  }
}

/// The sum of element (row, column) that is added to C's.
template <class T>
T productAt(const Shape &shape, const T *a, const T *b, unsigned row,
            unsigned column, T sum) {
  for (unsigned k = 0; k < shape.k; ++k)
    sum = a[row * shape.k + k] * b[k * shape.n + column] + sum;
  return sum;
}

Outcome multiply(Warp &warp, const Instruction &i, Mask) {
  const ProductUse &use = i.detailAs<ProductUse>();
  float a[maxElements], b[maxElements], c[maxElements] = {};
  float sums[maxElements];
  gather(warp, use.a, a);
  gather(warp, use.b, b);
  const bool integers = use.d.type == Type::S32;
  const unsigned count = use.shape.m * use.shape.n;
  for (unsigned at = 0; !integers && at < count; ++at) {
    const std::byte *from =
        use.c.at(warp, at / use.c.perLane(), at % use.c.perLane());
    if (use.c.type == Type::F16)
      decode(Type::F16, from, 1, c + at);
    else
      std::memcpy(c + at, from, sizeof(float));
  }
  for (unsigned at = 0; at < count; ++at)
    sums[at] =
        productAt(use.shape, a, b, at / use.shape.n, at % use.shape.n, c[at]);
  for (unsigned at = 0; at < count; ++at)
    writeResult(use.c, use.d, warp, at, sums[at], use.saturate);
  return Outcome::Next;
}

Outcome multiplyDoubles(Warp &warp, const Instruction &i, Mask) {
  const ProductUse &use = i.detailAs<ProductUse>();
  double a[32], b[32], c[64], sums[64];
  gather(warp, use.a, a);
  gather(warp, use.b, b);
  gather(warp, use.c, c);
  for (unsigned at = 0; at < 64; ++at) {
    sums[at] = c[at];
    for (unsigned k = 0; k < use.shape.k; ++k)
      sums[at] = __builtin_fma(a[at / 8 * use.shape.k + k], b[k * 8 + at % 8],
                               sums[at]);
  }
  for (unsigned at = 0; at < 64; ++at)
    std::memcpy(use.d.at(warp, at / 2, at % 2), sums + at, sizeof(double));
  return Outcome::Next;
}

Handler selectProduct(Selection &s) {
  ProductUse use;
  use.shape = shapeOf(s.word("shape"));
  const auto [m, n, k] = use.shape;
  Type a = s.type("atype"), b = s.type("btype");
  if (a == Type::None)
    a = b = Type::F16;
  if (a != b)
    s.refuse("A and B must have the same type");
  use.a = fragmentOf(s, "a", m, k, a);
  use.b = fragmentOf(s, "b", k, n, b);
  use.c = fragmentOf(s, "c", m, n, s.type("ctype"));
  use.d = fragmentOf(s, "d", m, n, s.type("dtype"));
  use.saturate = s.has("satfinite");
  s.detail(std::move(use));
  return a == Type::F64 ? multiplyDoubles : multiply;
}

constexpr Convergence full = Convergence::Full;
#define SPACES                                                                 \
  "layout = row col; ss = global shared shared::cta; shape = m16n16k16 "       \
  "m8n32k16 m32n8k16 m16n16k8 m8n8k4; "
#define LAYOUTS "alayout = row col; blayout = row col; "
#define WIDE "shape = m16n16k16 m8n32k16 m32n8k16; "
#define OPERANDS "d:b32+, a:b32+, b:b32+, c:b32+"
const char *const product =
    "wmma.mma.sync.aligned.alayout.blayout.shape.dtype.atype.btype.ctype"
    "{.satfinite} " OPERANDS;
const Row rows[] = {
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type a:b32+, [p]"
     "{, stride:u32}",
     SPACES "which = a; type = f16 bf16 tf32 s8 u8", selectMove, "sm_70", full},
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type b:b32+, [p]"
     "{, stride:u32}",
     SPACES "which = b; type = f16 bf16 tf32 s8 u8", selectMove, "sm_70", full},
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type c:b32+, [p]"
     "{, stride:u32}",
     SPACES "which = c; type = f16 f32 s32", selectMove, "sm_70", full},
    {"9.7.14.4.4",
     "wmma.store.which.sync.aligned.layout.shape{.ss}.type [p], d:b32+"
     "{, stride:u32}",
     SPACES "which = d; type = f16 f32 s32", selectMove, "sm_70", full},
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type a:f64+, [p]"
     "{, stride:u32}",
     SPACES "which = a; type = f64", selectMove, "sm_80", full},
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type b:f64+, [p]"
     "{, stride:u32}",
     SPACES "which = b; type = f64", selectMove, "sm_80", full},
    {"9.7.14.4.3",
     "wmma.load.which.sync.aligned.layout.shape{.ss}.type c:f64+, [p]"
     "{, stride:u32}",
     SPACES "which = c; type = f64", selectMove, "sm_80", full},
    {"9.7.14.4.4",
     "wmma.store.which.sync.aligned.layout.shape{.ss}.type [p], d:f64+"
     "{, stride:u32}",
     SPACES "which = d; type = f64", selectMove, "sm_80", full},
    {"9.7.14.4.5",
     "wmma.mma.sync.aligned.alayout.blayout.shape.dtype.ctype " OPERANDS,
     LAYOUTS WIDE "dtype = f16 f32; ctype = f16 f32", selectProduct, "sm_70",
     full},
    {"9.7.14.4.5", product,
     LAYOUTS WIDE "dtype = f32; atype = bf16; btype = bf16; ctype = f32",
     selectProduct, "sm_80", full},
    {"9.7.14.4.5", product,
     LAYOUTS WIDE "dtype = s32; atype = s8 u8; btype = s8 u8; ctype = s32",
     selectProduct, "sm_72", full},
    {"9.7.14.4.5", product,
     LAYOUTS "shape = m16n16k8; dtype = f32; atype = tf32; btype = tf32; "
             "ctype = f32",
     selectProduct, "sm_80", full},
    {"9.7.14.4.5",
     "wmma.mma.sync.aligned.alayout.blayout.shape.dtype.atype.btype.ctype{.rn} "
     "d:f64+, a:f64+, b:f64+, c:f64+",
     LAYOUTS "shape = m8n8k4; dtype = f64; atype = f64; btype = f64; "
             "ctype = f64",
     selectProduct, "sm_80", full},
};

} // namespace

Section matrixFragmentSection() {
  return {"Warp-Level Matrix Fragments (wmma)", rows, std::size(rows)};
}

} // namespace emulator
