#include "door/first_bytes.hpp"

#include <algorithm>

namespace farpty::door {

namespace {

// RFC 9110, 9.1; PRI is HTTP/2's preface (RFC 9113, 3.4).
constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};

// A method, a blank, and what a request target can begin with (RFC 9112, 3.2): '/', a scheme or host name, or '*'. A person
// who types "GET " and a file name into a shell is not taken for a browser unless the name looks like a path of the web.
bool is_http(std::string_view text) {
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos || blank + 1 >= text.size()) return false;
  const std::string_view method = text.substr(0, blank);
  const char target = text[blank + 1];
  return std::ranges::find(kMethods, method) != std::end(kMethods) &&
         (target == '/' || target == '*' || target == 'h' || method == "CONNECT");
}

}  // namespace

Verdict FirstBytes::look(Bytes bytes) {
  if (decided_) return Verdict::kFine;
  for (const char c : as_text(bytes.first(std::min(bytes.size(), kLongest)))) {
    seen_ += c;
    if (c == '\n' || seen_.size() >= kLongest) decided_ = true;
    // RFC 8446, 5.1: type handshake (22), legacy version 3.x.
    if (seen_.size() == 2 && seen_[0] == 0x16 && seen_[1] == 0x03) return Verdict::kTls;
    if (is_http(seen_)) return Verdict::kHttp;
    if (decided_) {
      std::string().swap(seen_);
      break;
    }
  }
  return Verdict::kFine;
}

}  // namespace farpty::door
