// KernelPty: the terminal as the kernel makes it (pty(7)); the first of the three kinds.
#pragma once

#include <memory>
#include <optional>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "pty/end_of_input.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

class KernelPty final : public Terminal {
 public:
  static Result<Started> start(boost::asio::io_context& context, const Program& program, WindowSize size);

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
  KernelPty(boost::asio::io_context& context, OwnedFd master, std::string name)
      : context_(context), master_(std::move(master)), name_(std::move(name)) {}

  boost::asio::io_context& context_;
  OwnedFd master_;
  Readiness readiness_;  // after master_: gone before it is closed
  std::string name_;
  std::optional<EndOfInput> end_of_input_;
};

}  // namespace farpty::pty
