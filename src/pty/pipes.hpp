// Pipes: a program without a terminal. It shows why terminals are needed (no line editing, no size, no Ctrl-C), and later
// carries clean `exec`. stdout and stderr share one pipe, as on a terminal.
#pragma once

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

class Pipes final : public Terminal {
 public:
  static Result<Started> start(boost::asio::io_context& context, const Program& program);

  Transfer read(MutableBytes into) override;
  Transfer write(Bytes from) override;
  void when_readable(std::function<void()> then) override { out_ready_.when_readable(std::move(then)); }
  void when_writable(std::function<void()> then) override;
  void end_input() override;
  Result<> resize(WindowSize) override { return {}; }
  [[nodiscard]] WindowSize size() const override { return {}; }
  [[nodiscard]] std::string name() const override { return "pipes"; }
  [[nodiscard]] pid_t fg_pgrp() const override { return leader_; }
  [[nodiscard]] std::optional<std::byte> control_character(ControlCharacter) const override { return std::nullopt; }
  void send_break() override {}
  void hangup() override;

 private:
  Pipes() = default;

  OwnedFd in_;   // write end of the program's stdin
  OwnedFd out_;  // read end of its stdout and stderr
  Readiness in_ready_;
  Readiness out_ready_;
  pid_t leader_ = 0;
};

}  // namespace farpty::pty
