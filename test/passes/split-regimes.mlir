// RUN: moec-opt --moe-split-regimes='borders=8,64 max-tokens=512' %s | FileCheck %s
// RUN: moec-opt --moe-split-regimes='borders=16 max-tokens=512' %s | FileCheck %s --check-prefix=TWO
// RUN: moec-opt --moe-split-regimes='max-tokens=512' %s | FileCheck %s --check-prefix=ONE
// RUN: moec-opt --moe-split-regimes='borders=8,64 max-tokens=64' %s | FileCheck %s --check-prefix=SKINNY
// RUN: moec-opt --moe-split-regimes='borders=8,64 max-tokens=5' %s | FileCheck %s --check-prefix=DECODE
// RUN: not moec-opt --moe-split-regimes='borders=8,8' %s 2>&1 | FileCheck %s --check-prefix=EQUAL
// RUN: not moec-opt --moe-split-regimes='borders=0' %s 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not moec-opt --moe-split-regimes='borders=1,2,3' %s 2>&1 | FileCheck %s --check-prefix=MANY

// CHECK-LABEL: func.func @step.decode(
// CHECK-SAME: attributes {moe.max_tokens = 8 : i64, moe.regime = "decode"}
// CHECK: decoder.embed
// CHECK-LABEL: func.func @step.skinny(
// CHECK-SAME: attributes {moe.max_tokens = 64 : i64, moe.regime = "skinny"}
// CHECK: decoder.embed
// CHECK-LABEL: func.func @step.wide(
// CHECK-SAME: attributes {moe.max_tokens = 512 : i64, moe.regime = "wide"}
// CHECK: decoder.embed
// CHECK-NOT: func.func

// TWO: func.func @step.decode({{.*}}moe.max_tokens = 16
// TWO: func.func @step.wide({{.*}}moe.max_tokens = 512
// TWO-NOT: func.func

// ONE: func.func @step.wide({{.*}}moe.max_tokens = 512
// ONE-NOT: func.func

// A border that no step crosses makes no version.
// SKINNY: func.func @step.decode({{.*}}moe.max_tokens = 8
// SKINNY: func.func @step.skinny({{.*}}moe.max_tokens = 64
// SKINNY-NOT: func.func

// DECODE: func.func @step.decode({{.*}}moe.max_tokens = 5
// DECODE-NOT: func.func

// EQUAL: error: {{.*}}cannot be split at 8 tokens after 8; expected borders that grow from 1 on
// ZERO: error: {{.*}}cannot be split at 0 tokens after 0; expected borders that grow from 1 on
// MANY: error: {{.*}}cannot be split at 3 borders; expected at most 2
func.func @step(%tokens: tensor<?xi32>, %table: tensor<96x32xf32>)
    -> tensor<?x32xf32> {
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
  return %x : tensor<?x32xf32>
}
