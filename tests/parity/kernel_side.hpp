// The kernel's side of the differential test: a fresh pty whose slave is this process's controlling terminal.
//
// The kernel moves bytes between the two ends by workers. poll() and read() wait for them, but only while their end has
// nothing to read; otherwise this waits until FIONREAD and signals are what the model expects (`patient`: and then some more).
// A step whose outcome would depend on the workers' timing is never judged (see Episode).
//
// Under `farpty run --terminal emulated` the very same calls reach the shim, and the pty is one of our device's. Which of the
// two it is can be asked of the kernel alone, past the shim: check_maker().
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "step.hpp"

namespace farpty::parity {

// How long a worker of which nothing would tell is given, in microseconds. A difference counts only if it stays at the last.
inline constexpr long kPatience[] = {50, 1'000, 20'000, 100'000, 400'000};
inline constexpr long kQuick = kPatience[0];

// Who made the pty that this process gets: both answer the same calls.
enum class Maker : std::uint8_t { kKernel, kDevice };

// Makes this process a session leader that collects the terminal's signals instead of dying from them. Once, at start.
[[nodiscard]] Result<> become_terminal_user();

class KernelSide {
 public:
  [[nodiscard]] static Result<KernelSide> open(long patience);
  // That a pty of this process comes from there, and from nowhere else: a test of the device must not pass on the kernel's.
  [[nodiscard]] Result<> check_maker(Maker wanted) const;
  // Whether TIOCSTI is allowed here: it needs CAP_SYS_ADMIN, or a kernel with dev.tty.legacy_tiocsti.
  [[nodiscard]] Result<> try_simulation();
  KernelSide(KernelSide&&) = default;
  ~KernelSide();

  // kInterrupted: a read that is known to wait; a signal ends it soon.
  enum class Read : std::uint8_t { kNonblocking, kBlocking, kInterrupted };
  // How to look after a step.
  struct Look {
    bool at_master = true;  // else the master's worker may still be at work, and nothing of the master is observed
    bool at_queues = true;  // TIOCOUTQ
    std::int16_t slave_events = ~0;  // of poll(2)
  };
  // Does the step. `expected` tells what to wait for; the observation is the kernel's own.
  void run(const Step& step, Read read, Look look, const Observation& expected, Observation& observation);
  // Waits until the master's worker has done what the step before left to it.
  void settle_master(const Observation& before);
  // Gives a worker of which nothing tells the time that it may need.
  void rest() const;

 private:
  KernelSide(long patience, OwnedFd master, OwnedFd slave, OwnedFd blocking)
      : patience_(patience), master_(std::move(master)), slave_(std::move(slave)), blocking_(std::move(blocking)) {}

  std::int64_t apply(const Step& step, Read read, std::vector<std::uint8_t>& bytes);
  bool slave_is_done(const Observation& expected, Look look, Observation& observation);
  bool master_is_done(const Observation& expected, Observation& observation);
  template <typename Done>
  void wait_until(Done done) const;
  void collect_signals(std::uint32_t& signals);

  long patience_;
  OwnedFd master_, slave_, blocking_;
};

}  // namespace farpty::parity
