#include "copy/digest.h"

#include "third_party/blake3/blake3.h"

// Of OpenSSL's EVP interface, unchanged since 1.1.0 and the same in BoringSSL. Node exports its own OpenSSL to addons
// (docs/decisions/015); weak, because a program that does not would otherwise not load the addon at all.
#define ANCHOR_NODES_OWN extern "C" __attribute__((weak, visibility("default")))
ANCHOR_NODES_OWN void* EVP_MD_CTX_new();
ANCHOR_NODES_OWN void EVP_MD_CTX_free(void* context);
ANCHOR_NODES_OWN const void* EVP_sha256();
ANCHOR_NODES_OWN int EVP_DigestInit_ex(void* context, const void* type, void* engine);
ANCHOR_NODES_OWN int EVP_DigestUpdate(void* context, const void* bytes, size_t size);
ANCHOR_NODES_OWN int EVP_DigestFinal_ex(void* context, unsigned char* digest, unsigned* size);

namespace rooms::copy {

namespace {

std::string InHex(const unsigned char* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) text.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
  return text;
}

class Sha256 : public Digest {
 public:
  explicit Sha256(void* context) : context_(context) {}
  ~Sha256() override { EVP_MD_CTX_free(context_); }
  void Update(const void* bytes, size_t size) override {
    good_ = good_ && EVP_DigestUpdate(context_, bytes, size) == 1;
  }
  std::string Hex() override {
    unsigned char digest[64];
    unsigned size = 0;
    if (!good_ || EVP_DigestFinal_ex(context_, digest, &size) != 1) return {};
    return InHex(digest, size);
  }

 private:
  void* context_;
  bool good_ = true;
};

class Blake3 : public Digest {
 public:
  Blake3() { blake3_hasher_init(&hasher_); }
  void Update(const void* bytes, size_t size) override { blake3_hasher_update(&hasher_, bytes, size); }
  std::string Hex() override {
    unsigned char digest[BLAKE3_OUT_LEN];
    blake3_hasher_finalize(&hasher_, digest, sizeof digest);
    return InHex(digest, sizeof digest);
  }

 private:
  blake3_hasher hasher_;
};

}  // namespace

std::unique_ptr<Digest> NewSha256() {
  if (!EVP_MD_CTX_new || !EVP_MD_CTX_free || !EVP_sha256 || !EVP_DigestInit_ex || !EVP_DigestUpdate ||
      !EVP_DigestFinal_ex)
    return nullptr;
  void* context = EVP_MD_CTX_new();
  if (!context) return nullptr;
  auto digest = std::make_unique<Sha256>(context);
  // Refused where a policy of the machine forbids it.
  if (EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) return nullptr;
  return digest;
}

std::unique_ptr<Digest> NewBlake3() {
  // What this processor can is looked up at the first use and kept in a variable that is written without a lock.
  static const bool looked = [] {
    blake3_hasher hasher;
    unsigned char digest[BLAKE3_OUT_LEN], chunks[2 * BLAKE3_CHUNK_LEN] = {};
    blake3_hasher_init(&hasher);
    blake3_hasher_update(&hasher, chunks, sizeof chunks);
    blake3_hasher_finalize(&hasher, digest, sizeof digest);
    return true;
  }();
  (void)looked;
  return std::make_unique<Blake3>();
}

}  // namespace rooms::copy
