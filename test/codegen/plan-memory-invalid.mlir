// RUN: moec-opt --pass-pipeline='builtin.module(exec.program(plan-memory))' --verify-diagnostics --split-input-file %s

exec.kernel @copy {
^bb0(%x: tensor<?x16384xf32>):
  %y = decoder.add %x, %x : tensor<?x16384xf32>
  exec.yield %y : tensor<?x16384xf32>
}
exec.program @step regime("any") max_tokens(65536) {
  // expected-error @+1 {{takes 1125899906842624 bytes at 65536 tokens; expected less than 1099511627776}}
  %x = exec.alloc #exec.extent<262144 * tokens + 0> of tensor<16384xf32>
  exec.launch @copy(%x, %x) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(65536) {
  // expected-error @+1 {{takes more than 2^63 bytes}}
  %x = exec.alloc #exec.extent<4611686018427387904 * tokens + 0> of tensor<16xf32>
  exec.launch @copy(%x, %x) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}
