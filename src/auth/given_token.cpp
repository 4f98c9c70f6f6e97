#include "auth/given_token.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace farpty::auth {

namespace {

constexpr const char* kVariable = "FARPTY_TOKEN";
constexpr std::string_view kAddressFlag = "--to=";  // the one flag with an address
constexpr std::size_t kMaxLine = 1024;              // an address with a token

SecretBytes copy_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

// What stands behind the '#', or all of it.
SecretBytes token_in(std::string_view text) {
  const auto fragment = text.rfind('#');
  return copy_of(fragment == std::string_view::npos ? text : text.substr(fragment + 1));
}

}  // namespace

std::optional<SecretBytes> take_token(std::span<char* const> arguments) {
  std::optional<SecretBytes> taken;
  for (char* argument : arguments) {
    const std::string_view text = argument;
    if (text == "--") break;
    const auto fragment = text.find('#');
    const auto address = text.substr(text.starts_with(kAddressFlag) ? kAddressFlag.size() : 0);
    if (!address.starts_with("farpty://") || fragment == std::string_view::npos) continue;
    if (!taken) taken = copy_of(text.substr(fragment + 1));
    OPENSSL_cleanse(argument + fragment, text.size() - fragment);
  }
  return taken;
}

std::optional<SecretBytes> take_token_from_environment() {
  char* value = std::getenv(kVariable);
  if (value == nullptr) return std::nullopt;
  SecretBytes taken = token_in(value);
  OPENSSL_cleanse(value, std::strlen(value));
  unsetenv(kVariable);
  return taken;
}

Result<SecretBytes> read_token(int fd) {
  SecretBytes line;
  line.reserve(kMaxLine);
  while (line.size() < kMaxLine) {
    std::byte byte{};
    const ssize_t count = ::read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("cannot read", "the token");
    if (count == 0 || byte == std::byte{'\n'}) {
      if (!line.empty() && line.back() == std::byte{'\r'}) line.pop_back();
      if (line.empty()) return failure("cannot read", "the token", "there is none on standard input");
      return token_in(as_text(line));
    }
    line.push_back(byte);
  }
  return failure("cannot read", "the token", "the line is too long for one");
}

}  // namespace farpty::auth
