#include "copy/messages.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "copy/safe_path.hpp"
#include "wire/cbor.hpp"
#include "wire/fields.hpp"

namespace farpty::copy {

namespace {

using wire::Need;

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kPermissions = 0777;
constexpr std::uint32_t kMaxNanoseconds = 999'999'999;
constexpr std::uint8_t kData = 6;

std::unexpected<Error> broken(std::string reason) {
  return failure("cannot understand", "the other end", std::move(reason), "is its farpty of another version?");
}

// A digest as wire's bytes; of the wrong length it becomes one of zeros, which no file has.
template <typename V>
void describe_digest(V& v, Digest& digest) {
  std::string text(as_text(digest));
  v.bytes("digest", text, digest.size());
  digest = {};
  if (text.size() == digest.size()) std::ranges::copy(as_bytes(text), digest.begin());
}

template <typename V, typename M>
void describe_place(V& v, M& m) {
  v.number("root", m.root, kMaxRoots);
  v.bytes("path", m.path, kMaxPath);
  v.number("mode", m.mode, kPermissions);
  v.number("seconds", m.seconds, kAny);
  v.number("nanoseconds", m.nanoseconds, kMaxNanoseconds);
}

template <typename V>
void describe(V& v, Hello& m) {
  v.number("version", m.version, 0xffff, Need::kRequired);
}
template <typename V>
void describe(V& v, Totals& m) {
  v.number("files", m.files, kMaxSize);
  v.number("bytes", m.bytes, kMaxSize);
}
template <typename V>
void describe(V& v, Entry& m) {
  describe_place(v, m);
  v.flag("folder", m.folder);
  v.number("size", m.size, kMaxSize);
}
template <typename V>
void describe(V& v, Have& m) {
  v.number("offset", m.offset, kMaxSize);
  describe_digest(v, m.digest);
}
template <typename V>
void describe(V& v, Begin& m) {
  v.number("offset", m.offset, kMaxSize);
}
template <typename V>
void describe(V&, Data&) {}
template <typename V>
void describe(V& v, End& m) {
  describe_digest(v, m.digest);
  v.bytes("failure", m.failure, kMaxText);
}
template <typename V>
void describe(V& v, Outcome& m) {
  v.bytes("failure", m.failure, kMaxText);
}
template <typename V>
void describe(V& v, Leave& m) {
  describe_place(v, m);
}
template <typename V>
void describe(V& v, Trouble& m) {
  v.bytes("text", m.text, kMaxText);
}
template <typename V>
void describe(V&, Finish&) {}
template <typename V>
void describe(V&, Finished&) {}
template <typename V>
void describe(V& v, Job& m) {
  v.flag("send", m.send, Need::kRequired);
  v.arguments("paths", m.paths, kMaxRoots, kMaxRootBytes);
  v.bytes("to", m.to, kMaxPath);
}

std::string check(const Entry& m) { return is_safe_path(m.path) ? "" : "it sends a name that leads elsewhere"; }
std::string check(const Leave& m) { return is_safe_path(m.path) ? "" : "it sends a name that leads elsewhere"; }
template <typename M>
std::string check(const M&) {
  return "";
}

template <typename M>
Result<Message> decode_as(Bytes payload) {
  if constexpr (std::is_same_v<M, Data>) return Data{.bytes = payload};
  const auto map = wire::parse_cbor(payload);
  if (!map || !map->is_object()) return broken("its message is no map");
  wire::Reader reader(*map);
  M message;
  describe(reader, message);
  if (!reader.why().empty()) return broken(reader.why());
  if (auto why = check(message); !why.empty()) return broken(std::move(why));
  return message;
}

template <std::size_t... kIndices>
Result<Message> decode_kind(std::uint8_t kind, Bytes payload, std::index_sequence<kIndices...>) {
  using Decode = Result<Message> (*)(Bytes);
  constexpr Decode kDecoders[] = {decode_as<std::variant_alternative_t<kIndices, Message>>...};
  return kDecoders[kind - 1](payload);
}

}  // namespace

// A message's kind is its place in the variant, from 1.
void append(const Message& message, std::vector<std::byte>& to) {
  const std::size_t start = to.size();
  to.resize(start + kHeaderSize);
  to[start + 4] = static_cast<std::byte>(message.index() + 1);
  if (const auto* data = std::get_if<Data>(&message)) {
    to.insert(to.end(), data->bytes.begin(), data->bytes.end());
  } else {
    Message copy = message;
    wire::Writer writer;
    std::visit([&writer](auto& m) { describe(writer, m); }, copy);
    const auto payload = wire::to_cbor(writer.take());
    to.insert(to.end(), payload.begin(), payload.end());
  }
  const std::size_t size = to.size() - start - kHeaderSize;
  FARPTY_CHECK(size <= kMaxPayload);
  for (std::size_t i = 0; i < 4; ++i) to[start + i] = static_cast<std::byte>(size >> (24 - 8 * i));
}

Result<Header> decode_header(std::span<const std::byte, kHeaderSize> bytes) {
  Header header{.kind = std::to_integer<std::uint8_t>(bytes[4])};
  for (std::size_t i = 0; i < 4; ++i) header.size = (header.size << 8) | std::to_integer<std::size_t>(bytes[i]);
  if (header.kind == 0 || header.kind > std::variant_size_v<Message>)
    return broken("it sends what is no message of a copy");
  if (header.size > kMaxPayload) return broken("its message is too long");
  return header;
}

Result<Message> decode(std::uint8_t kind, Bytes payload) {
  static_assert(std::is_same_v<std::variant_alternative_t<kData - 1, Message>, Data>);
  if (kind == 0 || kind > std::variant_size_v<Message>) return broken("it sends what is no message of a copy");
  return decode_kind(kind, payload, std::make_index_sequence<std::variant_size_v<Message>>());
}

}  // namespace farpty::copy
