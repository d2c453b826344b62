#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the Debian packages that are missing, configures and builds into
# build/. Called by quickstart.sh and test/run.sh; everything that it says goes
# to stderr.
#
# usage: examples/build.sh TARGET...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 1>&2

packages=(
  # the toolchain
  clang-22 lld-22 g++ cmake ninja-build ccache python3
  # LLVM and MLIR; lit and FileCheck
  llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools liblld-22-dev
  libzstd-dev zlib1g-dev
  # what the compiler and the runtime stand on
  flatbuffers-compiler libflatbuffers-dev libcli11-dev nlohmann-json3-dev
  libsentencepiece-dev libxxhash-dev libgtest-dev libgmock-dev
  # exact arithmetic that instructions of the emulated device are tested by
  libmpfr-dev
)

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_missing() {
  local missing=() as_root=() package
  for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "error: examples/build.sh: this is not Debian; install these: ${missing[*]}"
    exit 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "error: examples/build.sh: run this as root first: apt-get install ${missing[*]}"
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

configure() {
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  [ -f build/build.ninja ] || cmake -G Ninja -B build \
    -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=/usr/lib/llvm-22/bin/clang \
    -DCMAKE_CXX_COMPILER=/usr/lib/llvm-22/bin/clang++ \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld \
    -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld
}

install_missing
configure
ninja -C build "$@"
