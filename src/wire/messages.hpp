// The messages of farpty/1: what each one carries, and its payload as bytes. docs/protocol/farpty-1.md, "Messages".
//
// Control messages are CBOR maps: keys that are not known are ignored, keys that are missing have the defaults of these
// structs unless the norm calls them required. Three that are sent all the time (ack, ping, pong) and the byte streams
// (data, screen) are plain bytes. When a message may be sent is for conversation.hpp to say. Pure.
// Invariant: decode(encode(m)) is m; whatever the other end sends, decoding gives a value within the bounds or an Error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wire/frame.hpp"

namespace farpty::wire {

inline constexpr unsigned kVersion = 1;        // what this side speaks
inline constexpr unsigned kOldestVersion = 1;  // and what it still understands

// What a client may send as input right behind its start, without waiting for an answer.
inline constexpr std::uint64_t kInitialWindow = 64 * 1024;

// Of a stream's bytes in one frame, where there are more: it fills a record of TLS (RFC 8446, 5.1: 16 KiB), so that the other end
// finds it in one piece.
inline constexpr std::size_t kGoodPayload = 16 * 1024 - kHeaderSize;
static_assert(kGoodPayload <= kMaxPayload);

inline constexpr std::size_t kMaxName = 64;                    // a session's, a user's, a terminal's, a variable's
inline constexpr std::size_t kMaxText = 1024;                  // for people to read
inline constexpr std::size_t kMaxArguments = 512;              // of a command
inline constexpr std::size_t kMaxCommand = 48 * 1024;          // bytes of all arguments together
inline constexpr std::size_t kMaxVariables = 64;               // of the environment
inline constexpr std::size_t kMaxVariable = 4096;              // bytes of a variable's value
inline constexpr std::size_t kMaxTerminfo = 32 * 1024;         // ncurses 6.4, term_entry.h: MAX_ENTRY_SIZE2
inline constexpr std::size_t kMaxListed = 64;                  // sessions in one message
inline constexpr std::size_t kMaxSnapshot = 16 * 1024 * 1024;  // bytes of one redrawn screen
inline constexpr std::size_t kStartIdSize = 16;
inline constexpr std::size_t kSeatSize = 32;  // bytes of a seat: an id of 16, a key of 16

using Seat = std::array<std::byte, kSeatSize>;

struct Hello {
  unsigned version = kVersion;
  unsigned oldest = kOldestVersion;
  std::string agent;                  // "farpty/0.1.0"
  std::vector<std::string> features;  // names of what this side can beyond the norm's core
  std::string user;                   // the client's: whom it wants to be; empty: whoever the server serves
  bool operator==(const Hello&) const = default;
};

struct Size {
  std::uint16_t columns = 80, rows = 24;
  std::uint16_t x_pixels = 0, y_pixels = 0;
  bool operator==(const Size&) const = default;
};

enum class Which : std::uint8_t { kNew = 0, kAttach = 1, kAttachOrNew = 2 };

// How many bytes of each stream the client takes before its first ack, from where the stream begins or goes on.
struct Windows {
  std::uint64_t output = 0, errors = 0;
  bool operator==(const Windows&) const = default;
};

struct Start {
  std::string id;                    // 16 random bytes: said again with the same id it starts nothing new; may be empty
  std::vector<std::string> command;  // any bytes; empty: the user's shell
  bool terminal = true;              // false: pipes, with stderr apart
  Size size;
  std::string term;
  std::string terminfo;  // the compiled entry of `term` (term(5)), for a far side that does not know it; may be empty
  std::vector<std::pair<std::string, std::string>> environment;
  std::string name;  // of the session; empty: the server makes one
  Which which = Which::kNew;
  bool read_only = false;
  std::optional<std::uint64_t> linger;  // seconds that the session waits for its client; absent: the server's choice
  std::string service;                  // instead of a command: something that the server itself does; empty: none
  Windows windows;
  bool operator==(const Start&) const = default;
};

struct Resume {
  Seat seat{};
  std::uint64_t output = 0, errors = 0;  // how far this client has read
  Windows windows;
  Size size;
  bool operator==(const Resume&) const = default;
};

struct Started {
  std::uint64_t session = 0;
  std::string name;
  Seat seat{};  // a secret: whoever has it and may log in takes this client's place
  bool created = false;
  bool resumed = false;
  bool writer = false;
  bool terminal = false;
  std::uint64_t input = 0;               // from where the client's input goes on
  std::uint64_t input_limit = 0;         // and how far it may go
  std::uint64_t output = 0, errors = 0;  // from where the program's output goes on
  std::string tty;                       // for people
  bool operator==(const Started&) const = default;
};

// About the bytes that the sender of this message receives, as absolute offsets into that stream.
struct Ack {
  Channel channel = Channel::kInput;
  std::uint64_t read = 0;   // all before this need not be sent again
  std::uint64_t limit = 0;  // nothing from here on may be sent yet
  bool operator==(const Ack&) const = default;
};

struct Eof {
  Channel channel = Channel::kInput;
  std::uint64_t at = 0;  // the stream's whole length
  bool operator==(const Eof&) const = default;
};

struct Resize {
  Size size;
  bool operator==(const Resize&) const = default;
};

struct Signal {
  std::string name;  // "INT", as in RFC 4254, 6.10
  bool operator==(const Signal&) const = default;
};

enum class Cause : std::uint8_t { kProgram = 0, kIdle = 1, kDuration = 2, kKilled = 3, kStopping = 4, kDetached = 5 };

struct Exit {
  Cause cause = Cause::kProgram;
  unsigned status = 0;
  unsigned number = 0;  // of the signal that ended the program; 0: none
  std::string signal;   // its name, since numbers differ between systems; empty: none
  std::string text;     // for people, where cause is not kProgram
  bool operator==(const Exit&) const = default;
};

struct Detach {
  bool operator==(const Detach&) const = default;
};

struct List {
  bool operator==(const List&) const = default;
};

struct Listed {
  std::uint64_t session = 0;
  std::string name, program, tty;
  std::uint64_t age = 0, idle = 0;  // seconds
  std::uint64_t viewers = 0;        // clients that see it now
  Size size;
  bool operator==(const Listed&) const = default;
};

struct Sessions {
  std::vector<Listed> sessions;
  bool more = false;  // another of these messages follows
  bool operator==(const Sessions&) const = default;
};

struct Kill {
  std::string session;  // its name or its number
  bool operator==(const Kill&) const = default;
};

// The answer to kill.
struct Done {
  std::string text;
  bool operator==(const Done&) const = default;
};

enum class PenAction : std::uint8_t { kTake = 0, kGive = 1, kHave = 2, kHaveNot = 3 };

struct Pen {
  PenAction action = PenAction::kTake;  // a client takes or gives, a server says who has it
  bool operator==(const Pen&) const = default;
};

// The screen as it is at an offset of the output: `size` bytes of screen messages follow, and then the stream from `at`.
struct Snapshot {
  std::uint64_t at = 0;
  std::uint64_t skipped = 0;  // bytes that this client will not see
  std::uint64_t size = 0;
  Size screen;
  bool operator==(const Snapshot&) const = default;
};

// What an invited guest logs in with from now on.
struct Credential {
  std::string id, secret;     // bytes
  std::uint64_t expires = 0;  // seconds from now; 0: with its session
  bool operator==(const Credential&) const = default;
};

struct Invite {
  bool read_only = false;
  bool once = false;
  std::uint64_t expires = 600;  // seconds
  std::string session;          // only this one; empty: as the inviter himself
  bool operator==(const Invite&) const = default;
};

struct Invitation {
  std::string token;
  std::uint64_t expires = 0;
  bool operator==(const Invitation&) const = default;
};

struct Ping {
  std::uint64_t cookie = 0;
  bool operator==(const Ping&) const = default;
};

struct Pong {
  std::uint64_t cookie = 0;
  bool operator==(const Pong&) const = default;
};

// Always the last message of its sender. The code is for programs: the norm lists them.
struct Failure {
  std::string code;
  std::string text;
  bool operator==(const Failure&) const = default;
};

struct Bye {
  bool operator==(const Bye&) const = default;
};

// The client does not know what its terminal shows: it wants a snapshot.
struct Redraw {
  bool operator==(const Redraw&) const = default;
};

struct Data {
  Channel channel = Channel::kInput;
  Bytes bytes;  // borrowed from the frame
};

struct Screen {
  Bytes bytes;  // borrowed from the frame
};

using Message =
    std::variant<Hello, Start, Resume, Started, Data, Ack, Eof, Resize, Signal, Exit, Detach, List, Sessions, Kill,
                 Done, Pen, Snapshot, Screen, Credential, Invite, Invitation, Ping, Pong, Failure, Bye, Redraw>;

[[nodiscard]] Type type_of(const Message& message);

// Appends the message as one frame. Bounds are the caller's to keep where it knows them (FARPTY_CHECK); text that is not
// UTF-8 is the caller's bug in `user`, `name` and `term`, and is made printable in what is for people.
void encode(const Message& message, std::vector<std::byte>& out);

// The message that a frame carries. The error's text is made to be sent back.
[[nodiscard]] Result<Message> decode(const Frame& frame);

}  // namespace farpty::wire
