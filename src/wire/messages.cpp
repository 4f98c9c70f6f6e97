#include "wire/messages.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/check.hpp"
#include "wire/cbor.hpp"
#include "wire/fields.hpp"

namespace farpty::wire {

namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kMaxFeatures = 32;
constexpr std::uint64_t kMaxWindow = 1ULL << 32;
constexpr std::uint64_t kMaxSeconds = 10ULL * 365 * 24 * 3600;

// One description of each message, for Writer and Reader.

template <typename V>
void describe(V& v, Size& m) {
  v.number("columns", m.columns, 0xffff, Need::kRequired);
  v.number("rows", m.rows, 0xffff, Need::kRequired);
  v.number("xpixels", m.x_pixels, 0xffff);
  v.number("ypixels", m.y_pixels, 0xffff);
}

template <typename V>
void describe(V& v, Windows& m) {
  v.number("output-window", m.output, kMaxWindow);
  v.number("errors-window", m.errors, kMaxWindow);
}

template <typename V>
void describe(V& v, Hello& m) {
  v.number("version", m.version, 0xffff, Need::kRequired);
  v.number("oldest", m.oldest, 0xffff, Need::kRequired);
  v.text("agent", m.agent, kMaxText);
  v.texts("features", m.features, kMaxFeatures, kMaxName);
  v.text("user", m.user, kMaxName);
}

template <typename V>
void describe(V& v, Start& m) {
  v.bytes("id", m.id, kStartIdSize);
  v.arguments("command", m.command, kMaxArguments, kMaxCommand);
  v.flag("terminal", m.terminal, Need::kRequired);
  describe(v, m.size);
  v.text("term", m.term, kMaxName);
  v.bytes("terminfo", m.terminfo, kMaxTerminfo);
  v.variables("environment", m.environment, kMaxVariables, kMaxVariable);
  v.text("name", m.name, kMaxName);
  v.number("which", m.which, static_cast<std::uint64_t>(Which::kAttachOrNew));
  v.flag("read-only", m.read_only);
  v.maybe("linger", m.linger, kMaxSeconds);
  v.text("service", m.service, kMaxName);
  describe(v, m.windows);
}

template <typename V>
void describe_seat(V& v, Seat& seat) {
  std::string text(reinterpret_cast<const char*>(seat.data()), seat.size());
  v.bytes("seat", text, kSeatSize, Need::kRequired);
  if (text.size() == kSeatSize) std::ranges::copy(as_bytes(text), seat.begin());
}

template <typename V>
void describe(V& v, Resume& m) {
  describe_seat(v, m.seat);
  v.number("output", m.output, kAny);
  v.number("errors", m.errors, kAny);
  describe(v, m.windows);
  describe(v, m.size);
}

template <typename V>
void describe(V& v, Started& m) {
  v.number("session", m.session, kAny, Need::kRequired);
  v.text("name", m.name, kMaxName);
  describe_seat(v, m.seat);
  v.flag("created", m.created);
  v.flag("resumed", m.resumed);
  v.flag("writer", m.writer);
  v.flag("terminal", m.terminal);
  v.number("input", m.input, kAny);
  v.number("input-limit", m.input_limit, kAny);
  v.number("output", m.output, kAny);
  v.number("errors", m.errors, kAny);
  v.text("tty", m.tty, kMaxText);
}

template <typename V>
void describe(V& v, Eof& m) {
  v.number("at", m.at, kAny, Need::kRequired);
}

template <typename V>
void describe(V& v, Resize& m) {
  describe(v, m.size);
}

template <typename V>
void describe(V& v, Signal& m) {
  v.text("signal", m.name, kMaxName, Need::kRequired);
}

template <typename V>
void describe(V& v, Exit& m) {
  v.number("cause", m.cause, static_cast<std::uint64_t>(Cause::kDetached));
  v.number("status", m.status, 255);
  v.number("number", m.number, 127);
  v.text("signal", m.signal, kMaxName);
  v.text("text", m.text, kMaxText);
}

template <typename V>
void describe(V& v, Listed& m) {
  v.number("session", m.session, kAny, Need::kRequired);
  v.text("name", m.name, kMaxName);
  v.text("program", m.program, kMaxText);
  v.text("tty", m.tty, kMaxText);
  v.number("age", m.age, kAny);
  v.number("idle", m.idle, kAny);
  v.number("viewers", m.viewers, kAny);
  describe(v, m.size);
}

template <typename V>
void describe(V& v, Sessions& m) {
  v.list("sessions", m.sessions, kMaxListed, [](auto& inner, Listed& one) { describe(inner, one); });
  v.flag("more", m.more);
}

template <typename V>
void describe(V& v, Kill& m) {
  v.text("session", m.session, kMaxName, Need::kRequired);
}

template <typename V>
void describe(V& v, Done& m) {
  v.text("text", m.text, kMaxText);
}

template <typename V>
void describe(V& v, Pen& m) {
  v.number("action", m.action, static_cast<std::uint64_t>(PenAction::kHaveNot), Need::kRequired);
}

template <typename V>
void describe(V& v, Snapshot& m) {
  v.number("at", m.at, kAny, Need::kRequired);
  v.number("skipped", m.skipped, kAny);
  v.number("size", m.size, kMaxSnapshot, Need::kRequired);
  describe(v, m.screen);
}

template <typename V>
void describe(V& v, Credential& m) {
  v.bytes("id", m.id, kMaxName, Need::kRequired);
  v.bytes("secret", m.secret, kMaxName, Need::kRequired);
  v.number("expires", m.expires, kMaxSeconds);
}

template <typename V>
void describe(V& v, Invite& m) {
  v.flag("read-only", m.read_only);
  v.flag("once", m.once);
  v.number("expires", m.expires, kMaxSeconds, Need::kRequired);
  v.text("session", m.session, kMaxName);
}

template <typename V>
void describe(V& v, Invitation& m) {
  v.text("token", m.token, kMaxText, Need::kRequired);
  v.number("expires", m.expires, kMaxSeconds);
}

template <typename V>
void describe(V& v, Failure& m) {
  v.text("code", m.code, kMaxName, Need::kRequired);
  v.text("text", m.text, kMaxText);
}

template <typename V>
void describe(V&, Detach&) {}
template <typename V>
void describe(V&, List&) {}
template <typename V>
void describe(V&, Bye&) {}
template <typename V>
void describe(V&, Redraw&) {}

// Plain bytes: numbers of eight bytes, the most significant first.

constexpr std::size_t kNumberSize = 8;

template <std::size_t kNumbers>
void append_numbers(Type type, Channel channel, const std::array<std::uint64_t, kNumbers>& numbers,
                    std::vector<std::byte>& out) {
  std::array<std::byte, kNumbers * kNumberSize> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(numbers[i / kNumberSize] >> (56 - 8 * (i % kNumberSize)) & 0xff);
  append_frame(type, channel, bytes, out);
}

std::uint64_t number_at(Bytes bytes, std::size_t index) {
  std::uint64_t value = 0;
  for (const std::byte one : bytes.subspan(index * kNumberSize, kNumberSize))
    value = value << 8 | std::to_integer<std::uint64_t>(one);
  return value;
}

std::unexpected<Error> not_understood(Type type, std::string why) {
  return failure("cannot understand", "a message '" + std::string(name_of(type)) + "'", std::move(why));
}

template <typename T>
Result<Message> decode_map(const Frame& frame) {
  const auto map = parse_cbor(frame.payload);
  if (!map) return not_understood(frame.type, map.error().reason);
  if (!map->is_object()) return not_understood(frame.type, "it is no map");
  T message;
  if constexpr (std::is_same_v<T, Eof>) message.channel = frame.channel;
  Reader reader(*map);
  describe(reader, message);
  if (!reader.why().empty()) return not_understood(frame.type, reader.why());
  return message;
}

template <std::size_t kNumbers, typename Make>
Result<Message> decode_numbers(const Frame& frame, Make make) {
  if (frame.payload.size() != kNumbers * kNumberSize) return not_understood(frame.type, "it has not the right length");
  return make(frame.payload);
}

// One function for each kind of message. Those of the streams come with every keystroke: nothing is allocated for them.

void append(const Data& data, std::vector<std::byte>& out) { append_frame(Type::kData, data.channel, data.bytes, out); }

void append(const Screen& screen, std::vector<std::byte>& out) {
  append_frame(Type::kScreen, Channel::kNone, screen.bytes, out);
}

void append(const Ack& ack, std::vector<std::byte>& out) {
  append_numbers<2>(Type::kAck, ack.channel, {ack.read, ack.limit}, out);
}

void append(const Ping& ping, std::vector<std::byte>& out) {
  append_numbers<1>(Type::kPing, Channel::kNone, {ping.cookie}, out);
}

void append(const Pong& pong, std::vector<std::byte>& out) {
  append_numbers<1>(Type::kPong, Channel::kNone, {pong.cookie}, out);
}

// In the order of the variant.
constexpr Type kTypes[] = {Type::kHello,      Type::kStart,    Type::kResume,   Type::kStarted,    Type::kData,
                           Type::kAck,        Type::kEof,      Type::kResize,   Type::kSignal,     Type::kExit,
                           Type::kDetach,     Type::kList,     Type::kSessions, Type::kKill,       Type::kDone,
                           Type::kPen,        Type::kSnapshot, Type::kScreen,   Type::kCredential, Type::kInvite,
                           Type::kInvitation, Type::kPing,     Type::kPong,     Type::kError,      Type::kBye,
                           Type::kRedraw};
static_assert(std::size(kTypes) == std::variant_size_v<Message>);

}  // namespace

