// RUN: moec-opt --pass-pipeline='builtin.module(exec.program(plan-memory,verify-memory-plan))' %s | FileCheck %s

exec.kernel @copy {
^bb0(%x: tensor<?x16xf32>):
  %y = decoder.add %x, %x : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.kernel @add {
^bb0(%x: tensor<?x16xf32>, %delta: tensor<?x16xf32>):
  %y = decoder.add %x, %delta : tensor<?x16xf32>
  exec.yield %y : tensor<?x16xf32>
}
exec.kernel @wide {
^bb0(%a: tensor<?x1000xf32>, %b: tensor<?x400xf32>, %c: tensor<?x200xf32>,
     %d: tensor<?x190xf32>):
  %x = decoder.add %a, %a : tensor<?x1000xf32>
  exec.yield
}
exec.kernel @small {
^bb0(%b: tensor<?x400xf32>, %s: tensor<?x150xf32>, %d: tensor<?x190xf32>):
  %x = decoder.add %b, %b : tensor<?x400xf32>
  exec.yield
}

// A chain needs two places: what a launch reads and what it writes.
// CHECK-LABEL: exec.program @chain
// CHECK-SAME: arena(1024)
exec.program @chain regime("any") max_tokens(8) {
  // CHECK: exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(0)
  // CHECK: exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32> at(512)
  // CHECK: exec.alloc #exec.extent<1 * rows + 0> of tensor<16xf32> at(0)
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  %z = exec.alloc #exec.extent<1 * rows + 0> of tensor<16xf32>
  %logits = exec.logits
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  exec.launch @copy(%y, %z) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  exec.launch @copy(%z, %logits) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// A value that is read again later keeps its place.
// CHECK-LABEL: exec.program @residual
// CHECK-SAME: arena(1536)
exec.program @residual regime("any") max_tokens(8) {
  // CHECK: exec.alloc {{.*}} at(0)
  // CHECK: exec.alloc {{.*}} at(512)
  // CHECK: exec.alloc {{.*}} at(1024)
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  %z = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  exec.launch @copy(%x, %y) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  exec.launch @add(%x, %y, %z) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// Of two gaps, the smaller one that fits is taken: %small goes to where %c was,
// between %b and %d, not to where %a was. Offsets are multiples of 64, and so is
// the arena.
// CHECK-LABEL: exec.program @best_fit
// CHECK-SAME: arena(7232)
exec.program @best_fit regime("any") max_tokens(1) {
  // CHECK: exec.alloc {{.*}} of tensor<1000xf32> at(0)
  // CHECK: exec.alloc {{.*}} of tensor<400xf32> at(4032)
  // CHECK: exec.alloc {{.*}} of tensor<200xf32> at(5632)
  // CHECK: exec.alloc {{.*}} of tensor<190xf32> at(6464)
  // CHECK: exec.alloc {{.*}} of tensor<150xf32> at(5632)
  %a = exec.alloc #exec.extent<1 * tokens + 0> of tensor<1000xf32>
  %b = exec.alloc #exec.extent<1 * tokens + 0> of tensor<400xf32>
  %c = exec.alloc #exec.extent<1 * tokens + 0> of tensor<200xf32>
  %d = exec.alloc #exec.extent<1 * tokens + 0> of tensor<190xf32>
  %small = exec.alloc #exec.extent<1 * tokens + 0> of tensor<150xf32>
  exec.launch @wide(%a, %b, %c, %d) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  exec.launch @small(%b, %small, %d) rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>) grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// A buffer that no launch uses goes; a program without buffers has no arena to
// speak of.
// CHECK-LABEL: exec.program @unused
// CHECK-SAME: arena(0)
// CHECK-NOT: exec.alloc
exec.program @unused regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
}
