// RUN: moec-opt --pass-pipeline='builtin.module(func.func(x86-pack-matrix-operands))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(x86-pack-matrix-operands,cse))' %s | FileCheck %s --check-prefix=CSE
// Packing twice changes nothing.
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(x86-pack-matrix-operands,x86-pack-matrix-operands))' %s | FileCheck %s

moe.parameter @square : tensor<64x64xbf16>
moe.parameter @wide : tensor<96x64xbf16>
moe.parameter @experts.a : tensor<4x96x64xbf16>
moe.parameter @experts.b : tensor<4x96x64xbf16>
moe.parameter @square.f32 : tensor<64x64xf32>
moe.parameter @square.f16 : tensor<64x64xf16>
moe.parameter @gate : tensor<4x64xf32>
moe.parameter @bias : tensor<4xf32>

// An activation that several products read is packed once, and so is a weight.
// CHECK-LABEL: func.func @bf16
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xbf16>
// CHECK: %[[SQUARE:.*]] = moe.read_parameter @square :
// CHECK: %[[WIDE:.*]] = moe.read_parameter @wide :
// CHECK: %[[SP:.*]] = exec.pack %[[SQUARE]] : tensor<64x64xbf16> -> tensor<64x64xbf16, #exec.panels<32, 8, 2>>
// CHECK: %[[XP:.*]] = exec.pack %[[X]] : tensor<?x64xbf16> -> tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>
// CHECK: decoder.linear %[[XP]], %[[SP]]
// CHECK: %[[WP:.*]] = exec.pack %[[WIDE]] : tensor<96x64xbf16> -> tensor<96x64xbf16, #exec.panels<32, 8, 2>>
// CHECK-NOT: exec.pack
// CHECK: decoder.linear %[[XP]], %[[WP]]
// CHECK-NOT: exec.pack
// CHECK: decoder.linear %[[XP]], %[[SP]]
// CHECK-NOT: exec.pack
// CHECK: return
func.func @bf16(%x: tensor<?x64xbf16>)
    -> (tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x64xf32>) {
  %square = moe.read_parameter @square : tensor<64x64xbf16>
  %wide = moe.read_parameter @wide : tensor<96x64xbf16>
  %a = decoder.linear %x, %square
      : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
  %b = decoder.linear %x, %wide
      : tensor<?x64xbf16>, tensor<96x64xbf16> -> tensor<?x96xf32>
  %c = decoder.linear %x, %square
      : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
  return %a, %b, %c : tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x64xf32>
}

// f32 and f16 weights are read one element at a time.
// CHECK-LABEL: func.func @f32_and_f16
// CHECK: exec.pack %{{.*}} : tensor<64x64xf32> -> tensor<64x64xf32, #exec.panels<32, 4, 1>>
// CHECK: %[[XP:.*]] = exec.pack %{{.*}} : tensor<?x64xf32> -> tensor<?x64xf32, #exec.row_blocks<12, 256, 4>>
// CHECK: decoder.linear %[[XP]]
// CHECK: exec.pack %{{.*}} : tensor<64x64xf16> -> tensor<64x64xf16, #exec.panels<32, 4, 1>>
// CHECK: decoder.linear %[[XP]]
func.func @f32_and_f16(%x: tensor<?x64xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w32 = moe.read_parameter @square.f32 : tensor<64x64xf32>
  %w16 = moe.read_parameter @square.f16 : tensor<64x64xf16>
  %a = decoder.linear %x, %w32
      : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
  %b = decoder.linear %x, %w16
      : tensor<?x64xf32>, tensor<64x64xf16> -> tensor<?x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

// Grouped rows are packed by group, once for both products.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xbf16>, %[[PLAN:[^:]*]]: !moe.plan<4, 2>
// CHECK: exec.pack %{{.*}} : tensor<4x96x64xbf16> -> tensor<4x96x64xbf16, #exec.panels<32, 8, 2>>
// CHECK: %[[XP:.*]] = exec.pack %[[X]] groups(%[[PLAN]] : !moe.plan<4, 2>) : tensor<?x64xbf16> -> tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>
// CHECK: moe.grouped_linear %[[XP]]
// CHECK: exec.pack %{{.*}} : tensor<4x96x64xbf16>
// CHECK-NOT: groups
// CHECK: moe.grouped_linear %[[XP]]
func.func @grouped(%x: tensor<?x64xbf16>, %plan: !moe.plan<4, 2>)
    -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %wa = moe.read_parameter @experts.a : tensor<4x96x64xbf16>
  %wb = moe.read_parameter @experts.b : tensor<4x96x64xbf16>
  %a = moe.grouped_linear %x, %wa, %plan
      : tensor<?x64xbf16>, tensor<4x96x64xbf16>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %b = moe.grouped_linear %x, %wb, %plan
      : tensor<?x64xbf16>, tensor<4x96x64xbf16>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  return %a, %b : tensor<?x96xf32>, tensor<?x96xf32>
}