Type type_of(const Message& message) { return kTypes[message.index()]; }

void encode(const Message& message, std::vector<std::byte>& out) {
  std::visit(
      [&](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (requires { append(one, out); }) {
          append(one, out);
        } else {
          T copy = one;
          Writer writer;
          describe(writer, copy);
          Channel channel = Channel::kNone;
          if constexpr (std::is_same_v<T, Eof>) channel = one.channel;
          append_frame(type_of(message), channel, to_cbor(writer.take()), out);
        }
      },
      message);
}

Result<Message> decode(const Frame& frame) {
  switch (frame.type) {
    case Type::kHello: return decode_map<Hello>(frame);
    case Type::kStart: return decode_map<Start>(frame);
    case Type::kResume: return decode_map<Resume>(frame);
    case Type::kStarted: return decode_map<Started>(frame);
    case Type::kData: return Data{.channel = frame.channel, .bytes = frame.payload};
    case Type::kAck:
      return decode_numbers<2>(frame, [&](Bytes bytes) {
        return Ack{.channel = frame.channel, .read = number_at(bytes, 0), .limit = number_at(bytes, 1)};
      });
    case Type::kEof: return decode_map<Eof>(frame);
    case Type::kResize: return decode_map<Resize>(frame);
    case Type::kSignal: return decode_map<Signal>(frame);
    case Type::kExit: return decode_map<Exit>(frame);
    case Type::kDetach: return decode_map<Detach>(frame);
    case Type::kList: return decode_map<List>(frame);
    case Type::kSessions: return decode_map<Sessions>(frame);
    case Type::kKill: return decode_map<Kill>(frame);
    case Type::kDone: return decode_map<Done>(frame);
    case Type::kPen: return decode_map<Pen>(frame);
    case Type::kSnapshot: return decode_map<Snapshot>(frame);
    case Type::kScreen: return Screen{.bytes = frame.payload};
    case Type::kCredential: return decode_map<Credential>(frame);
    case Type::kInvite: return decode_map<Invite>(frame);
    case Type::kInvitation: return decode_map<Invitation>(frame);
    case Type::kPing: return decode_numbers<1>(frame, [](Bytes bytes) { return Ping{.cookie = number_at(bytes, 0)}; });
    case Type::kPong: return decode_numbers<1>(frame, [](Bytes bytes) { return Pong{.cookie = number_at(bytes, 0)}; });
    case Type::kError: return decode_map<Failure>(frame);
    case Type::kBye: return decode_map<Bye>(frame);
    case Type::kRedraw: return decode_map<Redraw>(frame);
  }
  return not_understood(frame.type, "there is no such type");
}

}  // namespace farpty::wire
