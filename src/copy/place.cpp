#include "copy/place.hpp"

namespace farpty::copy {

namespace {
constexpr std::string_view kScheme = "farpty://";

std::unexpected<Error> malformed(std::string_view text, std::string reason) {
  return failure("cannot understand", "'" + std::string(text) + "'", std::move(reason),
                 "write it like notes.txt, user@host:notes.txt or farpty://host:7022/notes.txt");
}
}  // namespace

Result<Place> parse_place(std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return malformed(text, "it is no path");
  Place place;
  if (text.starts_with(kScheme)) {
    // A token, which is taken out before arguments are looked at, but not behind "--". It is not shown.
    if (const auto fragment = text.find('#'); fragment != std::string_view::npos)
      return malformed(text.substr(0, fragment), "a token cannot stand behind --");
    const auto slash = text.find('/', kScheme.size());
    place.host = text.substr(0, slash);
    if (slash != std::string_view::npos) place.path = text.substr(slash + 1);
    if (place.host.size() == kScheme.size()) return malformed(text, "the host is missing");
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos && text.find('/') > colon) {
    std::size_t end = colon;
    if (const auto bracket = text.find('['); bracket < colon) {  // [::1]:path, ann@[::1]:path
      end = text.find("]:", bracket);
      if (end == std::string_view::npos) return malformed(text, "']:' is missing after the IPv6 address");
      ++end;
    }
    place.host = text.substr(0, end);
    place.path = text.substr(end + 1);
    if (place.host.empty()) return malformed(text, "the host is missing");
  } else {
    place.path = text;
  }
  if (place.path.empty()) place.path = ".";
  return place;
}

}  // namespace farpty::copy
