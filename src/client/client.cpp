#include "client/client.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include <fmt/format.h>

#include "base/log.hpp"
#include "net/socket.hpp"

namespace farpty::client {

namespace {

// What was typed and not sent. Far more than a person types while a connection hangs, so that ~. is still seen; a larger
// paste into a dead connection waits in the terminal.
constexpr std::size_t kMaxTyped = 1024 * 1024;
constexpr std::size_t kRead = 32 * 1024;
constexpr int kBroken = 255;  // as ssh(1), EXIT STATUS

std::optional<WindowSize> terminal_size(int fd) {
  winsize cells{};
  if (ioctl(fd, TIOCGWINSZ, &cells) != 0) return std::nullopt;
  return WindowSize{.columns = cells.ws_col, .rows = cells.ws_row};
}

}  // namespace

Client::Client(boost::asio::io_context& context, OwnedFd socket, std::unique_ptr<Link> link, Options options)
    : context_(context),
      socket_(std::move(socket)),
      link_(std::move(link)),
      options_(std::move(options)),
      // Escape keys are a person's: input from a pipe or a file is passed as it is.
      keys_(isatty(STDIN_FILENO) == 1 ? options_.escape : std::nullopt),
      user_(context),
      unsent_(kMaxTyped) {}

Result<std::unique_ptr<Client>> Client::open(boost::asio::io_context& context, OwnedFd socket,
                                             std::unique_ptr<Link> link, Options options) {
  std::unique_ptr<Client> client(new Client(context, std::move(socket), std::move(link), std::move(options)));
  FARPTY_TRY(client->prepare());
  return client;
}

Result<> Client::prepare() {
  FARPTY_ASSIGN(socket_ready, Readiness::watch(context_, socket_.get()));
  socket_ready_ = std::move(socket_ready);
  FARPTY_ASSIGN(out, Outlet::open(context_, STDOUT_FILENO, [this] {
                  if (socket_ended_) return finish(0, "");
                  if (socket_paused_) read_socket();
                }));
  stdout_ = std::move(out);
  FARPTY_TRY(user_.open({.resized = [this] { resized(); }, .signalled = [this](int number) { signalled(number); }}));
  first_size_ = terminal_size(STDIN_FILENO);
  if (!first_size_) first_size_ = terminal_size(STDOUT_FILENO);
  FARPTY_TRY(user_.enter_raw());
  if (user_.raw() != nullptr) {
    user_.raw()->set_typing(link_->typing());
    log::debug("your terminal is {}", by_lines(link_->typing()) ? "in its own mode, for lines" : "in raw mode");
  } else {
    log::debug("stdin is not a terminal: its modes are left alone, there are no escape keys");
  }
  return {};
}

int Client::run() {
  std::string wire;
  if (first_size_) link_->resize(*first_size_, wire);
  link_->begin(wire);
  send(wire);
  read_socket();
  read_keys();
  context_.run();
  leave_terminal();
  if (!message_.empty()) fmt::print(stderr, "farpty: {}\n", message_);
  return status_;
}

void Client::read_keys() {
  keys_paused_ = false;
  while (!finished_ && !keys_ended_) {
    if (unsent_.room() < kRead * 2) {  // a protocol may write two bytes for one
      keys_paused_ = true;
      return;
    }
    std::array<std::byte, kRead> buffer;
    const auto got = UserTerminal::read(buffer);
    if (got.what == UserTerminal::Typed::What::kNothing) break;
    if (got.what == UserTerminal::Typed::What::kEnd) {
      keys_ended_ = true;
      if (user_.raw() != nullptr && !by_lines(link_->typing()))
        return finish(128 + SIGHUP, "");  // the terminal itself is gone
      log::debug("end of input: the far program is told");
      return flush_socket();
    }
    const auto typed = keys_.filter(got.bytes);
    std::string wire;
    link_->type(as_bytes(typed.text), wire);
    send(wire);
    for (const Command command : typed.commands) obey(command);
  }
  if (!finished_) user_.when_typed([this] { read_keys(); });
}

void Client::read_socket() {
  socket_paused_ = false;
  while (!finished_ && !socket_ended_) {
    if (stdout_->room() < kRead) {
      socket_paused_ = true;
      return;
    }
    std::array<std::byte, kRead> buffer;
    const auto got = net::receive(socket_.get(), buffer);
    if (got.code == EAGAIN) break;
    if (got.code != 0)
      return finish(kBroken, fmt::format("connection to {} broke: {}", options_.name, reason_of(got.code)));
    if (got.count == 0) {
      socket_ended_ = true;
      if (stdout_->empty()) finish(0, "");
      return;
    }
    std::string shown;
    std::string answers;
    link_->receive(Bytes(buffer).first(got.count), shown, answers);
    if (RawMode* const raw = user_.raw()) {
      raw->set_typing(link_->typing());
      if (trace_.see(as_bytes(shown))) raw->set_undo(trace_.undo());
    }
    stdout_->write(as_bytes(shown));
    send(answers);
    if (stdout_->broken()) return finish(128 + SIGPIPE, "");
    if (!got.more) break;
  }
  if (!finished_) socket_ready_.when_readable([this] { read_socket(); });
}

void Client::send(std::string_view wire) {
  if (wire.empty()) return;
  if (!unsent_.push(as_bytes(wire))) return finish(kBroken, "the far end does not read what it asks us to answer");
  flush_socket();
}

void Client::flush_socket() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), unsent_.front().data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      // What the far end had sent before it closed is still to be read: the reader finds the end.
      if (errno != EAGAIN) return unsent_.clear();
      return socket_ready_.when_writable([this] { flush_socket(); });
    }
    unsent_.pop(static_cast<std::size_t>(count));
  }
  if (keys_ended_)
    shutdown(socket_.get(), SHUT_WR);
  else if (keys_paused_)
    read_keys();
}

void Client::obey(Command command) {
  switch (command) {
    case Command::kDisconnect: return finish(kBroken, fmt::format("disconnected from {}", options_.name));
    case Command::kSuspend: return user_.suspend();
    case Command::kDetach:
    case Command::kPen: return;  // of sessions that last
    case Command::kHelp: {
      const std::string help = keys_.help();
      if (stdout_->room() >= help.size()) stdout_->write(as_bytes(help));
      return;
    }
  }
}

void Client::resized() {
  const auto size = terminal_size(STDIN_FILENO);
  if (!size) return;
  std::string wire;
  link_->resize(*size, wire);
  send(wire);
}

void Client::signalled(int number) {
  if (finished_ || (number == SIGINT && interrupt())) return;
  finish(128 + number, number == SIGHUP ? "" : fmt::format("ended by {}", strsignal(number)));
}

bool Client::interrupt() {
  std::string wire;
  if (user_.raw() == nullptr || !link_->interrupt(wire)) return false;
  send(wire);
  return true;
}

void Client::finish(int status, std::string message) {
  if (finished_) return;
  finished_ = true;
  status_ = status;
  message_ = std::move(message);
  user_.cancel();
  socket_ready_.cancel();
  context_.stop();
}

void Client::leave_terminal() {
  if (user_.raw() == nullptr) return;
  if (trace_.resized() && first_size_ && terminal_size(STDIN_FILENO) != first_size_) {
    // XTWINOPS 8: the size that the far end changed, in rows and columns.
    user_.raw()->set_undo(trace_.undo() + fmt::format("\x1b[8;{};{}t", first_size_->rows, first_size_->columns));
  }
  user_.leave_raw();
  log::debug("your terminal is as it was");
}

}  // namespace farpty::client
