// Picture: what a session's terminal shows, for who comes to see it: a checkpoint (what redraws the screen as it was) and the
// bytes that came since. A model of the screen is made when someone asks, and thrown away: a live one of 80x24 takes 74 to
// 144 KB, a checkpoint some 5.
//
// Bounded by kMostBehind and a checkpoint. It is exact, but in a flood: of more than kMostBehind bytes between two calls of
// settle() only the modes are followed, and cells again from the last kSeen bytes on.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tty/winsize.hpp"
#include "vt/screen.hpp"

namespace farpty::session {

class Picture {
 public:
  // What is parsed at once when someone comes: the loop waits for it.
  static constexpr std::size_t kSeen = 256 * 1024;
  static constexpr std::size_t kMostBehind = 4 * kSeen;
  // What an idle session may keep beside its checkpoint.
  static constexpr std::size_t kFewBytes = 8 * 1024;

  explicit Picture(WindowSize size) : size_(size) {}

  void append(Bytes output);
  void resized(WindowSize size);

  // Escape sequences that draw what is shown now, for a terminal in any state. More than `most` bytes are none: then the modes
  // are told, and the cells left empty.
  [[nodiscard]] std::string redraw(std::size_t most = std::string::npos);

  // Whether settle() would make it smaller; to be called some seconds later, then.
  [[nodiscard]] bool is_unsettled() const { return behind_.size() > kFewBytes || flood_ != nullptr; }
  void settle();
  [[nodiscard]] std::size_t memory() const;  // bytes, but for the model in a flood

 private:
  void skip_to_the_last();
  void make_checkpoint();
  std::unique_ptr<vt::Screen> screen_of_checkpoint() const;

  WindowSize size_;         // at the checkpoint
  std::string checkpoint_;  // empty: an empty screen
  std::string behind_;      // what came since
  struct Resize {
    std::size_t at = 0;  // in behind_
    WindowSize size;
  };
  static constexpr std::size_t kMostResizes = 64;
  std::vector<Resize> resizes_;
  std::unique_ptr<vt::Screen> flood_;  // the checkpoint as a model, while a flood is skipped; null: none
};

}  // namespace farpty::session
