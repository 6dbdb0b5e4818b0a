#pragma once

#include <stdint.h>

#include <string>

#include "bridge/json.h"
#include "plan/arena.h"

namespace rooms::bridge {

// One reading of a JSON text into an arena: the first mistake is kept, with the path of the field it was found in.
struct Reading {
  plan::Arena& arena;
  bool strict;  // also refuse fields that nobody reads
  std::string mistake;
};

// The fields of one object. After the first mistake every further reading returns something harmless.
class Fields {
 public:
  // `value`: null when there is none.
  Fields(Reading& reading, const Json* value, const Fields* parent, const char* name, int index = -1);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  plan::Text Text(const char* name);
  bool Flag(const char* name);
  int64_t Integer(const char* name, int64_t least, int64_t most);
  int64_t IntegerOrNull(const char* name, int64_t least, int64_t most, int64_t null);
  plan::Span<plan::Text> Texts(const char* name);
  plan::Span<uint32_t> Ids(const char* name);
  // What a field says; null after a mistake, of which a missing field is one.
  const Json* Value(const char* name);

  // One of `words`, as its index; -1 after a mistake.
  template <size_t N>
  int Word(const char* name, const char* const (&words)[N]) {
    return WordOf(name, words, N);
  }

  // An array of objects, each read by `read(Fields&, T&)`.
  template <typename T, typename Read>
  plan::Span<T> List(const char* name, Read read) {
    const Json* array = ArrayOf(name);
    if (!array) return {};
    T* items = reading_.arena.Array<T>(array->size);
    int i = 0;
    for (const Json* value = array->first; value && ok(); value = value->next, ++i) {
      Fields item(reading_, value, this, name, i);
      read(item, items[i]);
    }
    return {items, array->size};
  }

  Reading& reading() { return reading_; }
  bool ok() const { return reading_.mistake.empty(); }
  void Mistake(const char* name, const char* expected, int index = -1);

 private:
  int64_t IntegerOf(const Json* value, const char* name, int64_t least, int64_t most, int index = -1);
  int WordOf(const char* name, const char* const* words, size_t count);
  const Json* ArrayOf(const char* name);
  plan::Text TextOf(const Json* value, const char* name, int index);
  std::string Path() const;

  Reading& reading_;
  const Json* object_ = nullptr;
  const Fields* parent_;
  const char* name_;
  int index_;
  uint32_t read_ = 0;
};

}  // namespace rooms::bridge
