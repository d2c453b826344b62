//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/MemoryMap.h"

#include "compiler/artifact/TextTable.h"
#include "runtime/artifact/Cost.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace llvm;
using namespace moec;
namespace format = moert::format;

/// Bytes of a buffer in the largest step.
static uint64_t bytesOf(const format::Buffer &buffer,
                        const format::Program &program) {
  int64_t tokens = program.max_tokens();
  return static_cast<uint64_t>(
             evaluate(*buffer.extent(), moert::StepSize{tokens, tokens})) *
         buffer.row_bytes();
}

static uint64_t bytesOfAll(const format::Program &program) {
  uint64_t sum = 0;
  for (const format::Buffer *buffer : *program.buffers())
    sum += bytesOf(*buffer, program);
  return sum;
}

/// "step, wide: up to 512 tokens"
static std::string describe(const format::Program &program) {
  return program.entry()->str() + ", " + program.regime()->str() + ": up to " +
         formatCount(program.max_tokens()) + " tokens";
}

//===----------------------------------------------------------------------===//
// Text and JSON
//===----------------------------------------------------------------------===//

static void printText(const format::Program &program, raw_ostream &output) {
  output << "  program " << describe(program) << ", arena of "
         << formatBytes(program.arena_bytes()) << " for buffers of "
         << formatBytes(bytesOfAll(program)) << '\n';
  TextTable rows("rrrl");
  rows.add({"offset", "bytes", "launches", "buffer"});
  for (const format::Buffer *buffer : *program.buffers())
    rows.add({formatCount(buffer->offset()),
              formatCount(bytesOf(*buffer, program)),
              utostr(buffer->first_use()) + " - " + utostr(buffer->last_use()),
              buffer->name()->str() + ": " + buffer->row_type()->str()});
  rows.print(output, 4);
}

static void printBuffer(const format::Buffer &buffer,
                        const format::Program &program, json::OStream &json) {
  json.object([&] {
    json.attribute("name", buffer.name()->str());
    json.attribute("row_type", buffer.row_type()->str());
    json.attribute("offset", buffer.offset());
    json.attribute("bytes", bytesOf(buffer, program));
    json.attribute("first_use", buffer.first_use());
    json.attribute("last_use", buffer.last_use());
  });
}

static void printProgram(const format::Program &program, json::OStream &json) {
  json.object([&] {
    json.attribute("entry", program.entry()->str());
    json.attribute("regime", program.regime()->str());
    json.attribute("max_tokens", program.max_tokens());
    json.attribute("launches", program.launches()->size());
    json.attribute("arena_bytes", program.arena_bytes());
    json.attribute("buffer_bytes", bytesOfAll(program));
    json.attributeArray("buffers", [&] {
      for (const format::Buffer *buffer : *program.buffers())
        printBuffer(*buffer, program, json);
    });
  });
}

static void printJson(const format::Artifact &table, raw_ostream &output) {
  json::OStream json(output, 2);
  json.object([&] {
    json.attributeArray("targets", [&] {
      for (const format::Target *target : *table.targets())
        json.object([&] {
          json.attribute("name", target->name()->str());
          json.attributeArray("programs", [&] {
            for (const format::Program *program : *target->programs())
              printProgram(*program, json);
          });
        });
    });
  });
  output << '\n';
}

//===----------------------------------------------------------------------===//
// SVG
//===----------------------------------------------------------------------===//

namespace {

/// One drawing: a program.
class MapDrawing {
public:
  MapDrawing(const format::Program &program, double top)
      : program(program), top(top),
        launches(std::max<double>(program.launches()->size(), 1)),
        arena(std::max<double>(static_cast<double>(program.arena_bytes()), 1)) {
  }

  static constexpr double width = 960, height = 320, margin = 40;
  /// From the top of one drawing to that of the next.
  static constexpr double pitch = height + 2 * margin;

  void print(StringRef target, raw_ostream &output) const;

private:
  void printBuffer(const format::Buffer &buffer, unsigned index,
                   raw_ostream &output) const;

  const format::Program &program;
  double top, launches, arena;
};

} // namespace

