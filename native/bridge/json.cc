#include "bridge/json.h"

#include <stdint.h>

#include <charconv>

namespace rooms::bridge {

namespace {

constexpr int kDeepest = 16;

class Reader {
 public:
  Reader(std::string_view text, plan::Arena& arena) : at_(text.data()), end_(at_ + text.size()), arena_(arena) {}

  const Json* Whole() {
    Json* value = Value(0);
    Skip();
    return value && at_ == end_ ? value : nullptr;
  }

 private:
  void Skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  bool Take(char wanted) {
    Skip();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  Json* Value(int depth) {
    Skip();
    if (at_ == end_) return nullptr;
    Json* value = arena_.Array<Json>(1);
    bool good = false;
    switch (*at_) {
      case '{':
        good = Children(*value, Json::Kind::kObject, depth);
        break;
      case '[':
        good = Children(*value, Json::Kind::kArray, depth);
        break;
      case '"':
        value->kind = Json::Kind::kText;
        good = Text(value->text);
        break;
      case 'n':
        good = Word("null", *value, Json::Kind::kNull);
        break;
      case 't':
        good = Word("true", *value, Json::Kind::kTrue);
        break;
      case 'f':
        good = Word("false", *value, Json::Kind::kFalse);
        break;
      default:
        good = Number(*value);
    }
    return good ? value : nullptr;
  }

  bool Word(std::string_view word, Json& value, Json::Kind kind) {
    if (std::string_view(at_, static_cast<size_t>(end_ - at_)).substr(0, word.size()) != word) return false;
    at_ += word.size();
    value.kind = kind;
    return true;
  }

  // from_chars() knows more numbers than JSON, and those are no whole ones: whoever asks for a number sees to that.
  bool Number(Json& value) {
    value.kind = Json::Kind::kNumber;
    auto [stop, error] = std::from_chars(at_, end_, value.number);
    if (error != std::errc() || stop == at_) return false;
    at_ = stop;
    return true;
  }

  bool Children(Json& value, Json::Kind kind, int depth) {
    const bool named = kind == Json::Kind::kObject;
    const char close = named ? '}' : ']';
    value.kind = kind;
    ++at_;
    if (depth == kDeepest) return false;
    if (Take(close)) return true;
    const Json** link = &value.first;
    do {
      std::string_view name;
      if (named && (!Take('"') || (--at_, !Text(name)) || !Take(':'))) return false;
      Json* child = Value(depth + 1);
      if (!child) return false;
      child->name = name;
      *link = child;
      link = &child->next;
      ++value.size;
    } while (Take(','));
    return Take(close);
  }

  // Most texts have nothing to be undone, and are pointed at where they lie.
  bool Text(std::string_view& text) {
    const char* begin = ++at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    if (at_ == end_) return false;
    if (*at_ == '"') return text = {begin, static_cast<size_t>(at_++ - begin)}, true;
    const char* close = at_;
    for (; close != end_ && *close != '"'; ++close)
      if (*close == '\\' && ++close == end_) return false;
    if (close == end_) return false;
    // What is escaped is never shorter than what it means.
    char* copy = arena_.Array<char>(static_cast<size_t>(close - begin));
    char* to = copy;
    for (at_ = begin; at_ != close;) {
      if (*at_ != '\\')
        *to++ = *at_++;
      else if (!Unescape(close, to))
        return false;
    }
    ++at_;
    text = {copy, static_cast<size_t>(to - copy)};
    return true;
  }

  bool Unescape(const char* close, char*& to) {
    constexpr std::string_view kEscaped = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    ++at_;
    if (size_t index = kEscaped.find(*at_); index != kEscaped.npos) return ++at_, *to++ = kMeant[index], true;
    uint32_t unit = 0;
    if (!Unit(close, unit)) return false;
    const bool high = unit >= 0xd800 && unit < 0xdc00;
    const char* behind = at_;
    uint32_t low = 0;
    if (high && at_ != close && *at_ == '\\' && (++at_, Unit(close, low)) && low >= 0xdc00 && low < 0xe000) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    } else {
      at_ = behind;
      if (unit >= 0xd800 && unit < 0xe000) unit = 0xfffd;
    }
    Encode(unit, to);
    return true;
  }

  // The letter u and four hex digits.
  bool Unit(const char* close, uint32_t& unit) {
    if (close - at_ < 5 || *at_ != 'u') return false;
    auto [stop, error] = std::from_chars(at_ + 1, at_ + 5, unit, 16);
    if (error != std::errc() || stop != at_ + 5) return false;
    at_ = stop;
    return true;
  }

  static void Encode(uint32_t point, char*& to) {
    auto put = [&to](uint32_t byte) { *to++ = static_cast<char>(byte); };
    if (point < 0x80) return put(point);
    if (point < 0x800) return put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
    if (point < 0x10000) {
      put(0xe0 | point >> 12);
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
    }
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }

  const char* at_;
  const char* end_;
  plan::Arena& arena_;
};

}  // namespace

const Json* Json::Member(const char* wanted) const {
  for (const Json* member = first; member; member = member->next)
    if (member->name == wanted) return member;
  return nullptr;
}

const Json* ReadJson(std::string_view text, plan::Arena& arena) { return Reader(text, arena).Whole(); }

}  // namespace rooms::bridge
