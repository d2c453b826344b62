//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Runs the oracle on a checkpoint folder and writes the logits of a text as
/// NumPy, and on stdout the tokens that follow:
///   moec-reference FOLDER OUT.npy GREEDY TOKEN...
///
//===----------------------------------------------------------------------===//

#include "test/reference/Model.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

static void writeNpy(const char *path, const reference::Matrix &values,
                     size_t columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(values.size() / columns) + ", " +
                       std::to_string(columns) + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  uint16_t size = header.size();
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.write(reinterpret_cast<char *>(&size), 2) << header;
  for (double value : values) {
    float narrow = value;
    file.write(reinterpret_cast<char *>(&narrow), 4);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: moec-reference FOLDER OUT.npy GREEDY TOKEN...\n");
    return 2;
  }
  std::vector<int> tokens;
  for (int i = 4; i < argc; ++i)
    tokens.push_back(std::atoi(argv[i]));
  try {
    reference::Model model(argv[1]);
    writeNpy(argv[2], model.forward(tokens), model.config.vocabulary);
    for (int token : model.greedy(tokens, std::atoi(argv[3])))
      std::printf("%d\n", token);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
