//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/AmxEmulator.h"

#include "runtime/abi/Amx.h"

#include <cmath>
#include <cpuid.h>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <ucontext.h>

namespace {

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

constexpr int mostRows = 16, mostRowBytes = 64;

/// What LDTILECFG reads, and the contents of one register.
struct Config {
  uint8_t palette, startRow, reserved[14];
  uint16_t rowBytes[16];
  uint8_t rows[16];
};
struct Tile {
  alignas(64) unsigned char bytes[mostRows][mostRowBytes];
};

/// Those of a thread. Zeros: nothing is configured.
thread_local Config config;
thread_local Tile tiles[8];

[[noreturn]] void giveUp(const char *why) {
  // Async-signal-safe.
  ssize_t ignored = write(STDERR_FILENO, why, std::strlen(why));
  static_cast<void>(ignored);
  std::abort();
}

void loadConfig(const unsigned char *from) {
  std::memcpy(&config, from, sizeof(config));
  std::memset(tiles, 0, sizeof(tiles));
  if (config.palette != 1)
    giveUp("AMX: LDTILECFG of a palette other than 1\n");
  for (int i = 0; i < 8; ++i)
    if (config.rows[i] > mostRows || config.rowBytes[i] > mostRowBytes ||
        !config.rows[i] != !config.rowBytes[i])
      giveUp("AMX: LDTILECFG of a tile that cannot be\n");
}

/// Rows and bytes of a register beyond its configuration are zeros.
void clear(int tile) { std::memset(&tiles[tile], 0, sizeof(Tile)); }

void checkConfigured(int tile) {
  if (!config.rows[tile])
    giveUp("AMX: a tile that is not configured\n");
}

void load(int tile, const unsigned char *from, int64_t stride) {
  checkConfigured(tile);
  clear(tile);
  for (int row = 0; row < config.rows[tile]; ++row)
    std::memcpy(tiles[tile].bytes[row], from + row * stride,
                config.rowBytes[tile]);
}

void store(int tile, unsigned char *to, int64_t stride) {
  checkConfigured(tile);
  for (int row = 0; row < config.rows[tile]; ++row)
    std::memcpy(to + row * stride, tiles[tile].bytes[row],
                config.rowBytes[tile]);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

float flushed(float v) {
  return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v;
}

float widened(const unsigned char *bf16) {
  uint16_t half;
  std::memcpy(&half, bf16, sizeof(half));
  uint32_t bits = uint32_t(half) << 16;
  float v;
  std::memcpy(&v, &bits, sizeof(v));
  return flushed(v);
}

/// One element of TDPBF16PS.
float product(const Tile &a, int row, const Tile &b, int column, int pairs) {
  float even = 0, odd = 0;
  for (int k = 0; k < pairs; ++k) {
    const unsigned char *x = a.bytes[row] + 4 * k, *y = b.bytes[k] + 4 * column;
    even = flushed(std::fma(widened(x), widened(y), even));
    odd = flushed(std::fma(widened(x + 2), widened(y + 2), odd));
  }
  return flushed(even + odd);
}

void multiply(int sums, int a, int b) {
  for (int tile : {sums, a, b})
    checkConfigured(tile);
  if (config.rows[sums] != config.rows[a] ||
      config.rowBytes[sums] != config.rowBytes[b] ||
      config.rowBytes[a] != 4 * config.rows[b] || sums == a || sums == b ||
      a == b)
    giveUp("AMX: TDPBF16PS of tiles that do not match\n");
  for (int row = 0; row < config.rows[sums]; ++row)
    for (int column = 0; column < config.rowBytes[sums] / 4; ++column) {
      unsigned char *place = tiles[sums].bytes[row] + 4 * column;
      float sum;
      std::memcpy(&sum, place, sizeof(sum));
      sum = flushed(flushed(sum) +
                    product(tiles[a], row, tiles[b], column, config.rows[b]));
      std::memcpy(place, &sum, sizeof(sum));
    }
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// An instruction with the prefix VEX.128.0F38.W0. Intel SDM volume 2, chapter
/// 2.3, and for memory 2.1.5.
class Instruction {
public:
  explicit Instruction(greg_t *registers)
      : registers(registers),
        code(reinterpret_cast<const unsigned char *>(registers[REG_RIP])) {}

  /// Does what it says; false if it is none of AMX.
  bool run();

private:
  enum Prefix { None, P66, PF3, PF2 };

  bool isVex() const {
    return code[0] == 0xc4 && (code[1] & 0x1f) == 2 && !(code[2] & 0x84);
  }
  Prefix prefix() const { return Prefix(code[2] & 3); }
  int opcode() const { return code[3]; }
  int mod() const { return code[4] >> 6; }
  int reg() const { return code[4] >> 3 & 7; }
  int rm() const { return code[4] & 7; }
  /// The operand that VEX.vvvv names.
  int third() const { return ~code[2] >> 3 & 7; }
  bool runRegisters();
  bool runMemory();
  int64_t general(int number) const;
  int64_t displacement(int at, int bytes) const;
  /// Reads the memory operand and the length of the instruction.
  void readMemory();

  greg_t *registers;
  const unsigned char *code;
  int length = 5;
  int64_t base = 0, index = 0;
};

} // namespace

int64_t Instruction::general(int number) const {
  static const int order[] = {
      REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return registers[order[number]];
}

int64_t Instruction::displacement(int at, int bytes) const {
  int32_t wide;
  std::memcpy(&wide, code + at, sizeof(wide));
  return bytes == 4 ? wide : bytes == 1 ? int8_t(code[at]) : 0;
}

void Instruction::readMemory() {
  // VEX holds the upper bits of register numbers inverted.
  int upperIndex = code[1] & 0x40 ? 0 : 8, upperBase = code[1] & 0x20 ? 0 : 8;
  int number = rm(), bytes = mod() == 1 ? 1 : mod() == 2 ? 4 : 0;
  if (number == 4) { // a SIB byte follows
    int sib = code[length++];
    number = sib & 7;
    if (int i = (sib >> 3 & 7) + upperIndex; i != 4)
      index = general(i) << (sib >> 6);
    if (mod() == 0 && number == 5) { // no base
      base = displacement(length, 4);
      length += 4;
      return;
    }
  } else if (mod() == 0 && number == 5) { // relative to the next instruction
    base = displacement(length, 4);
    length += 4;
    base += registers[REG_RIP] + length;
    return;
  }
  base = general(number + upperBase) + displacement(length, bytes);
  length += bytes;
}

bool Instruction::runRegisters() {
  if (opcode() == 0x49 && prefix() == None && code[4] == 0xc0) {
    std::memset(&config, 0, sizeof(config));
    return true;
  }
  if (opcode() == 0x49 && prefix() == PF2 && rm() == 0) {
    checkConfigured(reg());
    clear(reg());
    return true;
  }
  if (opcode() != 0x5c || prefix() != PF3)
    return false;
  multiply(reg(), rm(), third());
  return true;
}

bool Instruction::runMemory() {
  readMemory();
  auto *at = reinterpret_cast<unsigned char *>(base);
  if (opcode() == 0x49 && prefix() == None && reg() == 0)
    loadConfig(at + index);
  else if (opcode() == 0x4b && prefix() == PF2 && rm() == 4)
    load(reg(), at, index);
  else if (opcode() == 0x4b && prefix() == PF3 && rm() == 4)
    store(reg(), at, index);
  else
    return false;
  return true;
}

bool Instruction::run() {
  if (!isVex() || !(mod() == 3 ? runRegisters() : runMemory()))
    return false;
  registers[REG_RIP] += length;
  return true;
}

/// Where a process may not use tiles on a CPU that has them, LDTILECFG and
/// TILERELEASE run all the same: what they did is in the saved state. Intel SDM
/// volume 1, chapter 13.4 and 13.5.
static void adoptConfig(const mcontext_t &saved) {
  static const uint32_t offset = [] {
    uint32_t eax, ebx, ecx, edx;
    bool isKnown = __get_cpuid_count(0xd, 17, &eax, &ebx, &ecx, &edx);
    return isKnown && eax >= sizeof(Config) ? ebx : 0;
  }();
  if (!offset)
    return;
  auto *state = reinterpret_cast<const unsigned char *>(saved.fpregs);
  Config found;
  std::memcpy(&found, state + offset, sizeof(found));
  uint64_t present;
  std::memcpy(&present, state + 512, sizeof(present));
  if (!(present >> 17 & 1))
    std::memset(&found, 0, sizeof(found));
  config = found;
}

static void handle(int, siginfo_t *, void *context) {
  auto *state = static_cast<ucontext_t *>(context);
  adoptConfig(state->uc_mcontext);
  if (!Instruction(state->uc_mcontext.gregs).run())
    giveUp("an illegal instruction that is none of AMX\n");
}

static void emulateAmx() {
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, nullptr);
}

void moec::test::makeAmxRunnable() {
  static const bool isOnCpu =
      !std::getenv("MOEC_TEST_EMULATE_AMX") && moert_permit_amx();
  // Again each time: LLD sets handlers of its own.
  if (!isOnCpu)
    emulateAmx();
}
