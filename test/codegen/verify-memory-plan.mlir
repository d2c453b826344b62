// RUN: moec-opt --pass-pipeline='builtin.module(exec.program(verify-memory-plan))' --verify-diagnostics --split-input-file %s

// Apart in space.
exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) arena(1024) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(512)
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

// Apart in time.
exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) arena(1024) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(512)
  %z = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  exec.launch @copy(%y, %z) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

// expected-error @+6 {{has no planned arena}}
exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(512)
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) arena(1024) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  // expected-error @+1 {{has no planned offset}}
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) arena(960) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  // expected-error @+1 {{takes 512 bytes at 512, but the arena has 960}}
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(512)
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.program @step regime("any") max_tokens(8) arena(1024) {
  // expected-note @+1 {{which is here}}
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  // expected-error @+1 {{overlaps a buffer at 0 that lives at the same time}}
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(448)
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}
