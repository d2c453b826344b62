//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/EmulateReport.h"

#include "runtime/tools/Failure.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace moert;
using namespace moert::tools;
using Json = nlohmann::ordered_json;

Comparison moert::tools::compare(const NpyArray &found,
                                 const NpyArray &expected,
                                 const Tolerance &tolerance) {
  Comparison comparison;
  for (uint64_t i = 0; i < found.count(); ++i) {
    const Real a = found.at(i), b = expected.at(i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    Real difference = std::fabs(a - b);
    if (std::isnan(difference))
      difference = std::numeric_limits<Real>::infinity();
    comparison.largest = std::max(comparison.largest, difference);
    if (std::isfinite(b) &&
        difference <= tolerance.absolute + tolerance.relative * std::fabs(b))
      continue;
    if (!comparison.different++) {
      comparison.first = i;
      comparison.found = a;
      comparison.expected = b;
    }
  }
  return comparison;
}

bool EmulateReport::passed() const {
  return std::none_of(results.begin(), results.end(), [](const Result &result) {
    return result.comparison && result.comparison->different;
  });
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

namespace {

std::string showExtents(const Extents &extents) {
  return std::to_string(extents[0]) + "x" + std::to_string(extents[1]) + "x" +
         std::to_string(extents[2]);
}

/// Thousands apart: 12,345.
std::string showCount(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;)
    text.insert(at -= 3, ",");
  return text;
}

std::string pad(std::string text, size_t width, bool right = false) {
  if (text.size() < width)
    text.insert(right ? 0 : text.size(), width - text.size(), ' ');
  return text;
}

/// Places of the first element in each axis: [0, 3].
std::string placeOf(const NpyArray &array, uint64_t index) {
  std::vector<uint64_t> place(array.shape.size());
  for (size_t axis = place.size(); axis-- > 0; index /= array.shape[axis])
    place[axis] = index % array.shape[axis];
  return showShape(place);
}

std::string showResult(const Result &result, size_t shown) {
  const NpyArray &array = result.array;
  std::string text = "  " + std::to_string(result.index) + " " + result.name +
                     ": " + array.element->name + " " + showShape(array.shape);
  if (!result.file.empty())
    text += ", written to " + result.file;
  text += result.changed ? "\n   " : ", unchanged\n";
  if (result.changed) {
    for (uint64_t i = 0; i < array.count() && i < shown; ++i)
      text += " " + showNumber(*array.element, array.at(i));
    text += array.count() > shown ? " ...\n" : "\n";
  }
  if (!result.comparison)
    return text;
  const Comparison &comparison = *result.comparison;
  const Element &real = *findElement("f64");
  text += "    " +
          (comparison.different
               ? showCount(comparison.different) + " of " +
                     showCount(array.count()) + " elements differ from " +
                     comparison.file + ", the first at " +
                     placeOf(array, comparison.first) + ": " +
                     showNumber(*array.element, comparison.found) +
                     ", expected " + showNumber(real, comparison.expected)
               : "as " + comparison.file) +
          "; the largest difference is " +
          showNumber(*findElement("f32"), comparison.largest) + "\n";
  return text;
}

uint64_t at(const Json &profile, const char *object, const char *key) {
  return profile.at(object).at(key).get<uint64_t>();
}

std::string row(const char *name, const std::string &text) {
  return "  " + pad(name, 15) + text + "\n";
}

std::string showInstructions(const Json &profile) {
  const uint64_t warps = at(profile, "instructions", "warps");
  const uint64_t lanes = at(profile, "instructions", "lanes");
  char share[16];
  std::snprintf(share, sizeof share, "%.1f",
                warps ? lanes / 32.0 / warps * 100 : 100.0);
  std::string text = row(
      "instructions", showCount(warps) + " by " + showCount(profile["warps"]) +
                          " warps, " + share + " % of lanes active");
  std::vector<std::pair<std::string, uint64_t>> kinds;
  for (const auto &[kind, count] : profile["instructions"]["kinds"].items())
    kinds.emplace_back(kind, count.get<uint64_t>());
  std::sort(kinds.begin(), kinds.end(),
            [](const auto &a, const auto &b) { return a.second > b.second; });
  for (const auto &[kind, count] : kinds)
    text += "    " + pad(kind, 22) + pad(showCount(count), 16, true) + "\n";
  return text;
}

std::string showGlobal(const Json &profile) {
  const auto count = [&](const char *key) {
    return showCount(at(profile, "global", key));
  };
  std::string text =
      row("global read", count("read_bytes") + " bytes, requested " +
                             count("requested_read_bytes") + " in " +
                             count("read_sectors") + " sectors");
  text += row("global written", count("written_bytes") + " bytes, requested " +
                                    count("requested_written_bytes") + " in " +
                                    count("written_sectors") + " sectors");
  if (at(profile, "atomics", "instructions"))
    text +=
        row("atomics",
            showCount(at(profile, "atomics", "instructions")) + " of warps, " +
                showCount(at(profile, "atomics", "lanes")) + " of lanes, " +
                count("requested_atomic_bytes") + " bytes of global memory");
  return text;
}

std::string showShared(const Json &profile) {
  const auto count = [&](const char *key) {
    return showCount(at(profile, "shared", key));
  };
  std::string text;
  if (at(profile, "shared", "accesses") + at(profile, "shared", "read_bytes") +
      at(profile, "shared", "written_bytes") +
      at(profile, "shared", "product_bytes"))
    text += row("shared", count("read_bytes") + " bytes read, " +
                              count("written_bytes") + " written, " +
                              count("product_bytes") + " by wgmma");
  if (at(profile, "shared", "accesses"))
    text += row("bank conflicts", count("bank_conflicts") + " of " +
                                      count("wavefronts") + " wavefronts");
  for (const char *space : {"cluster_shared", "local", "constant"})
    if (at(profile, space, "read_bytes") + at(profile, space, "written_bytes"))
      text +=
          row(space,
              showCount(at(profile, space, "read_bytes")) + " bytes read, " +
                  showCount(at(profile, space, "written_bytes")) + " written");
  return text;
}

std::string showLines(const Json &lines) {
  std::string text = "\n  line     warps     lanes         bytes  conflicts  "
                     "instruction\n";
  for (const Json &line : lines) {
    const auto count = [&](const char *key, size_t width) {
      return pad(showCount(line[key]), width, true);
    };
    text += count("line", 6) + count("warps", 10) + count("lanes", 10) +
            count("bytes", 14) + count("bank_conflicts", 11) + "  " +
            line["instruction"].get<std::string>() + "\n";
  }
  return text;
}

std::string showProfile(const Json &profile) {
  std::string text = "\nprofile\n" + showInstructions(profile);
  if (at(profile, "matrix", "instructions"))
    text +=
        row("matrix", showCount(at(profile, "matrix", "instructions")) +
                          " instructions, " +
                          showCount(at(profile, "matrix", "flops")) + " FLOPs");
  text += showGlobal(profile) + showShared(profile);
  return profile.count("lines") ? text + showLines(profile["lines"]) : text;
}

/// What stands behind the letters of "b64", in bytes.
size_t bytesOfType(const std::string &type) {
  const size_t digits = type.find_first_of("0123456789");
  return digits == type.npos
             ? 0
             : std::strtoul(type.c_str() + digits, nullptr, 10) / 8;
}

} // namespace

std::string EmulateReport::text() const {
  std::string text = kernel + ": grid " + showExtents(shape.grid) + ", block " +
                     showExtents(shape.block);
  if (shape.cluster[0])
    text += ", cluster " + showExtents(shape.cluster);
  if (shape.sharedBytes)
    text += ", " + showCount(shape.sharedBytes) + " bytes of shared memory";
  text += "\n";
  for (const Result &result : results)
    text += showResult(result, shown);
  return profile.is_null() ? text : text + showProfile(profile);
}

std::string moert::tools::listText(const std::vector<KernelInfo> &kernels) {
  std::string text;
  for (const KernelInfo &kernel : kernels) {
    text += kernel.name + "\n";
    for (size_t i = 0; i < kernel.parameters.size(); ++i) {
      const KernelParameter &parameter = kernel.parameters[i];
      text += "  " + std::to_string(i) + " " + parameter.name + ": " +
              parameter.type;
      if (parameter.bytes != bytesOfType(parameter.type))
        text += ", " + std::to_string(parameter.bytes) + " bytes";
      text += "\n";
    }
    text += "  registers " + std::to_string(kernel.registers) + ", shared " +
            std::to_string(kernel.sharedBytes) + ", local " +
            std::to_string(kernel.localBytes);
    if (kernel.requiredThreads[0])
      text += ", block " + showExtents(kernel.requiredThreads);
    if (kernel.maxThreads[0])
      text += ", block at most " + showExtents(kernel.maxThreads);
    if (kernel.requiredCluster[0])
      text += ", cluster " + showExtents(kernel.requiredCluster);
    text += "\n";
  }
  return text;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static std::string dump(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Integers of 64 bits stay exact; what is no number becomes null.
static Json jsonOf(const Element &element, Real value) {
  switch (element.kind) {
  case Element::Kind::Float:
    return static_cast<double>(value);
  case Element::Kind::Signed:
    return static_cast<int64_t>(value);
  case Element::Kind::Unsigned:
    return static_cast<uint64_t>(value);
  }
  return nullptr;
}

static Json jsonOf(const Result &result, const Json &profile, size_t shown) {
  Json json;
  json["index"] = result.index;
  json["name"] = result.name;
  json["type"] = result.array.element->name;
  json["shape"] = result.array.shape;
  json["changed"] = result.changed;
  Json values = Json::array();
  for (uint64_t i = 0; i < result.array.count() && i < shown; ++i)
    values.push_back(jsonOf(*result.array.element, result.array.at(i)));
  json["values"] = values;
  if (!result.file.empty())
    json["file"] = result.file;
  if (result.comparison) {
    json["expected"] = result.comparison->file;
    json["different"] = result.comparison->different;
    json["largest_difference"] =
        static_cast<double>(result.comparison->largest);
  }
  if (!profile.is_null())
    for (const Json &allocation : profile["global"]["allocations"])
      if (allocation["address"] == result.address) {
        json["read_bytes"] = allocation["read_bytes"];
        json["written_bytes"] = allocation["written_bytes"];
      }
  return json;
}

std::string EmulateReport::json() const {
  Json json;
  json["kernel"] = kernel;
  json["passed"] = passed();
  json["arrays"] = Json::array();
  for (const Result &result : results)
    json["arrays"].push_back(jsonOf(result, profile, shown));
  json["profile"] = profile;
  return dump(json);
}

std::string moert::tools::listJson(const std::vector<KernelInfo> &kernels) {
  Json list = Json::array();
  for (const KernelInfo &kernel : kernels) {
    Json json;
    json["name"] = kernel.name;
    json["parameters"] = Json::array();
    for (const KernelParameter &parameter : kernel.parameters)
      json["parameters"].push_back({{"name", parameter.name},
                                    {"type", parameter.type},
                                    {"bytes", parameter.bytes}});
    json["registers"] = kernel.registers;
    json["shared_bytes"] = kernel.sharedBytes;
    json["local_bytes"] = kernel.localBytes;
    json["required_threads"] = kernel.requiredThreads;
    json["max_threads"] = kernel.maxThreads;
    json["required_cluster"] = kernel.requiredCluster;
    list.push_back(json);
  }
  return dump({{"kernels", list}});
}
