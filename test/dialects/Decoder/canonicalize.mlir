// RUN: moec-opt %s --cse | FileCheck %s

// The sum does not depend on the order of its two operands.
// CHECK-LABEL: @add_is_commutative
func.func @add_is_commutative(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  // CHECK-NEXT: %[[SUM:.*]] = decoder.add
  // CHECK-NEXT: return %[[SUM]], %[[SUM]]
  %0 = decoder.add %x, %y : tensor<?x64xf32>
  %1 = decoder.add %y, %x : tensor<?x64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// What no one reads is not computed.
// CHECK-LABEL: @unused
func.func @unused(%gate: tensor<?x64xf32>) {
  // CHECK-NEXT: return
  %0 = decoder.swiglu %gate, %gate : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}
