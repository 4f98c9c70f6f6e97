// Both ends of a pseudoterminal: a line discipline below the slave, the master's queue above it, and the two queues between.
//
// What /dev/ptmx and /dev/pts/N do together, without descriptors, processes and sessions: for programs that make their own
// pairs inside an emulated terminal, and the side that the differential test compares with the kernel. A plain terminal
// of the device needs less: a LineDiscipline and a port of its own.
//
// The kernel moves bytes between the ends by two workers; here settle() is both. Call it after whatever may have given them
// work. Invariant: after settle() each byte is where the kernel's would be when its workers sleep.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/flip_queue.hpp"
#include "tty/line_discipline.hpp"

namespace farpty::tty {

class PtyPair final : private MasterPort {
 public:
  static constexpr std::size_t kWouldBlock = SIZE_MAX;

  PtyPair() : slave_(*this) {}

  // The slave. After a call that writes, flushes or changes it, settle().
  [[nodiscard]] LineDiscipline& slave() { return slave_; }
  [[nodiscard]] const LineDiscipline& slave() const { return slave_; }
  void simulate_input(std::uint8_t c);                 // TIOCSTI on the slave
  void flush_slave(Flush queue);                       // TCFLSH on the slave
  void set_slave_termios_after_flush(const Termios&);  // TCSETSF

  // The master: bytes taken; kWouldBlock where a write of more than nothing takes none.
  std::size_t master_write(const std::uint8_t* bytes, std::size_t size);
  // Bytes read, in packet mode with the leading control byte; kWouldBlock where there is nothing.
  std::size_t master_read(std::uint8_t* to, std::size_t size);
  [[nodiscard]] std::size_t master_unread() const { return master_size_; }
  [[nodiscard]] bool master_readable() const { return master_size_ > 0 || has_packet_status(); }
  [[nodiscard]] bool has_packet_status() const { return slave_.packet_mode() && slave_.packet_status() != 0; }
  [[nodiscard]] bool master_writable() const { return !master_flow_.stopped() && to_slave_.room() > 0; }
  [[nodiscard]] bool master_is_held() const { return master_flow_.stopped(); }
  void flush_master(Flush queue);               // TCFLSH on the master
  void control_master_flow(FlowAction action);  // TCXONC on the master: stops what the master writes

  void settle();
  // Nothing waits between the ends for room in the slave.
  [[nodiscard]] bool slave_keeps_up() const { return to_slave_.empty(); }
  [[nodiscard]] bool master_is_full() const { return master_size_ == kMasterRoom; }
  // What output still fits between the ends; a single write may take a little more.
  [[nodiscard]] std::size_t output_room() const { return to_master_.room(); }

  // Since the last call: did something depend on how far the kernel's workers had come in the middle of an operation? The
  // kernel itself then answers differently from one run to the next.
  [[nodiscard]] bool take_race() {
    const bool raced = raced_;
    raced_ = false;
    return raced;
  }

 private:
  [[nodiscard]] std::size_t room() const override;
  std::size_t write(const std::uint8_t* bytes, std::size_t size) override;
  void discard() override;

  void run_slave_worker();
  void run_master_worker();
  [[nodiscard]] bool limit_is_near() const { return to_master_.memory() + 2048 > FlipQueue::kLimit; }
  std::size_t take_from_master_queue(std::uint8_t* to, std::size_t size);

  // The master's own line discipline is always raw: a plain queue of one byte less than a ring (n_tty.c: receive room).
  static constexpr std::size_t kMasterSize = 4096, kMasterRoom = kMasterSize - 1;

  LineDiscipline slave_;
  FlipQueue to_slave_, to_master_;
  Flow master_flow_;
  bool slave_work_ = false, master_work_ = false;
  bool master_held_back_ = false;
  mutable bool raced_ = false;
  std::size_t master_begin_ = 0, master_size_ = 0;
  std::uint8_t master_[kMasterSize] = {};
};

}  // namespace farpty::tty
