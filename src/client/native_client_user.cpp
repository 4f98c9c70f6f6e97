// NativeClient's side of the user: the keyboard, the signals of the terminal, and the line that it shows itself.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "client/native_client.hpp"
#include "client/status_line.hpp"

namespace farpty::client {

namespace {

constexpr int kBroken = 255;  // as ssh(1), EXIT STATUS
constexpr std::size_t kRead = 32 * 1024;

}  // namespace

std::optional<wire::Size> NativeClient::terminal_size(int fd) {
  winsize cells{};
  if (ioctl(fd, TIOCGWINSZ, &cells) != 0 || cells.ws_col == 0) return std::nullopt;
  return wire::Size{
      .columns = cells.ws_col, .rows = cells.ws_row, .x_pixels = cells.ws_xpixel, .y_pixels = cells.ws_ypixel};
}

// --- the keyboard

void NativeClient::read_keys() {
  keys_paused_ = false;
  bool typed_any = false;
  while (!finished_ && !keys_ended_) {
    const bool is_full = talk_.input_room() < kRead || line_.is_full();
    if (is_full && user_.raw() == nullptr) {
      keys_paused_ = true;
      break;
    }
    std::array<std::byte, kRead> buffer;
    const auto got = UserTerminal::read(buffer);
    if (got.what == UserTerminal::Typed::What::kNothing) break;
    if (got.what == UserTerminal::Typed::What::kEnd) {
      keys_ended_ = true;
      if (user_.raw() != nullptr) return finish(128 + SIGHUP, "");  // the terminal itself is gone
      talk_.end_input();
      break;
    }
    const auto typed = keys_filter_.filter(got.bytes);
    if (!leaving_ && talk_.input_room() >= typed.text.size()) {
      talk_.type(as_bytes(typed.text));
      if (!gathering_) flush();
      typed_any = typed_any || !typed.text.empty();
    }
    for (const Command command : typed.commands) obey(command);
  }
  if (typed_any) liveness_.typed(Clock::now());
  if (!gathering_) flush();
  if (!finished_ && !keys_ended_ && !keys_paused_) user_.when_typed([this] { read_keys(); });
}

void NativeClient::obey(Command command) {
  switch (command) {
    case Command::kDisconnect: return finish(kBroken, fmt::format("disconnected from {}", options_.name));
    case Command::kSuspend: return user_.suspend();
    case Command::kHelp: return help();
    case Command::kDetach: return detach();
    case Command::kPen:
      return talk_.say(wire::Pen{.action = pen_ == PenState::kHave ? wire::PenAction::kGive : wire::PenAction::kTake},
                       out_);
  }
}

void NativeClient::help() {
  const std::string text = keys_filter_.help();
  if (stdout_->room() >= text.size()) stdout_->write(as_bytes(text));
}

void NativeClient::resized() {
  const auto size = terminal_size(STDIN_FILENO);
  if (!size || !options_.start.terminal) return;
  talk_.say(wire::Resize{.size = *size}, out_);
  flush();
}

void NativeClient::signalled(int number) {
  // Of the client of a service its owner knows.
  const bool is_told = number != SIGHUP && options_.start.service.empty();
  finish(128 + number, is_told ? fmt::format("ended by {}", strsignal(number)) : "");
}

// --- our own line

void NativeClient::show_status(const std::string& text) {
  if (user_.raw() == nullptr) return;
  const auto size = terminal_size(STDIN_FILENO);
  if (!size) return;
  const std::string line = status_line(text, *size);
  if (stdout_->room() < line.size()) return;
  stdout_->write(as_bytes(line));
  status_shown_ = true;
}

void NativeClient::erase_status() {
  if (!std::exchange(status_shown_, false)) return;
  if (const auto size = terminal_size(STDIN_FILENO)) stdout_->write(as_bytes(no_status_line(*size)));
}

// The program is asked to draw again what was under it: two changes of the size, of which the second takes back the first.
void NativeClient::hide_status() {
  const bool was_shown = status_shown_;
  erase_status();
  const auto size = terminal_size(STDIN_FILENO);
  if (!was_shown || !size || !talk_.running()) return;
  wire::Size smaller = *size;
  smaller.rows = static_cast<std::uint16_t>(std::max(1, smaller.rows - 1));
  talk_.say(wire::Resize{.size = smaller}, out_);
  talk_.say(wire::Resize{.size = *size}, out_);
  if (!gathering_) flush();
}

}  // namespace farpty::client
