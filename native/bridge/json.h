#pragma once

#include <string_view>

#include "plan/arena.h"

namespace rooms::bridge {

// A value of a JSON text (RFC 8259), as JSON.stringify() writes it; everything lies in an arena.
struct Json {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kText, kArray, kObject };

  // The member of an object, or null. Of two with one name the first.
  const Json* Member(const char* name) const;

  Kind kind = Kind::kNull;
  double number = 0;
  std::string_view text{};      // UTF-8; what no UTF-8 can say (half of a surrogate pair) is U+FFFD
  std::string_view name{};      // of a member
  const Json* first = nullptr;  // element or member
  const Json* next = nullptr;   // after this one
  uint32_t size = 0;            // elements or members
};

// Null when the text is no JSON, or nested deeper than any plan is.
const Json* ReadJson(std::string_view text, plan::Arena& arena);

}  // namespace rooms::bridge
