// Random steps: settings, bytes that mean something under them, pieces of every size, readers of every kind.
//
// An episode has a character of its own (how much is typed, whether the master reads, how wild the settings are), because
// rules about full queues are not met by the same steps as rules about tabs.
#pragma once

#include <deque>

#include "random.hpp"
#include "step.hpp"
#include "tty/pty_pair.hpp"

namespace farpty::parity {

// Whether an episode may want the master's queue to be full: where the two sides have different ones, what follows is no rule of either.
enum class Queues : std::uint8_t { kAny, kMasterReads };

class Generator {
 public:
  Generator(std::uint64_t seed, Queues queues);

  [[nodiscard]] std::uint32_t steps_in_episode() const { return length_; }
  // The next step for a pty in this state (what is special among its characters, what it holds).
  [[nodiscard]] Step next(const tty::PtyPair& pair);

 private:
  std::uint8_t character(const tty::Termios& termios);
  std::vector<std::uint8_t> typed(const tty::Termios& termios);
  std::vector<std::uint8_t> pasted(const tty::Termios& termios);
  [[nodiscard]] Step step_for_full_input(const tty::PtyPair& pair);
  void cut_before_signal(std::vector<std::uint8_t>& bytes, const tty::Termios& termios);
  std::vector<std::uint8_t> printed();
  Step type(std::vector<std::uint8_t> bytes, const tty::PtyPair& pair);
  std::uint32_t read_size();
  tty::Termios settings(const tty::Termios& current);
  void change_characters(tty::Termios& termios);
  Step ioctl_step();

  Random random_;
  std::deque<std::uint8_t> by_ioctl_;  // typed bytes that go by TIOCSTI, one a step
  std::uint32_t length_;
  bool master_reads_, slave_reads_, long_input_, fills_input_, stays_stopped_, wild_settings_, simulates_;
  std::uint32_t settings_weight_;
};

}  // namespace farpty::parity
