// RUN: not moec-opt --lower-to-exec='target=vax' %s 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not moec-opt --lower-to-exec='max-tokens=0' %s 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: not moec-opt --lower-to-exec='max-tokens=65537' %s 2>&1 | FileCheck %s --check-prefix=TOKENS

// TARGET: error: {{.*}}unknown target 'vax'; known are x86-64-v3
// TOKENS: error: {{.*}}cannot be compiled for steps of {{0|65537}} tokens; expected 1 to 65536
module {
}
