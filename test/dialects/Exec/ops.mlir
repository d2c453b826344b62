// RUN: moec-opt %s --verify-roundtrip | FileCheck %s
// CHECK-LABEL: exec.kernel @add_48
exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
