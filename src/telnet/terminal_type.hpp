// TERMINAL-TYPE (RFC 1091): the cycle of names, as the server asks for them and as the client tells them.
//
// Neither knows the wire: the endpoint writes SEND and IS. Which name is good is decided by whoever uses the endpoint.
// Invariant: the server asks at most kTerminalTypesBound times in a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace farpty::telnet {

inline constexpr std::size_t kTerminalTypesBound =
    16;  // names that one peer is asked for; telnet clients know one to five

// What the server's user thinks of a name.
enum class TypeChoice : std::uint8_t { kNext, kTake };

// The server's side: asks until a name is taken or the list ends, which the client shows by a repetition.
class TerminalTypeQuery {
 public:
  enum class Step : std::uint8_t {
    kIgnore,  // nobody asked
    kOffer,   // a valid name, seen for the first time: show it to the user, then call chosen()
    kAsk,     // ask for the next one
    kRewind,  // the list ended: ask once more, so that the client is back at its first name; it is settled
    kDone,    // the list ended: it is settled
  };

  void asked() noexcept { pending_ = true; }
  [[nodiscard]] Step answered(std::string_view name);
  [[nodiscard]] Step chosen(TypeChoice choice) noexcept;
  // The peer has no terminal type to tell.
  void refused() noexcept { settled_ = true; }
  [[nodiscard]] bool settled() const noexcept { return settled_; }

 private:
  Step end(Step step) noexcept;

  bool pending_ = false;  // SEND is out, IS is not in
  bool settled_ = false;
  std::size_t count_ = 0;
  std::string first_;
  std::string last_;
};

// The client's side: name after name, the last one twice to show the end, then from the first again.
class TerminalTypeList {
 public:
  // Names that are not valid are left out.
  explicit TerminalTypeList(std::vector<std::string> names);

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  [[nodiscard]] std::string_view next() noexcept;  // not to be called when empty

 private:
  std::vector<std::string> names_;
  std::size_t position_ = 0;
};

}  // namespace farpty::telnet
