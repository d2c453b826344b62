// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-output-residual))' %s | FileCheck %s
// RUN: not moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-output-residual,moe-require-fusions{fusions=output-residual}))' %s 2>&1 | FileCheck %s --check-prefix=ERROR

// Does not fuse when the product is read elsewhere; if it is required, that is
// an error with this reason.
// CHECK: moe.not_fused = [{count = 1 : i64, fusion = "output-residual", location = "{{[^"]+}}", operation = "decoder.add", reason = "the result of decoder.linear is also read by func.return"}]
// CHECK-NOT: exec.group
// ERROR: error: {{.*}}does not fuse 'output-residual', which is required: the result of decoder.linear is also read by func.return
func.func @product_leaves(%a: tensor<?x48xf32>, %w: tensor<48x48xf32>,
                          %x: tensor<?x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %o = decoder.linear %a, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %y = decoder.add %x, %o : tensor<?x48xf32>
  return %o, %y : tensor<?x48xf32>, tensor<?x48xf32>
}
