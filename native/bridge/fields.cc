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
  Napi::Array names = object_.GetPropertyNames();
  // Empty: the object refused to say.
  if (names.IsEmpty() || names.Length() != read_)
    reading_.mistake = Path() + ": has fields that native code does not know";
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
  if (!ok()) return reading_.env.Undefined();
  Napi::Value value = object_.Get(name);
  if (!value.IsEmpty()) return value;
  Mistake(name, "a field that can be read");
  return reading_.env.Undefined();
}

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

plan::Bytes Fields::Bytes(const char* name, size_t most) {
  Napi::Value value = Value(name);
  if (!ok() || value.IsNull()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    Mistake(name, "a Uint8Array or null");
    return {};
  }
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  size_t size = array.ByteLength();
  if (size > most) Mistake(name, "fewer bytes");
  if (!ok() || size == 0) return {};  // a detached one has no memory
  uint8_t* copy = reading_.arena.Array<uint8_t>(size);
  memcpy(copy, array.Data(), size);
  return {copy, size};
}

bool Fields::Flag(const char* name) {
  Napi::Value value = Value(name);
  if (ok() && !value.IsBoolean()) Mistake(name, "a boolean");
  return ok() && value.As<Napi::Boolean>().Value();
}

int64_t Fields::Integer(const char* name, int64_t least, int64_t most) {
  return IntegerOf(Value(name), name, least, most);
}

int64_t Fields::IntegerOf(Napi::Value value, const char* name, int64_t least, int64_t most) {
  double number = 0;
  if (ok() && (napi_get_value_double(reading_.env, value, &number) != napi_ok || number != floor(number) ||
               number < static_cast<double>(least) || number > static_cast<double>(most)))
    Mistake(name, "a whole number in range");
  return ok() ? static_cast<int64_t>(number) : least;
}

int64_t Fields::IntegerOrNull(const char* name, int64_t least, int64_t most, int64_t null) {
  Napi::Value value = Value(name);
  return ok() && value.IsNull() ? null : IntegerOf(value, name, least, most);
}

Napi::Array Fields::ArrayOf(const char* name) {
  constexpr uint32_t kMost = 1 << 20;  // an array may say that it has four thousand million holes
  Napi::Value value = Value(name);
  if (ok() && value.IsArray() && value.As<Napi::Array>().Length() <= kMost) return value.As<Napi::Array>();
  Mistake(name, "an array of at most a million elements");
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
    Napi::HandleScope scope(reading_.env);
    double number = 0;
    if (napi_get_value_double(reading_.env, array.Get(i), &number) != napi_ok || number != floor(number) ||
        number < 0 || number > UINT32_MAX - 1)
      Mistake(name, "an id", static_cast<int>(i));
    else
      ids[i] = static_cast<uint32_t>(number);
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
