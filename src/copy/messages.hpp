// What the two ends of a copy say: the sender has the files, the receiver gets them. Over any stream of bytes each way, as
// the input and output of a program on the far side (docs/protocol/copy-1.md).
//
// A message is its payload's length (4 bytes, the most significant first), its kind (1 byte) and the payload: CBOR with the
// bounds of farpty/1 (wire/cbor.hpp), but for data, which is bytes. Pure. Invariant: what is decoded is within its bounds,
// and its paths are safe.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "copy/sha256.hpp"

namespace farpty::copy {

inline constexpr unsigned kVersion = 1;
inline constexpr std::size_t kHeaderSize = 5;
inline constexpr std::size_t kMaxPayload = 64 * 1024;
inline constexpr std::size_t kMaxText = 512;
inline constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 62;  // bytes, as offsets in farpty/1
inline constexpr std::uint64_t kMaxRoots = 512;
inline constexpr std::size_t kMaxRootBytes = 48 * 1024;  // of the names of all things to copy

struct Hello {
  unsigned version = kVersion;
};

// What will come, for who shows how far it is. Only as good as the file system stands still.
struct Totals {
  std::uint64_t files = 0, bytes = 0;
};

// A file or folder. `root` is the place of what it belongs to among the things that were asked for; `path` is below it,
// empty for the thing itself.
struct Entry {
  std::uint64_t root = 0;
  std::string path;
  bool folder = false;
  std::uint32_t mode = 0;  // permissions, 0 to 0777
  std::uint64_t size = 0;
  std::int64_t seconds = 0;  // of the last change, since the epoch
  std::uint32_t nanoseconds = 0;
};

// The receiver's answer to a file: so much of it is there from before, with this digest.
struct Have {
  std::uint64_t offset = 0;
  Digest digest{};
};

// Data of the file that was answered first follows, from there on: what the receiver has, or 0.
struct Begin {
  std::uint64_t offset = 0;
};
struct Data {
  Bytes bytes;  // borrowed; at most kMaxPayload
};
struct End {
  Digest digest{};      // of the whole file
  std::string failure;  // not empty: the sender could not read on; the file is not whole
};

// The receiver's answer to an End: empty, or why the file is not there.
struct Outcome {
  std::string failure;
};

// A folder's contents are complete: it gets its mode and time now.
struct Leave {
  std::uint64_t root = 0;
  std::string path;
  std::uint32_t mode = 0;
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

// Something was left out, and the rest goes on: from either end.
struct Trouble {
  std::string text;
};

// From the end where the person is, before anything else: what the other end shall do. So no path is ever a word of a
// command line over there.
struct Job {
  bool send = false;               // the other end has the files; otherwise it gets them
  std::vector<std::string> paths;  // of the things to copy, as the person wrote them
  std::string to;                  // where to, if the other end gets them
};

struct Finish {};    // from the sender: that was all
struct Finished {};  // from the receiver: all of it is where it belongs

using Message =
    std::variant<Hello, Totals, Entry, Have, Begin, Data, End, Outcome, Leave, Trouble, Finish, Finished, Job>;

void append(const Message& message, std::vector<std::byte>& to);

struct Header {
  std::uint8_t kind = 0;
  std::size_t size = 0;
};
Result<Header> decode_header(std::span<const std::byte, kHeaderSize> bytes);
// Data's bytes are those of `payload`.
Result<Message> decode(std::uint8_t kind, Bytes payload);

}  // namespace farpty::copy
