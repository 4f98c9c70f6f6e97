#include "wire/cbor.hpp"

#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace farpty::wire {

namespace {

using nlohmann::json;

// Builds the value as it is told of it; whatever it answers false to ends the parse.
class Builder {
 public:
  // The interface is nlohmann's (json_sax), names included.
  // NOLINTBEGIN(readability-identifier-naming)
  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(json::number_integer_t value) { return put(value); }
  bool number_unsigned(json::number_unsigned_t value) { return put(value); }
  bool number_float(json::number_float_t, const std::string&) { return refuse("it holds a floating-point number"); }
  // CBOR text that is no UTF-8 is not well-formed (RFC 8949, 3.1), and nlohmann does not look.
  bool string(std::string& text) {
    if (!utf8::is_valid(text)) return refuse("it holds text that is not UTF-8");
    return put(std::move(text));
  }
  bool binary(json::binary_t& bytes) { return put(std::move(bytes)); }
  bool start_object(std::size_t count) { return open(json::object(), count); }
  bool start_array(std::size_t count) { return open(json::array(), count); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (!utf8::is_valid(name)) return refuse("it holds a key that is not UTF-8");
    if (open_.back()->contains(name)) return refuse("it holds a key twice");
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) {
    return refuse("it is not well-formed CBOR");
  }
  // NOLINTEND(readability-identifier-naming)

  json take() { return std::move(root_); }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  bool refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  bool put(json value) { return add(std::move(value)) != nullptr; }

  json* add(json value) {
    if (++elements_ > kMaxElements) {
      refuse("it holds too many elements");
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool open(json container, std::size_t count) {
    if (open_.size() >= kMaxDepth) return refuse("it is nested too deeply");
    // An indefinite length is told as the largest number; its elements are counted as they come.
    if (count != std::numeric_limits<std::size_t>::max() && count > kMaxElements)
      return refuse("it holds too many elements");
    json* const added = add(std::move(container));
    if (added == nullptr) return false;
    open_.push_back(added);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  json root_;
  // Pointers stay good: while a container is open, nothing is added to the ones around it.
  std::vector<json*> open_;
  std::string key_;
  std::size_t elements_ = 0;
  std::string why_;
};

}  // namespace

Result<json> parse_cbor(Bytes bytes) {
  Builder builder;
  const auto* const begin = reinterpret_cast<const char*>(bytes.data());  // libc++ has traits of no other byte
  if (!json::sax_parse(begin, begin + bytes.size(), &builder, json::input_format_t::cbor))
    return failure("cannot understand", "a message", builder.why().empty() ? "it is not CBOR" : builder.why());
  return builder.take();
}

std::vector<std::byte> to_cbor(const json& value) {
  const std::vector<std::uint8_t> encoded = json::to_cbor(value);
  const Bytes bytes = std::as_bytes(std::span(encoded));
  return {bytes.begin(), bytes.end()};
}

}  // namespace farpty::wire
