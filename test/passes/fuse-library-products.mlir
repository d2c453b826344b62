// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-output-residual,moe-fuse-qkv))' %s | FileCheck %s
// RUN: not moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv,moe-require-fusions{fusions=qkv}))' %s 2>&1 | FileCheck %s --check-prefix=REQUIRED

// A product of a library takes a residual, and goes with nothing else.
// CHECK-LABEL: func.func @library
// CHECK-SAME: moe.not_fused = [{count = 1 : i64, fusion = "qkv", location = "{{[^"]+}}", operation = "decoder.linear", reason = "a library of the target computes decoder.linear"}]
// CHECK: decoder.linear {{.*}} {exec.library}
// CHECK-NEXT: exec.group "output-residual"
// CHECK: decoder.linear {{.*}} {exec.library}
// CHECK-NEXT: decoder.add
// CHECK: decoder.linear {{.*}} {exec.library}
// REQUIRED: error: {{.*}}does not fuse 'qkv', which is required: a library of the target computes decoder.linear
func.func @library(%x: tensor<?x48xf32>, %w: tensor<48x48xf32>, %v: tensor<48x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>, tensor<?x48xf32>) {
  %q = decoder.linear %x, %w {exec.library}
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %k = decoder.linear %x, %v {exec.library}
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %o = decoder.linear %q, %w {exec.library}
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %y = decoder.add %x, %o : tensor<?x48xf32>
  return %q, %k, %y : tensor<?x48xf32>, tensor<?x48xf32>, tensor<?x48xf32>
}
