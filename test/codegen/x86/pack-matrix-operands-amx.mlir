// RUN: moec-opt --pass-pipeline='builtin.module(func.func(x86-pack-matrix-operands{amx=true}))' %s | FileCheck %s

moe.parameter @square : tensor<64x64xbf16>
moe.parameter @experts : tensor<4x96x64xbf16>
moe.parameter @square.f16 : tensor<64x64xf16>
moe.parameter @gate : tensor<4x64xbf16>

// Weights have the layout of all targets; rows of bf16 stay as they are.
// CHECK-LABEL: func.func @products
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xbf16>
// CHECK: exec.pack %{{.*}} : tensor<64x64xbf16> -> tensor<64x64xbf16, #exec.panels<32, 8, 2>>
// CHECK-NOT: row_blocks
// CHECK: decoder.linear %[[X]]
// CHECK: exec.pack %{{.*}} : tensor<4x96x64xbf16> -> tensor<4x96x64xbf16, #exec.panels<32, 8, 2>>
// CHECK-NOT: row_blocks
// CHECK: moe.grouped_linear %[[X]]
func.func @products(%x: tensor<?x64xbf16>, %plan: !moe.plan<4, 2>)
    -> (tensor<?x64xf32>, tensor<?x96xf32>) {
  %square = moe.read_parameter @square : tensor<64x64xbf16>
  %experts = moe.read_parameter @experts : tensor<4x96x64xbf16>
  %a = decoder.linear %x, %square
      : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
  %b = moe.grouped_linear %x, %experts, %plan
      : tensor<?x64xbf16>, tensor<4x96x64xbf16>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x96xf32>
}

// A group's rows, too.
// CHECK-LABEL: func.func @group
// CHECK-NOT: row_blocks
// CHECK: return
func.func @group(%x: tensor<?x64xbf16>, %r: tensor<?x64xf32>)
    -> tensor<?x64xf32> {
  %square = moe.read_parameter @square : tensor<64x64xbf16>
  %y = exec.group "output-residual"(%x, %square, %r)
      : (tensor<?x64xbf16>, tensor<64x64xbf16>, tensor<?x64xf32>)
      -> tensor<?x64xf32> {
  ^bb0(%a: tensor<?x64xbf16>, %w: tensor<64x64xbf16>, %b: tensor<?x64xf32>):
    %o = decoder.linear %a, %w
        : tensor<?x64xbf16>, tensor<64x64xbf16> -> tensor<?x64xf32>
    %s = decoder.add %b, %o : tensor<?x64xf32>
    exec.yield %s : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// Scores of experts, and products of other weights, are computed as elsewhere.
// CHECK-LABEL: func.func @others
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xbf16>, %[[F:[^:]*]]: tensor<?x64xf32>
// CHECK: %[[XP:.*]] = exec.pack %[[X]] : tensor<?x64xbf16> -> tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>
// CHECK: moe.router %[[XP]]
// CHECK: %[[FP:.*]] = exec.pack %[[F]] : tensor<?x64xf32> -> tensor<?x64xf32, #exec.row_blocks<12, 256, 4>>
// CHECK: decoder.linear %[[FP]]
func.func @others(%x: tensor<?x64xbf16>, %f: tensor<?x64xf32>)
    -> (tensor<?x4xf32>, tensor<?x64xf32>) {
  %gate = moe.read_parameter @gate : tensor<4x64xbf16>
  %square = moe.read_parameter @square.f16 : tensor<64x64xf16>
  %s = moe.router %x, %gate
      : tensor<?x64xbf16>, tensor<4x64xbf16> -> tensor<?x4xf32>
  %y = decoder.linear %f, %square
      : tensor<?x64xf32>, tensor<64x64xf16> -> tensor<?x64xf32>
  return %s, %y : tensor<?x4xf32>, tensor<?x64xf32>
}
