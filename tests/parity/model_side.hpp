// Our side of the differential test: steps done on a tty::PtyPair, with what a kernel adds around it (results, signals).
#pragma once

#include <cstring>
#include <memory>
#include <new>

#include "step.hpp"
#include "tty/pty_pair.hpp"

namespace farpty::parity {

class ModelSide {
 public:
  // Does the step to its end. `observation.bytes` is reused.
  void run(const Step& step, Observation& observation);

  // Did the last step depend on how the kernel's workers were scheduled?
  [[nodiscard]] bool raced() { return pair_->take_race(); }
  [[nodiscard]] const tty::PtyPair& pair() const { return *pair_; }
  // The read of the step just done would have waited, had the descriptor allowed it.
  [[nodiscard]] bool waited() const { return waited_; }
  // And then at most so many tenths of a second; 0: for ever.
  [[nodiscard]] std::uint8_t waits_deciseconds() const { return waits_deciseconds_; }

 private:
  std::int64_t apply(const Step& step, std::vector<std::uint8_t>& read);
  std::int64_t read_slave(std::size_t size, std::vector<std::uint8_t>& read);
  std::int64_t signal_group(int number);
  void observe(Observation& observation);

  // What the pair reads without having written it is not what the kernel has there, in every run.
  struct Poisoned {
    Poisoned() { std::memset(memory, 0xa5, sizeof memory); }
    alignas(tty::PtyPair) unsigned char memory[sizeof(tty::PtyPair)];
  };
  struct Destroy {
    void operator()(tty::PtyPair* pair) const { pair->~PtyPair(); }
  };
  std::unique_ptr<Poisoned> memory_ = std::make_unique<Poisoned>();
  std::unique_ptr<tty::PtyPair, Destroy> pair_{new (memory_->memory) tty::PtyPair};
  tty::Winsize winsize_{};
  std::uint32_t signals_ = 0;
  bool waited_ = false;
  std::uint8_t waits_deciseconds_ = 0;
};

}  // namespace farpty::parity
