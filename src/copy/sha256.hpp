// SHA-256 as a value that grows: libcrypto's, over a file in pieces.
#pragma once

#include <openssl/types.h>

#include <array>
#include <memory>

#include "base/bytes.hpp"

namespace farpty::copy {

using Digest = std::array<std::byte, 32>;

class Sha256 {
 public:
  Sha256();
  void add(Bytes bytes);
  // Of all that was added; more can be added afterwards.
  [[nodiscard]] Digest digest() const;

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace farpty::copy
