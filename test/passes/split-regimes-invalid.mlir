// RUN: moec-opt --moe-split-regimes %s --split-input-file --verify-diagnostics

// expected-error @below {{has no function @step}}
module {
}
