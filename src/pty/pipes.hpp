// Pipes: a program without a terminal. It shows why terminals are needed (no line editing, no size, no Ctrl-C), and carries
// clean `exec`. stdout and stderr share one pipe, as on a terminal, or have one each.
#pragma once

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {

enum class Errors { kWithOutput, kApart };

class Pipes final : public Terminal {
 public:
  static Result<Started> start(boost::asio::io_context& context, const Program& program, Errors errors);

  Transfer read(MutableBytes into) override;
  Transfer write(Bytes from) override;
  void when_readable(std::function<void()> then) override;
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
  // The end from which we read one of the program's streams; empty once the program has closed it.
  struct Source {
    OwnedFd fd;
    Readiness ready;  // after fd: gone before it is closed
  };

  Pipes() = default;
  static Transfer read(Source& source, MutableBytes into);

  OwnedFd in_;  // write end of the program's stdin
  Readiness in_ready_;
  Source out_;
  Source err_;
  bool apart_ = false;
  pid_t leader_ = 0;
};

}  // namespace farpty::pty