// The router is a product like the others; its bias stays as it is.
// CHECK-LABEL: func.func @router
// CHECK: %[[BIAS:.*]] = moe.read_parameter @bias
// CHECK: moe.router %{{.*}}, %{{.*}} bias %[[BIAS]] : tensor<4xf32> : tensor<?x64xf32, #exec.row_blocks<12, 256, 4>>, tensor<4x64xf32, #exec.panels<32, 4, 1>>
func.func @router(%x: tensor<?x64xf32>) -> tensor<?x4xf32> {
  %w = moe.read_parameter @gate : tensor<4x64xf32>
  %bias = moe.read_parameter @bias : tensor<4xf32>
  %y = moe.router %x, %w bias %bias : tensor<4xf32>
      : tensor<?x64xf32>, tensor<4x64xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// Packs written by hand are shared with those that products need, after the
// elimination of common subexpressions: that is how a converted activation, too,
// is computed once for all of its readers.
// CSE-LABEL: func.func @by_hand
// CSE-COUNT-1: exec.pack %{{.*}} : tensor<?x64xbf16> -> tensor<?x64xbf16, #exec.row_blocks
// CSE-NOT: exec.pack %{{.*}} : tensor<?x64xbf16>
// CSE: return
func.func @by_hand(%x: tensor<?x64xbf16>)
    -> (tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x96xf32>) {
  %square = moe.read_parameter @square : tensor<64x64xbf16>
  %wide = moe.read_parameter @wide : tensor<96x64xbf16>
  %sp = exec.pack %square : tensor<64x64xbf16>
      -> tensor<64x64xbf16, #exec.panels<32, 8, 2>>
  %wp = exec.pack %wide : tensor<96x64xbf16>
      -> tensor<96x64xbf16, #exec.panels<32, 8, 2>>
  %p = exec.pack %x : tensor<?x64xbf16>
      -> tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>
  %a = decoder.linear %p, %sp
      : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
        tensor<64x64xbf16, #exec.panels<32, 8, 2>> -> tensor<?x64xf32>
  %q = exec.pack %x : tensor<?x64xbf16>
      -> tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>
  %b = decoder.linear %q, %wp
      : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
        tensor<96x64xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
  %c = decoder.linear %x, %wide
      : tensor<?x64xbf16>, tensor<96x64xbf16> -> tensor<?x96xf32>
  return %a, %b, %c : tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x96xf32>
}

// A group packs for itself what it reads; products outside of it share a pack.
// CSE-LABEL: func.func @beside_a_group
// CSE: exec.group "output-residual"(%arg0
// CSE: %[[P:.*]] = exec.pack %arg0 :
// CSE-NOT: exec.pack %arg0
// CSE: decoder.linear %[[P]]
// CSE: decoder.linear %[[P]]
func.func @beside_a_group(%x: tensor<?x64xbf16>, %r: tensor<?x64xf32>)
    -> (tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x64xf32>) {
  %square = moe.read_parameter @square : tensor<64x64xbf16>
  %wide = moe.read_parameter @wide : tensor<96x64xbf16>
  %y = exec.group "output-residual"(%x, %square, %r)
      : (tensor<?x64xbf16>, tensor<64x64xbf16>, tensor<?x64xf32>)
      -> tensor<?x64xf32> {
  ^bb0(%a: tensor<?x64xbf16>, %w: tensor<64x64xbf16>, %b: tensor<?x64xf32>):
    %o = decoder.linear %a, %w
        : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
    %s = decoder.add %b, %o : tensor<?x64xf32>
    exec.yield %s : tensor<?x64xf32>
  }
  %b = decoder.linear %x, %wide
      : tensor<?x64xbf16>, tensor<96x64xbf16> -> tensor<?x96xf32>
  %c = decoder.linear %x, %square
      : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
  return %y, %b, %c : tensor<?x64xf32>, tensor<?x96xf32>, tensor<?x64xf32>
}
