// NativeView: what the user's terminal is given of a session's output: the stream as it is where he has the pen or his terminal
// has the session's size, and otherwise a screen that is fitted to it (fitted_screen.hpp).
//
// A model of the screen is made only then, and here: neither the server nor the writer pays for who looks on. Where the model
// begins in the midst of a stream it has to be told what there was: the server is asked for a snapshot, and what comes before
// that is not shown. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "client/fitted_screen.hpp"
#include "client/native_talk.hpp"
#include "tty/winsize.hpp"

namespace farpty::client {

class NativeView {
 public:
  // A whole screen beyond this is rather asked for: the server bounds what it sends.
  static constexpr std::size_t kMostOfAScreen = std::size_t{1024} * 1024;

  struct Change {
    std::string output;           // for the terminal, before anything else; at most kMostOfAScreen
    bool wants_snapshot = false;  // of the server
  };
  [[nodiscard]] Change pen(PenState state);
  [[nodiscard]] Change far_resized(WindowSize size);
  [[nodiscard]] Change own_resized(std::optional<WindowSize> size);  // none: there is no terminal

  // A snapshot comes, for a screen of this size.
  void redraws(WindowSize size);

  // More of the stream or of a snapshot. Whether it goes to the terminal as it is; otherwise it comes by paint().
  [[nodiscard]] bool passes(Bytes output);

  // What a fitted screen needs to be written to the terminal. To be called where no snapshot is half there, and again when that
  // was written: it may not be all.
  [[nodiscard]] std::string paint();

  [[nodiscard]] bool is_fitted() const { return fitted_ != nullptr; }
  // Our own line stands on the terminal's last row, or does no more.
  void lend_last_row();
  void take_last_row_back();

 private:
  Change look();

  PenState pen_ = PenState::kHave;
  std::optional<WindowSize> far_, own_;
  std::unique_ptr<FittedScreen> fitted_;
  bool has_output_ = false;  // something has been shown
  bool awaits_ = false;      // the snapshot from which the model begins
};

}  // namespace farpty::client
