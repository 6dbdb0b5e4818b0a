#include "bridge/fields.h"

#include <math.h>
#include <string.h>

namespace rooms::bridge {

Fields::Fields(Reading& reading, const Json* value, const Fields* parent, const char* name, int index)
    : reading_(reading), parent_(parent), name_(name), index_(index) {
  if (!ok()) return;
  if (value && value->kind == Json::Kind::kObject)
    object_ = value;
  else
    reading_.mistake = Path() + ": expected an object";
}

Fields::~Fields() {
  if (!ok() || !reading_.strict || object_->size == read_) return;
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

const Json* Fields::Value(const char* name) {
  ++read_;
  if (!ok()) return nullptr;
  const Json* value = object_->Member(name);
  if (!value) Mistake(name, "a value");
  return value;
}

plan::Text Fields::TextOf(const Json* value, const char* name, int index) {
  if (!ok()) return "";
  if (value->kind != Json::Kind::kText) {
    Mistake(name, "a string", index);
    return "";
  }
  if (value->text.find('\0') != value->text.npos) Mistake(name, "a string without NUL", index);
  return reading_.arena.Copy(value->text);
}

plan::Text Fields::Text(const char* name) { return TextOf(Value(name), name, -1); }

bool Fields::Flag(const char* name) {
  const Json* value = Value(name);
  if (ok() && value->kind != Json::Kind::kTrue && value->kind != Json::Kind::kFalse) Mistake(name, "a boolean");
  return ok() && value->kind == Json::Kind::kTrue;
}

int64_t Fields::Integer(const char* name, int64_t least, int64_t most) {
  return IntegerOf(Value(name), name, least, most);
}

int64_t Fields::IntegerOf(const Json* value, const char* name, int64_t least, int64_t most, int index) {
  if (ok() && (value->kind != Json::Kind::kNumber || value->number != floor(value->number) ||
               value->number < static_cast<double>(least) || value->number > static_cast<double>(most)))
    Mistake(name, "a whole number in range", index);
  return ok() ? static_cast<int64_t>(value->number) : least;
}

int64_t Fields::IntegerOrNull(const char* name, int64_t least, int64_t most, int64_t null) {
  const Json* value = Value(name);
  return ok() && value->kind == Json::Kind::kNull ? null : IntegerOf(value, name, least, most);
}

const Json* Fields::ArrayOf(const char* name) {
  const Json* value = Value(name);
  if (ok() && value->kind != Json::Kind::kArray) Mistake(name, "an array");
  return ok() ? value : nullptr;
}

plan::Span<plan::Text> Fields::Texts(const char* name) {
  const Json* array = ArrayOf(name);
  if (!array) return {};
  plan::Text* texts = reading_.arena.Array<plan::Text>(array->size);
  int i = 0;
  for (const Json* value = array->first; value && ok(); value = value->next, ++i) texts[i] = TextOf(value, name, i);
  return {texts, array->size};
}

plan::Span<uint32_t> Fields::Ids(const char* name) {
  const Json* array = ArrayOf(name);
  if (!array) return {};
  uint32_t* ids = reading_.arena.Array<uint32_t>(array->size);
  int i = 0;
  for (const Json* value = array->first; value && ok(); value = value->next, ++i)
    ids[i] = static_cast<uint32_t>(IntegerOf(value, name, 0, UINT32_MAX - 1, i));
  return {ids, array->size};
}

int Fields::WordOf(const char* name, const char* const* words, size_t count) {
  plan::Text text = Text(name);
  for (size_t i = 0; ok() && i < count; ++i)
    if (strcmp(text, words[i]) == 0) return static_cast<int>(i);
  Mistake(name, "one of the words of types/plan.d.ts");
  return -1;
}

}  // namespace rooms::bridge
