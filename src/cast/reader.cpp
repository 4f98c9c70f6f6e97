#include "cast/reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "cast/text.hpp"
#include "cast/values.hpp"

namespace farpty::cast {

namespace {

constexpr ValueLimits kLimits{.depth = kMaxDepth, .values = kMaxValues};
constexpr double kMicros = 1e6;
constexpr std::size_t kMuchRead = 64 * 1024;  // of the buffer: then it is moved to its beginning

std::optional<Micros> micros_of(double seconds) {
  if (!(seconds >= 0) || seconds > static_cast<double>(kLongest) / kMicros) return std::nullopt;
  return std::llround(seconds * kMicros);
}

std::optional<WindowSize> size_of(double columns, double rows) {
  const auto fits = [](double cells) { return cells >= 1 && cells <= 65535 && cells == std::floor(cells); };
  if (!fits(columns) || !fits(rows)) return std::nullopt;
  return sane_size(static_cast<unsigned>(columns), static_cast<unsigned>(rows));
}

// "80x24"
std::optional<WindowSize> size_of(std::string_view text) {
  unsigned columns = 0, rows = 0;
  const char* const end = text.data() + text.size();
  const auto [cross, first] = std::from_chars(text.data(), end, columns);
  if (first != std::errc{} || cross == end || *cross != 'x') return std::nullopt;
  const auto [after, second] = std::from_chars(cross + 1, end, rows);
  if (second != std::errc{} || after != end) return std::nullopt;
  return size_of(columns, rows);
}

std::string text_at(const Values& values, std::string_view path) {
  const auto* const text = values.find<std::string>(path);
  return text != nullptr ? *text : "";
}

}  // namespace

void Reader::feed(Bytes bytes) {
  if (at_ >= kMuchRead) {
    buffer_.erase(0, at_);
    scanned_ -= std::exchange(at_, 0);
  }
  buffer_.append(as_text(bytes));
}

std::unexpected<Error> Reader::wrong(std::string why, std::string hint) const {
  return failure("cannot understand", fmt::format("line {}", number_), std::move(why), std::move(hint));
}

// The next line that is not empty.
Result<std::optional<Reader::Line>> Reader::line() {
  while (true) {
    auto end = buffer_.find('\n', std::max(at_, scanned_));
    const bool whole = end != std::string::npos;
    scanned_ = whole ? end : buffer_.size();
    if ((whole ? end : buffer_.size()) - at_ > kMaxLine) {
      ++number_;
      return wrong(fmt::format("it is longer than {} bytes", kMaxLine));
    }
    if (!whole && (!ended_ || at_ == buffer_.size())) return std::nullopt;
    if (!whole) end = buffer_.size();
    ++number_;
    Line found{.text = buffer_.substr(at_, end - at_), .whole = whole};
    at_ = whole ? end + 1 : end;
    if (found.text.find_first_not_of(" \t\r") != std::string::npos) return found;
  }
}

Result<const Header*> Reader::header() {
  if (header_) return &*header_;
  FARPTY_ASSIGN(first, line());
  if (!first) return nullptr;
  const auto values = parse_values(first->text, kLimits);
  const std::string kind = "it is no recording of a terminal (asciicast v2)";
  if (!values) return wrong(kind + ": its first line is no header");
  const auto* const version = values->find<double>("version");
  if (values->is_list || version == nullptr) return wrong(kind + ": its first line is no header");
  if (*version != 2)
    return wrong(fmt::format("it is an asciicast of version {}, and only version 2 is understood", *version),
                 "asciinema convert makes one of the other");
  const auto* const width = values->find<double>("width");
  const auto* const height = values->find<double>("height");
  const auto size = width != nullptr && height != nullptr ? size_of(*width, *height) : std::nullopt;
  if (!size) return wrong("its header tells no size of the terminal");
  Header header{.size = *size,
                .title = text_at(*values, "title"),
                .command = text_at(*values, "command"),
                .term = text_at(*values, "env.TERM")};
  if (const auto* const limit = values->find<double>("idle_time_limit")) header.idle_limit = micros_of(*limit);
  if (const auto* const time = values->find<double>("timestamp"); time != nullptr && std::abs(*time) < 1e15)
    header.timestamp = std::llround(*time);
  if (const auto* const bytes = values->find<double>("farpty.bytes"))
    if (*bytes == static_cast<double>(kByteCharacters)) header.rule = TextRule::kWithBytes;
  header_ = std::move(header);
  return &*header_;
}

Result<std::optional<Event>> Reader::next() {
  FARPTY_ASSIGN(head, header());
  if (head == nullptr) return std::nullopt;
  while (true) {
    FARPTY_ASSIGN(found, line());
    if (!found) return std::nullopt;
    FARPTY_ASSIGN(happened, event(*found));
    if (happened) return happened;
  }
}

// nullopt: of a kind that is not known, or half a line at the end.
Result<std::optional<Event>> Reader::event(const Line& line) {
  auto values = parse_values(line.text, kLimits);
  if (!values && !line.whole) {
    broken_off_ = true;
    return std::nullopt;
  }
  if (!values) return wrong(values.error().reason);
  const auto* const time = values->find<double>("0");
  const auto* const code = values->find<std::string>("1");
  const auto* const text = values->find<std::string>("2");
  const auto at = time != nullptr ? micros_of(*time) : std::nullopt;
  if (!values->is_list || !at || code == nullptr || text == nullptr)
    return wrong("it is no event: a time in seconds, a kind and a text");
  Event event{.at = last_ = std::max(last_, *at)};
  if (*code == "o" || *code == "i") {
    event.kind = *code == "o" ? Event::Kind::kOutput : Event::Kind::kInput;
    event.bytes = header_->rule == TextRule::kWithBytes ? bytes_of(*text) : *text;
    return event;
  }
  if (*code != "r") return std::nullopt;
  const auto size = size_of(*text);
  if (!size) return wrong("it tells no size of the terminal");
  event.kind = Event::Kind::kResize;
  event.size = *size;
  return event;
}

}  // namespace farpty::cast
