//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionRecord.h"

#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

static constexpr llvm::StringLiteral fusedAttributeName = "moe.fused";

static SmallVector<Attribute> entriesOf(func::FuncOp step, StringRef list) {
  SmallVector<Attribute> entries;
  if (auto known = step->getAttrOfType<ArrayAttr>(list))
    llvm::append_range(entries, known);
  return entries;
}

static void setEntries(func::FuncOp step, StringRef list,
                       ArrayRef<Attribute> entries) {
  step->setAttr(list, ArrayAttr::get(step.getContext(), entries));
}

//===----------------------------------------------------------------------===//
// What was fused
//===----------------------------------------------------------------------===//

bool moec::isMade(func::FuncOp step, StringRef fusion) {
  return llvm::is_contained(entriesOf(step, fusedAttributeName),
                            StringAttr::get(step.getContext(), fusion));
}

void moec::recordMade(func::FuncOp step, StringRef fusion) {
  if (isMade(step, fusion))
    return;
  SmallVector<Attribute> entries = entriesOf(step, fusedAttributeName);
  entries.push_back(StringAttr::get(step.getContext(), fusion));
  setEntries(step, fusedAttributeName, entries);
}

//===----------------------------------------------------------------------===//
// What was not
//===----------------------------------------------------------------------===//

/// What an operation comes from, for people: the name of a tensor or layer, or
/// "model.mlir:7:3", without the folder, which is no property of the model.
/// Empty if that is not known.
static std::string placeOf(Location location) {
  std::string place;
  if (auto name = location->findInstanceOf<NameLoc>())
    place = name.getName().str();
  else if (auto line = location->findInstanceOf<FileLineColLoc>())
    place = (llvm::sys::path::filename(line.getFilename().getValue()) + ":" +
             Twine(line.getLine()) + ":" + Twine(line.getColumn()))
                .str();
  constexpr size_t mostCharacters = 256;
  place.resize(std::min(place.size(), mostCharacters));
  for (char &c : place)
    if (!llvm::isPrint(c))
      c = '?';
  return place;
}

/// The entry, of one layer more.
static DictionaryAttr withOneMore(DictionaryAttr entry) {
  NamedAttrList more(entry);
  int64_t count = entry.getAs<IntegerAttr>("count").getInt();
  more.set("count", Builder(entry.getContext()).getI64IntegerAttr(count + 1));
  return more.getDictionary(entry.getContext());
}

void moec::recordNotFused(func::FuncOp step, StringRef fusion,
                          Operation *operation, const Twine &reason) {
  Builder builder(step.getContext());
  NamedAttrList added;
  added.set("fusion", builder.getStringAttr(fusion));
  added.set("operation", operation->getName().getIdentifier());
  added.set("reason", builder.getStringAttr(reason));
  SmallVector<Attribute> entries = entriesOf(step, moe::notFusedAttributeName);
  auto known = llvm::find_if(entries, [&](Attribute entry) {
    return llvm::all_of(added, [&](NamedAttribute text) {
      return cast<DictionaryAttr>(entry).get(text.getName()) == text.getValue();
    });
  });
  if (known != entries.end()) {
    *known = withOneMore(cast<DictionaryAttr>(*known));
  } else {
    if (std::string place = placeOf(operation->getLoc()); !place.empty())
      added.set("location", builder.getStringAttr(place));
    added.set("count", builder.getI64IntegerAttr(1));
    entries.push_back(added.getDictionary(step.getContext()));
  }
  setEntries(step, moe::notFusedAttributeName, entries);
}

std::string moec::findReason(func::FuncOp step, StringRef fusion) {
  for (Attribute attribute : entriesOf(step, moe::notFusedAttributeName)) {
    auto entry = cast<DictionaryAttr>(attribute);
    auto text = [&](StringRef key) {
      auto value = entry.getAs<StringAttr>(key);
      return value ? value.getValue() : StringRef();
    };
    if (text("fusion") != fusion)
      continue;
    std::string place = text("operation").str();
    if (!text("location").empty())
      place += ", " + text("location").str();
    return text("reason").str() + " (" + place + ")";
  }
  return {};
}
