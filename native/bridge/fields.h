#pragma once

#include <napi.h>
#include <stdint.h>

#include <string>

#include "plan/arena.h"

namespace rooms::bridge {

// One reading of a JS value into an arena: the first mistake is kept, with the path of the field it was found in.
struct Reading {
  Napi::Env env;
  plan::Arena& arena;
  bool strict;  // also refuse fields that nobody reads
  std::string mistake;
};

// The fields of one object. After the first mistake every further reading returns something harmless.
class Fields {
 public:
  Fields(Reading& reading, Napi::Value value, const Fields* parent, const char* name, int index = -1);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  plan::Text Text(const char* name);
  plan::Bytes Bytes(const char* name, size_t most);  // a Uint8Array, or null for none
  bool Flag(const char* name);
  int64_t Integer(const char* name, int64_t least, int64_t most);
  int64_t IntegerOrNull(const char* name, int64_t least, int64_t most, int64_t null);
  plan::Span<plan::Text> Texts(const char* name);
  plan::Span<uint32_t> Ids(const char* name);
  Napi::Value Value(const char* name);

  // One of `words`, as its index; -1 after a mistake.
  template <size_t N>
  int Word(const char* name, const char* const (&words)[N]) {
    return WordOf(name, words, N);
  }

  // An array of objects, each read by `read(Fields&, T&)`.
  template <typename T, typename Read>
  plan::Span<T> List(const char* name, Read read) {
    Napi::Array array = ArrayOf(name);
    if (!ok()) return {};
    uint32_t size = array.Length();
    T* items = reading_.arena.Array<T>(size);
    for (uint32_t i = 0; i < size && ok(); ++i) {
      Napi::HandleScope scope(reading_.env);
      Fields item(reading_, array.Get(i), this, name, static_cast<int>(i));
      read(item, items[i]);
    }
    return {items, size};
  }

  Reading& reading() { return reading_; }
  bool ok() const { return reading_.mistake.empty(); }
  void Mistake(const char* name, const char* expected, int index = -1);

 private:
  int64_t IntegerOf(Napi::Value value, const char* name, int64_t least, int64_t most);
  int WordOf(const char* name, const char* const* words, size_t count);
  Napi::Array ArrayOf(const char* name);
  plan::Text TextOf(Napi::Value value, const char* name, int index);
  std::string Path() const;

  Reading& reading_;
  Napi::Object object_;
  const Fields* parent_;
  const char* name_;
  int index_;
  uint32_t read_ = 0;
};

}  // namespace rooms::bridge
