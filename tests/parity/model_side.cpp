#include "model_side.hpp"

#include <poll.h>
#include <signal.h>

#include <cerrno>

namespace farpty::parity {

namespace {

constexpr std::uint32_t bit_of(int signal) { return std::uint32_t{1} << (signal - 1); }

}  // namespace

void ModelSide::run(const Step& step, Observation& observation) {
  observation.bytes.clear();
  waited_ = false;
  observation.result = apply(step, observation.bytes);
  pair_->settle();
  observe(observation);
}

std::int64_t ModelSide::apply(const Step& step, std::vector<std::uint8_t>& read) {
  tty::LineDiscipline& slave = pair_->slave();
  switch (step.op) {
    case Op::kMasterWrite: {
      const std::size_t taken = pair_->master_write(step.bytes.data(), step.bytes.size());
      return taken == tty::PtyPair::kWouldBlock ? -EAGAIN : static_cast<std::int64_t>(taken);
    }
    case Op::kMasterRead: {
      read.resize(step.size);
      const std::size_t count = pair_->master_read(read.data(), step.size);
      read.resize(count == tty::PtyPair::kWouldBlock ? 0 : count);
      return count == tty::PtyPair::kWouldBlock ? -EAGAIN : static_cast<std::int64_t>(count);
    }
    case Op::kSlaveWrite: {
      const std::size_t taken = slave.write(step.bytes.data(), step.bytes.size());
      return taken == 0 && !step.bytes.empty() ? -EAGAIN : static_cast<std::int64_t>(taken);
    }
    case Op::kSlaveRead: return read_slave(step.size, read);
    case Op::kSimulate: pair_->simulate_input(step.argument); return 0;
    case Op::kSetTermios: {
      tty::Termios wanted = step.termios;
      if (!step.with_speeds) {
        wanted.ispeed = slave.termios().ispeed;
        wanted.ospeed = slave.termios().ospeed;
      }
      if (step.when == When::kFlush) {
        pair_->set_slave_termios_after_flush(wanted);
      } else {
        slave.set_termios(wanted);
      }
      return 0;
    }
    case Op::kFlushSlave: pair_->flush_slave(static_cast<tty::Flush>(step.argument)); return 0;
    case Op::kFlushMaster: pair_->flush_master(static_cast<tty::Flush>(step.argument)); return 0;
    case Op::kFlowSlave: slave.control_flow(static_cast<tty::FlowAction>(step.argument)); return 0;
    case Op::kFlowMaster: pair_->control_master_flow(static_cast<tty::FlowAction>(step.argument)); return 0;
    case Op::kPacketMode: slave.set_packet_mode(step.argument != 0); return 0;
    case Op::kMasterSignal: return signal_group(step.argument);
    case Op::kResize:
      if (step.winsize != winsize_) signals_ |= bit_of(SIGWINCH);
      winsize_ = step.winsize;
      return 0;
    case Op::kDrain: return 0;
  }
  return -EINVAL;
}

std::int64_t ModelSide::read_slave(std::size_t size, std::vector<std::uint8_t>& read) {
  read.resize(size);
  tty::Reading reading(read.data(), size);
  const tty::ReadResult result = pair_->slave().read(reading);
  read.resize(result.size);
  waited_ = result.wait != tty::ReadResult::Wait::kDone;
  waits_deciseconds_ = result.wait == tty::ReadResult::Wait::kTimer ? result.deciseconds : 0;
  return waited_ && result.size == 0 ? -EAGAIN : static_cast<std::int64_t>(result.size);
}

// pty.c: pty_signal
std::int64_t ModelSide::signal_group(int number) {
  if (number != SIGINT && number != SIGQUIT && number != SIGTSTP) return -EINVAL;
  signals_ |= bit_of(number);
  return 0;
}

void ModelSide::observe(Observation& observation) {
  const tty::Actions actions = pair_->slave().take_actions();
  if (actions.interrupt) signals_ |= bit_of(SIGINT);
  if (actions.quit) signals_ |= bit_of(SIGQUIT);
  if (actions.suspend) signals_ |= bit_of(SIGTSTP);
  observation.signals = signals_;
  signals_ = 0;

  const tty::PtyPair& pair = *pair_;
  observation.slave_unread = static_cast<std::uint32_t>(pair.slave().unread());
  observation.master_unread = static_cast<std::uint32_t>(pair.master_unread());
  observation.slave_queued = observation.master_queued = 0;  // a pty has no transmit queue of its own
  observation.slave_poll =
      static_cast<std::int16_t>((pair.slave().readable() ? POLLIN : 0) | (pair.slave().writable() ? POLLOUT : 0));
  observation.master_poll =
      static_cast<std::int16_t>((pair.master_readable() ? POLLIN : 0) | (pair.has_packet_status() ? POLLPRI : 0) |
                                (pair.master_writable() ? POLLOUT : 0));
  observation.termios = pair.slave().termios();
  observation.winsize = winsize_;
}

}  // namespace farpty::parity
