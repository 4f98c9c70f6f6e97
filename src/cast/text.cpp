#include "cast/text.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"

namespace farpty::cast {

namespace {

bool stands_for_a_byte(char32_t character) {
  return character >= kByteCharacters + 0x80 && character <= kByteCharacters + 0xff;
}

void add_single(std::string_view bytes, std::string& text) {
  for (const char byte : bytes) utf8::append(kByteCharacters + static_cast<unsigned char>(byte), text);
}

bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

}  // namespace

std::string TextMaker::add(Bytes bytes) {
  std::string joined;
  std::string_view left = as_text(bytes);
  if (!kept_.empty()) {
    joined = std::exchange(kept_, {}).append(left);
    left = joined;
  }
  std::string text;
  text.reserve(left.size());
  while (!left.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(left, is_ascii) - left.begin());
    text.append(left.substr(0, plain));
    left.remove_prefix(plain);
    if (left.empty()) break;
    const utf8::Look found = utf8::look(left);
    if (found.head == utf8::Head::kCut) {
      kept_ = left;
      break;
    }
    const auto head = left.substr(0, found.length);
    if (found.head == utf8::Head::kWrong || stands_for_a_byte(found.character))
      add_single(head, text);
    else
      text.append(head);
    left.remove_prefix(found.length);
  }
  return text;
}

std::string TextMaker::rest() {
  std::string text;
  add_single(std::exchange(kept_, {}), text);
  return text;
}

std::string bytes_of(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const utf8::Look found = utf8::look(text);
    if (found.head == utf8::Head::kCharacter && stands_for_a_byte(found.character))
      bytes += static_cast<char>(static_cast<unsigned char>(found.character - kByteCharacters));
    else
      bytes.append(text.substr(0, found.length));
    text.remove_prefix(found.length);
  }
  return bytes;
}

}  // namespace farpty::cast
