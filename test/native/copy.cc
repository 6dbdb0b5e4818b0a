#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "copy/read_back.h"
#include "copy/ring.h"
#include "copy/transfer.h"
#include "sys/thread.h"
#include "third_party/blake3/blake3.h"

using namespace rooms;
using copy::FileOrder;
using copy::Order;
using copy::Transfer;

// What the engine takes from the OpenSSL of Node, which this program does not have: another digest stands in, so that
// the threads and chains of the first one run here too. That it is SHA-256 is for test/addon/transfer.test.ts to see.
#pragma GCC visibility push(default)
extern "C" {
void* EVP_MD_CTX_new() { return new blake3_hasher; }
void EVP_MD_CTX_free(void* context) { delete static_cast<blake3_hasher*>(context); }
const void* EVP_sha256() { return nullptr; }
int EVP_DigestInit_ex(void* context, const void*, void*) {
  blake3_hasher_init(static_cast<blake3_hasher*>(context));
  return 1;
}
int EVP_DigestUpdate(void* context, const void* bytes, size_t size) {
  blake3_hasher_update(static_cast<blake3_hasher*>(context), bytes, size);
  return 1;
}
int EVP_DigestFinal_ex(void* context, unsigned char* digest, unsigned* size) {
  blake3_hasher_finalize(static_cast<blake3_hasher*>(context), digest, *size = BLAKE3_OUT_LEN);
  return 1;
}
}

static std::string root;

static std::string At(const char* name) { return root + "/" + name; }

