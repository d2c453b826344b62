//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The fusion report as text and as JSON.
///
//===----------------------------------------------------------------------===//

#include "compiler/artifact/FusionReport.h"
#include "compiler/artifact/InspectForms.h"
#include "compiler/artifact/TextTable.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace moec;

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void printKernel(const KernelReport &kernel, json::OStream &json) {
  json.object([&] {
    json.attribute("kernel", kernel.kernel);
    json.attribute("computes", kernel.computes);
    json.attribute("launches", kernel.launches);
    json.attribute("bytes", kernel.traffic.total());
    json.attribute("weight_bytes", kernel.traffic.weights);
    json.attribute("flops", kernel.flops);
    json.attribute("roofline_seconds", kernel.seconds);
    json.attribute("limit", kernel.limit);
  });
}

static void printGroup(const KernelReport &kernel, json::OStream &json) {
  json.object([&] {
    json.attribute("name", kernel.fusion);
    json.attribute("kernel", kernel.kernel);
    json.attribute("computes", kernel.computes);
    json.attribute("launches", kernel.launches);
  });
}

static void printNotFused(const NotFusedReport &candidate,
                          json::OStream &json) {
  json.object([&] {
    json.attribute("name", candidate.name);
    json.attribute("reason", candidate.reason);
    json.attribute("operation", candidate.operation);
    json.attribute("location", candidate.location);
    json.attribute("count", candidate.count);
  });
}

static void printRegime(const RegimeReport &report, json::OStream &json) {
  json.attribute("name", report.name);
  json.attribute("max_tokens", report.maxTokens);
  json.attribute("launches_per_layer", report.launchesPerLayer);
  json.attribute("moe_block_launches", report.moeLaunches);
  json.attribute("launches_per_step", report.launches);
  json.attribute("library_calls_per_layer", report.libraryCallsPerLayer);
  json.attribute("library_calls_per_step", report.libraryCalls);
  json.attribute("intermediate_bytes_per_token_layer",
                 report.intermediatePerTokenLayer());
  json.attribute("intermediate_bytes_written_per_token_layer",
                 report.writtenPerTokenLayer);
  json.attribute("intermediate_bytes_read_per_token_layer",
                 report.readPerTokenLayer);
  json.attribute("bytes", report.traffic.total());
  json.attribute("floor_bytes", report.floorBytes);
  json.attribute("roofline_seconds", report.seconds);
  json.attributeArray("groups", [&] {
    for (const KernelReport &kernel : report.kernels)
      if (!kernel.fusion.empty())
        printGroup(kernel, json);
  });
  json.attributeArray("not_fused", [&] {
    for (const NotFusedReport &candidate : report.notFused)
      printNotFused(candidate, json);
  });
  json.attributeArray("kernels", [&] {
    for (const KernelReport &kernel : report.kernels)
      printKernel(kernel, json);
  });
}

static void printTarget(const TargetReport &target, json::OStream &json) {
  json.attribute("name", target.name);
  json.attributeObject("rates", [&] {
    json.attribute("bytes_per_second", target.rates.bytes_per_second());
    json.attribute("flops_per_second", target.rates.flops_per_second());
    json.attribute("launch_seconds", target.rates.launch_seconds());
    json.attribute("on_chip_bytes", target.rates.on_chip_bytes());
  });
  json.attributeArray("regimes", [&] {
    for (const RegimeReport &regime : target.regimes)
      json.object([&] { printRegime(regime, json); });
  });
}

void moec::printFusionJson(const moert::Artifact &artifact,
                           raw_ostream &output) {
  json::OStream json(output, 2);
  json.object([&] {
    json.attributeArray("targets", [&] {
      for (const TargetReport &target : reportFusion(artifact))
        json.object([&] { printTarget(target, json); });
    });
  });
  output << '\n';
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string fixed(double value, int digits) {
  std::string text;
  raw_string_ostream(text) << format("%.*f", digits, value);
  return text;
}

static std::string bytesText(double bytes) {
  return formatBytes(static_cast<uint64_t>(bytes + 0.5));
}

/// Launches, and calls of a library where there are any: "6.0 + 4.0 calls".
static std::string countText(std::string launches, std::string calls,
                             const RegimeReport &regime) {
  return regime.libraryCalls == 0 ? launches
                                  : launches + " + " + calls + " calls";
}

/// A row for each regime.
static void printRegimes(const TargetReport &target, raw_ostream &output) {
  TextTable rows("lrrrrrrrr");
  rows.add({"regime", "up to tokens", "launches", "of a layer",
            "of its experts", "between, a token and layer", "moved", "floor",
            "roofline"});
  for (const RegimeReport &regime : target.regimes)
    rows.add({regime.name, formatCount(regime.maxTokens),
              countText(formatCount(regime.launches),
                        formatCount(regime.libraryCalls), regime),
              countText(fixed(regime.launchesPerLayer, 1),
                        fixed(regime.libraryCallsPerLayer, 1), regime),
              fixed(regime.moeLaunches, 1),
              bytesText(regime.intermediatePerTokenLayer()),
              bytesText(regime.traffic.total()), bytesText(regime.floorBytes),
              fixed(regime.seconds * 1e3, 2) + " ms"});
  rows.print(output, 2);
}

static void printKernels(const RegimeReport &regime, raw_ostream &output) {
  TextTable rows("rlrrrll");
  rows.add({"launches", "fusion", "bytes", "GFLOP", "roofline", "limit",
            "kernel: operations"});
  for (const KernelReport &kernel : regime.kernels)
    rows.add({formatCount(kernel.launches),
              kernel.fusion.empty() ? "-" : kernel.fusion,
              bytesText(kernel.traffic.total()), fixed(kernel.flops / 1e9, 2),
              fixed(kernel.seconds * 1e6, 1) + " us", kernel.limit,
              kernel.kernel + ": " + kernel.computes});
  rows.print(output, 4);
}

/// " (decoder.rms_norm, layers.0 and 31 more)"
static std::string placeText(const NotFusedReport &candidate) {
  std::string text = candidate.operation;
  if (!candidate.location.empty())
    text += (text.empty() ? "" : ", ") + candidate.location;
  if (candidate.count > 1)
    text += " and " + formatCount(candidate.count - 1) + " more";
  return text.empty() ? text : " (" + text + ")";
}

void moec::printFusionText(const moert::Artifact &artifact,
                           raw_ostream &output) {
  for (const TargetReport &target : reportFusion(artifact)) {
    output << "target " << target.name << '\n';
    printRegimes(target, output);
    for (const RegimeReport &regime : target.regimes) {
      output << "  regime " << regime.name << '\n';
      printKernels(regime, output);
      for (const NotFusedReport &candidate : regime.notFused)
        output << "    not fused: " << candidate.name << ": "
               << candidate.reason << placeText(candidate) << '\n';
    }
  }
}