/// Names of kernels and types hold none of the characters that XML reserves but
/// these.
static std::string escape(StringRef text) {
  std::string escaped;
  for (char c : text)
    escaped += c == '<'   ? "&lt;"
               : c == '>' ? "&gt;"
               : c == '&' ? "&amp;"
                          : std::string(1, c);
  return escaped;
}

/// A line of text in a box, as much of it as fits; x and y are its baseline's.
static void printLine(const std::string &text, double x, double y, double width,
                      raw_ostream &output) {
  constexpr double size = 10, character = 5.7, least = 4;
  double fitting = std::floor((width - 4) / character);
  if (fitting < least)
    return;
  output << llvm::format("<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.0f\" "
                         "pointer-events=\"none\">",
                         x, y, size)
         << escape(StringRef(text).take_front(size_t(fitting))) << "</text>\n";
}

void MapDrawing::printBuffer(const format::Buffer &buffer, unsigned index,
                             raw_ostream &output) const {
  double bytes = static_cast<double>(bytesOf(buffer, program));
  double x = margin + width * buffer.first_use() / launches;
  double w = width * (buffer.last_use() + 1 - buffer.first_use()) / launches;
  double h = height * bytes / arena;
  double y = top + margin + height -
             height * static_cast<double>(buffer.offset()) / arena - h;
  // Neighbours in the list are far apart on the circle of hues.
  unsigned hue = index * 137 % 360;
  output << llvm::format("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                         "height=\"%.2f\" fill=\"hsl(%u,55%%,72%%)\" "
                         "stroke=\"#fff\" stroke-width=\"0.5\">",
                         x, y, w, h, hue)
         << "<title>" << escape(buffer.name()->str()) << ": "
         << escape(buffer.row_type()->str()) << ", "
         << formatBytes(static_cast<uint64_t>(bytes)) << " at "
         << formatCount(buffer.offset()) << ", launches " << buffer.first_use()
         << " - " << buffer.last_use() << "</title></rect>\n";
  constexpr double line = 12;
  if (h >= line)
    printLine(buffer.name()->str(), x + 2, y + line - 2, w, output);
  if (h >= 2 * line)
    printLine(formatBytes(static_cast<uint64_t>(bytes)), x + 2,
              y + 2 * line - 2, w, output);
}

void MapDrawing::print(StringRef target, raw_ostream &output) const {
  output << llvm::format("<text x=\"%.0f\" y=\"%.0f\">", margin,
                         top + margin - 8)
         << escape(target) << ", " << escape(describe(program)) << ": arena of "
         << formatBytes(program.arena_bytes()) << " for buffers of "
         << formatBytes(bytesOfAll(program)) << "</text>\n";
  output << llvm::format("<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" "
                         "height=\"%.0f\" fill=\"#f4f4f4\"/>\n",
                         margin, top + margin, width, height);
  unsigned index = 0;
  for (const format::Buffer *buffer : *program.buffers())
    printBuffer(*buffer, index++, output);
  output << llvm::format("<text x=\"%.0f\" y=\"%.0f\">launch 0</text>\n",
                         margin, top + margin + height + 16)
         << llvm::format("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">",
                         margin + width, top + margin + height + 16)
         << program.launches()->size() - 1 << "</text>\n";
}

static void printSvg(const format::Artifact &table, raw_ostream &output) {
  double drawings = 0;
  for (const format::Target *target : *table.targets())
    drawings += target->programs()->size();
  output << llvm::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
      "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"13\">\n",
      MapDrawing::width + 2 * MapDrawing::margin, drawings * MapDrawing::pitch);
  double top = 0;
  for (const format::Target *target : *table.targets())
    for (const format::Program *program : *target->programs()) {
      MapDrawing(*program, top).print(target->name()->string_view(), output);
      top += MapDrawing::pitch;
    }
  output << "</svg>\n";
}

void moec::printMemoryMap(const moert::Artifact &artifact, MemoryMapForm form,
                          raw_ostream &output) {
  const format::Artifact &table = artifact.table();
  if (form == MemoryMapForm::Json)
    return printJson(table, output);
  if (form == MemoryMapForm::Svg)
    return printSvg(table, output);
  for (const format::Target *target : *table.targets()) {
    output << "target " << target->name()->str() << '\n';
    for (const format::Program *program : *target->programs())
      printText(*program, output);
  }
}