static void Make(const char* name, size_t size) {
  std::mt19937_64 random(size);
  std::vector<uint64_t> words(size / 8 + 1);
  for (uint64_t& word : words) word = random();
  int fd = open(At(name).c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  const char* bytes = reinterpret_cast<const char*>(words.data());
  for (size_t done = 0; done < size;) {
    ssize_t written = write(fd, bytes + done, size - done);
    CHECK(written > 0);
    done += static_cast<size_t>(written);
  }
  close(fd);
}

static FileOrder Copy(const char* source, const char* target) {
  FileOrder file;
  file.source = source;
  if (*target) file.target = At(target);
  file.mode = 0600;
  return file;
}

static Order With(std::vector<FileOrder> files) {
  Order order;
  order.root = root;
  order.files = std::move(files);
  order.sha256 = order.blake3 = order.sparse = order.read_back = true;
  return order;
}

static std::string DigestOf(const char* name) {
  Transfer transfer(With({Copy(name, "")}));
  sys::Fault fault;
  CHECK(transfer.Run(fault));
  return transfer.results()[0].blake3;
}

// Somebody asks all the while how far it is: it never goes back.
static void Watched(Transfer& transfer, sys::Fault& fault, bool good) {
  std::atomic<bool> done = false;
  sys::Thread watcher;
  CHECK(watcher.Start([&] {
    for (uint64_t bytes = 0, verified = 0; !done;) {
      CHECK(transfer.bytes() >= bytes && transfer.verified() >= verified);
      bytes = transfer.bytes();
      verified = transfer.verified();
      usleep(500);
    }
  }) == 0);
  CHECK(transfer.Run(fault) == good);
  done = true;
}

// Read, hashed twice, written and read back at once, and all of it is the same.
static void WholeFile(size_t size) {
  Transfer transfer(With({Copy("large", "copy")}));
  sys::Fault fault;
  Watched(transfer, fault, true);
  ExpectNoFault(fault);
  const copy::FileResult& result = transfer.results()[0];
  CHECK(result.size == size && transfer.bytes() == size && transfer.verified() == size);
  CHECK(result.read_back == copy::ReadBackResult::kSame && result.sha256 == result.blake3 && result.whole.empty());
  CHECK(DigestOf("copy") == result.blake3);
}

// Parts of it, and these together again.
static void Parts(size_t size) {
  const size_t part = size / 2 - 12345;
  std::vector<FileOrder> apart, together;
  const char* const names[] = {"part-0", "part-1", "part-2"};
  for (size_t i = 0; i < 3; ++i) {
    FileOrder file = Copy("large", names[i]);
    file.offset = i * part;
    file.length = i < 2 ? part : FileOrder::kToTheEnd;
    file.continues = i > 0;
    apart.push_back(file);
    file = Copy(names[i], "joined");
    file.continues = i > 0;
    together.push_back(file);
  }
  Transfer split(With(apart)), join(With(together));
  sys::Fault fault;
  Watched(split, fault, true);
  ExpectNoFault(fault);
  Watched(join, fault, true);
  ExpectNoFault(fault);
  // Of the parts only those of more than ReadBack::kLeast, of what they make all.
  CHECK(join.verified() == size);
  const std::string whole = DigestOf("large");
  CHECK(split.results()[0].whole.empty() && split.results()[2].whole == whole);
  CHECK(join.results()[2].whole == whole && join.results()[2].read_back == copy::ReadBackResult::kSame);
  CHECK(DigestOf("joined") == whole);
}

// Stopped by another thread, sooner or later: it ends, with all of its threads.
static void Cancelled() {
  for (useconds_t after : {0u, 1000u, 20000u, 100000u}) {
    unlink(At("cancelled").c_str());
    Transfer transfer(With({Copy("large", "cancelled")}));
    sys::Thread other;
    CHECK(other.Start([&] {
      usleep(after);
      transfer.Cancel();
    }) == 0);
    sys::Fault fault;
    bool whole = transfer.Run(fault);
    CHECK(whole || fault.step == "copy.cancelled");
  }
}

// A device that gives back another byte, or fewer, somewhere in a file of pieces that do not end with blocks.
static void Lies() {
  const std::vector<size_t> sizes = {copy::Ring::kBuffer, copy::Ring::kBuffer - 77, 12345, 1, 9000};
  const std::string bytes(copy::Ring::kBuffer, 'b');
  for (int lie = -1; lie <= static_cast<int>(sizes.size()); ++lie) {
    std::atomic<uint64_t> read = 0;
    std::atomic<bool> cancelled = false;
    copy::ReadBack back(read, cancelled);
    sys::Fault fault;
    int fd = open(At("lie").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(back.Start(fd, At("lie"), fault));
    off_t size = 0;
    for (size_t piece : sizes) {
      CHECK(write(fd, bytes.data(), piece) == static_cast<ssize_t>(piece));
      size += static_cast<off_t>(piece);
      back.Written(static_cast<uint64_t>(size));
    }
    off_t last = size;
    for (int i = static_cast<int>(sizes.size()); i-- > std::max(lie, 0);) last -= static_cast<off_t>(sizes[i]);
    if (lie == static_cast<int>(sizes.size()))
      CHECK(ftruncate(fd, size - 5000) == 0);
    else if (lie >= 0)
      CHECK(pwrite(fd, "x", 1, last) == 1);
    back.Pause();
    for (size_t piece : sizes) back.Take({bytes.data(), piece}, copy::ReadBack::kBatch);
    CHECK(back.Good(fault) && back.same() == (lie < 0));
    CHECK(lie >= 0 || read == static_cast<uint64_t>(size));
    close(fd);
  }
}

// What a file does not have cannot be copied, and what is there already is not written to.
static void Refused() {
  sys::Fault fault;
  FileOrder file = Copy("large", "none");
  file.offset = 1ull << 40;
  CHECK(!Transfer(With({file})).Run(fault) && fault.step == "copy.changed" && fault.error == ESTALE);
  CHECK(!Transfer(With({Copy("large", "copy")})).Run(fault) && fault.step == "copy.create" && fault.error == EEXIST);
  CHECK(access(At("none").c_str(), F_OK) < 0);
}

int main() {
  char name[] = "/tmp/anchor-copy-XXXXXX";
  CHECK(mkdtemp(name));
  root = name;
  const size_t size = (150 << 20) + 4099;
  Make("large", size);
  WholeFile(size);
  Parts(size);
  Cancelled();
  Lies();
  Refused();
  for (const char* file : {"large", "copy", "part-0", "part-1", "part-2", "joined", "cancelled", "lie"})
    unlink(At(file).c_str());
  CHECK(rmdir(root.c_str()) == 0);
  return 0;
}
