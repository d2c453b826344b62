// RUN: moec-opt --pass-pipeline='builtin.module(func.func(x86-pack-matrix-operands))' --split-input-file --verify-diagnostics %s

// A weight that the step computes cannot be packed ahead.
func.func @computed_weight(%x: tensor<?x64xf32>, %w: tensor<96x64xf32>)
    -> tensor<?x96xf32> {
  // expected-error @+1 {{needs a weight that is a moe.read_parameter}}
  %y = decoder.linear %x, %w
      : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
