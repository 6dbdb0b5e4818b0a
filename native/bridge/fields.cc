#include "bridge/fields.h"

#include <math.h>
#include <string.h>

namespace rooms::bridge {

Fields::Fields(Reading& reading, Napi::Value value, const Fields* parent, const char* name, int index)
    : reading_(reading), parent_(parent), name_(name), index_(index) {
  if (!ok()) return;
  if (value.IsObject() && !value.IsArray())
    object_ = value.As<Napi::Object>();
  else
    reading_.mistake = Path() + ": expected an object";
}

Fields::~Fields() {
  if (!ok() || !reading_.strict) return;
  uint32_t present = object_.GetPropertyNames().Length();
  if (present != read_) reading_.mistake = Path() + ": has fields that native code does not know";
}

std::string Fields::Path() const {
  std::string path = parent_ ? parent_->Path() + "." + name_ : name_;
  if (index_ >= 0) path.append("[").append(std::to_string(index_)).append("]");
  return path;
}

void Fields::Mistake(const char* name, const char* expected, int index) {
  if (!ok()) return;
  reading_.mistake = Path() + "." + name;
  if (index >= 0) reading_.mistake.append("[").append(std::to_string(index)).append("]");
  reading_.mistake += std::string(": expected ") + expected;
}

Napi::Value Fields::Value(const char* name) {
  ++read_;
  return ok() ? object_.Get(name) : reading_.env.Undefined();
}

bool Fields::IsNull(const char* name) { return ok() && object_.Get(name).IsNull(); }

plan::Text Fields::TextOf(Napi::Value value, const char* name, int index) {
  if (!ok()) return "";
  size_t size = 0;
  if (napi_get_value_string_utf8(reading_.env, value, nullptr, 0, &size) != napi_ok) {
    Mistake(name, "a string", index);
    return "";
  }
  char* copy = reading_.arena.Array<char>(size + 1);
  napi_get_value_string_utf8(reading_.env, value, copy, size + 1, &size);
  if (strlen(copy) != size) Mistake(name, "a string without NUL", index);
  return copy;
}

plan::Text Fields::Text(const char* name) { return TextOf(Value(name), name, -1); }

plan::Bytes Fields::Bytes(const char* name) {
  Napi::Value value = Value(name);
  if (!ok() || value.IsNull()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    Mistake(name, "a Uint8Array or null");
    return {};
  }
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  uint8_t* copy = reading_.arena.Array<uint8_t>(array.ByteLength());
  memcpy(copy, array.Data(), array.ByteLength());
  return {copy, array.ByteLength()};
}

bool Fields::Flag(const char* name) {
  Napi::Value value = Value(name);
  if (ok() && !value.IsBoolean()) Mistake(name, "a boolean");
  return ok() && value.As<Napi::Boolean>().Value();
}

int64_t Fields::Integer(const char* name, int64_t least, int64_t most) {
  Napi::Value value = Value(name);
  double number = 0;
  if (ok() && (napi_get_value_double(reading_.env, value, &number) != napi_ok || number != floor(number) ||
               number < static_cast<double>(least) || number > static_cast<double>(most)))
    Mistake(name, "a whole number in range");
  return ok() ? static_cast<int64_t>(number) : least;
}

int64_t Fields::IntegerOrNull(const char* name, int64_t least, int64_t most, int64_t null) {
  if (!IsNull(name)) return Integer(name, least, most);
  ++read_;
  return null;
}

Napi::Array Fields::ArrayOf(const char* name) {
  Napi::Value value = Value(name);
  if (ok() && value.IsArray()) return value.As<Napi::Array>();
  Mistake(name, "an array");
  return Napi::Array();
}

plan::Span<plan::Text> Fields::Texts(const char* name) {
  Napi::Array array = ArrayOf(name);
  if (!ok()) return {};
  uint32_t size = array.Length();
  plan::Text* texts = reading_.arena.Array<plan::Text>(size);
  for (uint32_t i = 0; i < size && ok(); ++i) {
    Napi::HandleScope scope(reading_.env);
    texts[i] = TextOf(array.Get(i), name, static_cast<int>(i));
  }
  return {texts, size};
}

plan::Span<uint32_t> Fields::Ids(const char* name) {
  Napi::Array array = ArrayOf(name);
  if (!ok()) return {};
  uint32_t size = array.Length();
  uint32_t* ids = reading_.arena.Array<uint32_t>(size);
  for (uint32_t i = 0; i < size && ok(); ++i) {
    Napi::Value value = array.Get(i);
    if (napi_get_value_uint32(reading_.env, value, &ids[i]) != napi_ok)
      Mistake(name, "a whole number", static_cast<int>(i));
  }
  return {ids, size};
}

int Fields::WordOf(const char* name, const char* const* words, size_t count) {
  plan::Text text = Text(name);
  for (size_t i = 0; ok() && i < count; ++i)
    if (strcmp(text, words[i]) == 0) return static_cast<int>(i);
  Mistake(name, "one of the words of types/plan.d.ts");
  return -1;
}

}  // namespace rooms::bridge
