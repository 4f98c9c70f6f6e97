#include "base/result.hpp"

#include <cctype>
#include <system_error>

namespace farpty {

std::string reason_of(int code) {
  std::string text = std::generic_category().message(code);
  // Only a sentence's capital goes; names such as "RFS specific error" keep theirs.
  if (text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) != 0 &&
      std::isupper(static_cast<unsigned char>(text[1])) == 0)
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string Error::message() const {
  std::string text = operation;
  if (!object.empty()) text += " " + object;
  text += ": " + (code != 0 ? reason_of(code) : reason);
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

std::unexpected<Error> os_error(std::string operation, std::string object, int code) {
  return std::unexpected(Error{.operation = std::move(operation), .object = std::move(object), .code = code});
}

std::unexpected<Error> failure(std::string operation, std::string object, std::string reason, std::string hint) {
  return std::unexpected(Error{.operation = std::move(operation),
                               .object = std::move(object),
                               .reason = std::move(reason),
                               .hint = std::move(hint)});
}

}  // namespace farpty
