// KernelPty: the terminal as the kernel makes it (pty(7)); the first of the three kinds.
#pragma once

#include <memory>
#include <optional>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "pty/end_of_input.hpp"
#include "pty/private_devpts.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

// A new pair's slave, unlocked: by its master (TIOCGPTPEER, ioctl_tty(2), Linux 4.13), which is right also where /dev/pts is
// another mount's; on older kernels by its name, where that may be used.
enum class SlaveBy { kMaster, kMasterElseName };
Result<OwnedFd> open_slave(int master, SlaveBy by);

class KernelPty final : public Terminal {
 public:
  // `devpts`: where the pair comes from and the program runs; null: from the host's own.
  static Result<Started> start(boost::asio::io_context& context, const PrivateDevpts* devpts, const Program& program,
                               WindowSize size);

  Transfer read(MutableBytes into) override;
  Transfer write(Bytes from) override;
  void when_readable(std::function<void()> then) override { readiness_.when_readable(std::move(then)); }
  void when_writable(std::function<void()> then) override { readiness_.when_writable(std::move(then)); }
  void end_input() override;
  Result<> resize(WindowSize size) override;
  [[nodiscard]] WindowSize size() const override;
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] pid_t fg_pgrp() const override;
  [[nodiscard]] std::optional<std::byte> control_character(ControlCharacter which) const override;
  void send_break() override;
  void hangup() override;

 private:
  KernelPty(boost::asio::io_context& context, OwnedFd master, std::string name, SlaveBy by)
      : context_(context), master_(std::move(master)), name_(std::move(name)), slave_by_(by) {}

  boost::asio::io_context& context_;
  OwnedFd master_;
  Readiness readiness_;  // after master_: gone before it is closed
  std::string name_;
  SlaveBy slave_by_;
  std::optional<EndOfInput> end_of_input_;
};

}  // namespace farpty::pty
