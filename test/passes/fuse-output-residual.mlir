// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-output-residual))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-output-residual,moe-require-fusions{fusions=output-residual}))' %s 2>&1 | FileCheck %s
// RUN: not moec-opt --pass-pipeline='builtin.module(func.func(moe-require-fusions{fusions=output-residual}))' %s 2>&1 | FileCheck %s --check-prefix=NONE

// Addition commutes: the product may be either operand.
// CHECK-LABEL: func.func @either_side
// CHECK: exec.group "output-residual"
// CHECK: decoder.linear
// CHECK-NEXT: decoder.add
// CHECK: exec.group "output-residual"
// NONE: error: {{.*}}does not fuse 'output-residual', which is required: it has no operations that this applies to
func.func @either_side(%a: tensor<?x48xf32>, %w: tensor<48x48xf32>,
                       %x: tensor<?x48xf32>) -> tensor<?x48xf32> {
  %o = decoder.linear %a, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %y = decoder.add %x, %o : tensor<?x48xf32>
  %p = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %z = decoder.add %p, %y : tensor<?x48xf32>
  return %z : tensor<?x48xf32>
}
