#include "auth/address_list.hpp"

#include <algorithm>
#include <charconv>

namespace farpty::auth {

namespace {

constexpr std::size_t kMaxElements = 256;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::unexpected<Error> refuse(std::string_view element, std::string reason) {
  return failure("cannot understand", "from=\"" + std::string(element) + "\"", std::move(reason));
}

}  // namespace

// Linear in the text for each star; no recursion that a long pattern could make deep.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, in = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      resume = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
      ++in, ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

Result<AddressList> AddressList::parse(std::string_view list) {
  AddressList parsed;
  while (true) {
    const auto comma = list.find(',');
    std::string_view word = list.substr(0, comma);
    Element element;
    if (word.starts_with('!')) {
      element.negated = true;
      word.remove_prefix(1);
    }
    if (word.empty()) return refuse(word, "an element of the list is empty");
    if (parsed.elements_.size() == kMaxElements) return refuse("...", "the list is too long");
    const auto slash = word.find('/');
    if (const auto address = IpAddress::parse(word.substr(0, slash))) {
      Network network{.address = *address, .bits = address->bits()};
      if (slash != std::string_view::npos) {
        const char* end = word.data() + word.size();
        const auto [stop, code] = std::from_chars(word.data() + slash + 1, end, network.bits);
        if (code != std::errc{} || stop != end || network.bits > address->bits())
          return refuse(word, "that is no length of a network's address");
        if (address->network(network.bits) != *address) return refuse(word, "the address has bits outside its network");
      }
      element.what = network;
    } else if (slash != std::string_view::npos) {
      return refuse(word, "what stands before '/' is no address");
    } else {
      std::string pattern(word);
      std::ranges::transform(pattern, pattern.begin(), lower);
      element.what = std::move(pattern);
    }
    parsed.elements_.push_back(std::move(element));
    if (comma == std::string_view::npos) return parsed;
    list.remove_prefix(comma + 1);
  }
}

bool AddressList::matches(const std::optional<IpAddress>& address) const {
  if (!address) return false;
  const std::string text = address->text();
  bool matched = false;
  for (const Element& element : elements_) {
    const auto* network = std::get_if<Network>(&element.what);
    const bool hit = network == nullptr ? matches_pattern(text, std::get<std::string>(element.what))
                                        : network->address.family == address->family &&
                                              address->network(network->bits) == network->address;
    if (hit && element.negated) return false;
    matched = matched || hit;
  }
  return matched;
}

}  // namespace farpty::auth
