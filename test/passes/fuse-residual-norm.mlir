// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-residual-norm))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-residual-norm{launch-seconds=0 bytes-per-second=1e30}))' %s | FileCheck %s --check-prefix=FREE

// CHECK-LABEL: func.func @add_then_norm
// CHECK: exec.group "residual-norm"
// CHECK: decoder.add
// CHECK-NEXT: decoder.rms_norm
// CHECK-NEXT: exec.yield %{{.*}}, %{{.*}} :
// Where launches are free, nothing is gained: both results are written anyway.
// FREE-LABEL: func.func @add_then_norm
// FREE-SAME: reason = "it takes more time in arithmetic than it saves in traffic and launches"
func.func @add_then_norm(%x: tensor<?x48xf32>, %d: tensor<?x48xf32>,
                         %norm: tensor<48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %y = decoder.add %x, %d : tensor<?x48xf32>
  %n = decoder.rms_norm %y, %norm epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  return %y, %n : tensor<?x48xf32>, tensor<?x48xf32>
}

// CHECK-LABEL: func.func @norm_alone
// CHECK-NOT: exec.group
func.func @norm_alone(%x: tensor<?x48xf32>, %norm: tensor<48xf32>)
    -> tensor<?x48xf32> {
  %n = decoder.rms_norm %x, %norm epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  return %n : tensor<?x48xf32>
}
