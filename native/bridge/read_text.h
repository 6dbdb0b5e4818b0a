#pragma once

#include <string>
#include <string_view>

#include "bridge/fields.h"

namespace rooms::bridge {

// `read(Reading&, Fields&)` reads the object that a text is. The tree of the text is needed no longer than that.
template <typename Read>
bool ReadText(std::string_view text, const char* name, plan::Arena& arena, bool strict, std::string& mistake,
              Read read) {
  plan::Arena tree;
  Reading reading{arena, strict, {}};
  {
    Fields fields(reading, ReadJson(text, tree), nullptr, name);
    read(reading, fields);
  }
  mistake = std::move(reading.mistake);
  return mistake.empty();
}

}  // namespace rooms::bridge
