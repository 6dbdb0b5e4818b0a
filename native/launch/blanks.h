#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace rooms::launch {

struct Blank;

// Blank rooms that were made ahead, by id. Each is used once.
class Blanks {
 public:
  Blanks();
  ~Blanks();
  Blanks(const Blanks&) = delete;
  Blanks& operator=(const Blanks&) = delete;

  void Put(std::string id, std::unique_ptr<Blank> blank);
  std::unique_ptr<Blank> Take(const std::string& id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Blank>> ready_;
};

}  // namespace rooms::launch
