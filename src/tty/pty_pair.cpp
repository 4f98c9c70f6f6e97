// The master's end and the two workers (pty.c; tty_buffer.c: flush_to_ldisc).
#include "tty/pty_pair.hpp"

namespace farpty::tty {

std::size_t PtyPair::room() const {
  if (limit_is_near() && !master_is_full()) raced_ = true;
  return to_master_.room();
}

// pty.c: pty_write
std::size_t PtyPair::write(const std::uint8_t* bytes, std::size_t size) {
  if (limit_is_near() && !master_is_full()) raced_ = true;
  master_work_ = true;
  const auto reader = master_is_full() ? FlipQueue::Reader::kStuck : FlipQueue::Reader::kAtWork;
  const std::size_t taken = to_master_.write(bytes, size, reader);
  if (to_master_.take_race()) raced_ = true;
  return taken;
}

void PtyPair::discard() {
  if (!to_master_.empty() && !master_is_full()) raced_ = true;
  to_master_.clear();
}

std::size_t PtyPair::master_write(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  std::size_t taken = 0;
  if (!master_flow_.stopped()) {
    // n_tty.c: n_tty_write tries until nothing is taken.
    constexpr std::size_t kPiece = FlipBlock::kLargestWrite;
    slave_work_ = true;
    const auto reader = to_slave_.empty() ? FlipQueue::Reader::kAtWork : FlipQueue::Reader::kStuck;
    while (taken < size) {
      const std::size_t piece = size - taken < kPiece ? size - taken : kPiece;
      std::size_t done = 0;
      while (done < piece) {
        const std::size_t count = to_slave_.write(bytes + taken + done, piece - done, reader);
        if (count == 0) break;
        done += count;
      }
      taken += done;
      if (done == 0) break;
    }
    if (to_slave_.take_race()) raced_ = true;
  }
  return taken > 0 ? taken : kWouldBlock;
}

// n_tty.c: n_tty_read on a raw master with VMIN 1. A read of one byte in packet mode gets the control byte and no more.
std::size_t PtyPair::master_read(std::uint8_t* to, std::size_t size) {
  if (size == 0) return 0;
  if (!slave_.packet_mode()) return master_size_ == 0 ? kWouldBlock : take_from_master_queue(to, size);
  if (has_packet_status()) {
    *to = slave_.take_packet_status();
    return 1;
  }
  if (master_size_ == 0) return kWouldBlock;
  *to = packet::kData;
  return 1 + take_from_master_queue(to + 1, size - 1);
}

std::size_t PtyPair::take_from_master_queue(std::uint8_t* to, std::size_t size) {
  const std::size_t count = size < master_size_ ? size : master_size_;
  for (std::size_t i = 0; i < count; ++i) to[i] = master_[(master_begin_ + i) % kMasterSize];
  master_begin_ = (master_begin_ + count) % kMasterSize;
  master_size_ -= count;
  if (count > 0 && master_held_back_) {
    master_held_back_ = false;
    master_work_ = true;
  }
  return count;
}

// tty_io.c: tty_ioctl drops what is between the ends before the line discipline drops its own.
void PtyPair::flush_master(Flush queue) {
  if (queue != Flush::kOutput) {
    to_master_.clear();
    master_begin_ = master_size_ = 0;
    if (master_held_back_) master_work_ = true;
    master_held_back_ = false;
  }
  if (queue != Flush::kInput) to_slave_.clear();
}

void PtyPair::flush_slave(Flush queue) {
  if (queue != Flush::kOutput) to_slave_.clear();
  slave_.flush(queue);
}

// Bytes between the ends are not flushed by TCSETSF; whether they meet the old or the new settings is a race.
void PtyPair::set_slave_termios_after_flush(const Termios& wanted) {
  if (!to_slave_.empty()) raced_ = true;
  slave_.flush_input();
  slave_.set_termios(wanted);
}

void PtyPair::simulate_input(std::uint8_t c) {
  slave_.simulate_input(c);
  if (!to_slave_.empty()) slave_work_ = true;  // tty_buffer.c: tty_buffer_unlock_exclusive
}

void PtyPair::control_master_flow(FlowAction action) {
  switch (action) {
    case FlowAction::kOutputOff: master_flow_.hold(); return;
    case FlowAction::kOutputOn: master_flow_.release(); return;
    case FlowAction::kInputOff:
    case FlowAction::kInputOn: break;
  }
  // The master's own settings are never changed: Ctrl-S and Ctrl-Q.
  const std::uint8_t c = action == FlowAction::kInputOff ? 023 : 021;
  if (!master_flow_.stopped()) static_cast<void>(master_write(&c, 1));
}

void PtyPair::settle() {
  for (;;) {
    if (slave_.wants_held_back_input()) slave_work_ = true;
    if (slave_work_) {
      run_slave_worker();
    } else if (master_work_) {
      run_master_worker();
    } else {
      return;
    }
  }
}

void PtyPair::run_slave_worker() {
  slave_work_ = false;
  for (;;) {
    const FlipQueue::Piece piece = to_slave_.front();
    if (piece.size == 0) return;
    const std::size_t taken = slave_.receive(piece.bytes, piece.size);
    to_slave_.take(taken);
    if (taken < piece.size) {
      const FlipQueue::Piece unseen = to_slave_.look_ahead();
      if (unseen.size > 0) slave_.look_ahead(unseen.bytes, unseen.size);
    }
    if (taken == 0) return;
  }
}

void PtyPair::run_master_worker() {
  master_work_ = false;
  for (;;) {
    const FlipQueue::Piece piece = to_master_.front();
    if (piece.size == 0) return;
    const std::size_t space = kMasterRoom - master_size_;
    const std::size_t count = piece.size < space ? piece.size : space;
    for (std::size_t i = 0; i < count; ++i) {
      master_[(master_begin_ + master_size_ + i) % kMasterSize] = piece.bytes[i];
    }
    master_size_ += count;
    to_master_.take(count);
    if (master_is_full()) master_held_back_ = true;
    if (count == 0) return;
  }
}

}  // namespace farpty::tty
