// FirstBytes: tells from the first bytes of a connection whether a web page or a TLS client is at an insecure door.
//
// A page in the user's own browser may POST to loopback, with commands in the body; so a connection that begins as an HTTP
// request or a TLS handshake is closed. Pure; sees each byte once, holds none back.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace farpty::door {

enum class Verdict { kFine, kHttp, kTls };

class FirstBytes {
 public:
  // Looks at what arrives, in order. After the first newline or kLongest bytes it says kFine for ever.
  Verdict look(Bytes bytes);

 private:
  // "OPTIONS /" is the longest beginning that decides.
  static constexpr std::size_t kLongest = 16;
  std::string seen_;
  bool decided_ = false;
};

}  // namespace farpty::door
