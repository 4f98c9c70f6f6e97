// UserTerminal: where the user sits: stdin, its raw mode, the signals that concern it, and what was typed.
//
// Without a terminal on stdin its modes are left alone; signals and input are the same. One a process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/bytes.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "client/raw_mode.hpp"
#include "tty/winsize.hpp"

namespace farpty::client {

class UserTerminal {
 public:
  struct Events {
    std::function<void()> resized;              // or may have been, while we were suspended
    std::function<void(int number)> signalled;  // SIGHUP, SIGINT, SIGQUIT, SIGTERM: sent to us, not typed
  };
  explicit UserTerminal(boost::asio::io_context& context) : context_(context), signals_(context) {}

  // Watches stdin and the signals. SIGTSTP and SIGCONT are dealt with here: the shell's modes while we are stopped.
  Result<> open(Events events);
  Result<> enter_raw();  // where stdin is a terminal

  // The user's terminal in raw mode; null where it is in its own.
  [[nodiscard]] RawMode* raw() { return raw_ ? &*raw_ : nullptr; }
  void leave_raw() { raw_.reset(); }
  void suspend();
  // Of the terminal on stdin or else stdout; nothing where there is none, or it does not know.
  [[nodiscard]] static std::optional<WindowSize> size();

  struct Typed {
    enum class What : std::uint8_t { kNothing, kBytes, kEnd };  // kEnd: of a file or pipe, or the terminal is gone
    What what = What::kNothing;
    Bytes bytes;  // in the buffer
  };
  // What is there now. stdin is read only where poll(2) says so, because it blocks (see client/outlet.hpp).
  [[nodiscard]] static Typed read(MutableBytes buffer);
  // Something is there to be read. Calls once.
  void when_typed(std::function<void()> then) { ready_.when_readable(std::move(then)); }

  // No more events.
  void cancel();

 private:
  void wait_for_signal();
  void handle_signal(int number);
  void continued();

  boost::asio::io_context& context_;
  boost::asio::signal_set signals_;
  Events events_;
  Readiness ready_;
  std::optional<RawMode> raw_;
};

}  // namespace farpty::client
