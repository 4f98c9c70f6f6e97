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
constexpr std::size_t kRead = 4 * wire::kGoodPayload;

}  // namespace

std::optional<wire::Size> NativeClient::terminal_size(int fd) {
  winsize cells{};
  if (ioctl(fd, TIOCGWINSZ, &cells) != 0 || cells.ws_col == 0) return std::nullopt;
  return wire::Size{
      .columns = cells.ws_col, .rows = cells.ws_row, .x_pixels = cells.ws_xpixel, .y_pixels = cells.ws_ypixel};
}

std::optional<WindowSize> NativeClient::own_size() {
  const auto size = terminal_size(STDIN_FILENO);
  return size ? std::optional(window_size(*size)) : std::nullopt;
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
      if (user_.raw() != nullptr) {  // the terminal itself is gone
        if (options_.hangs_up_alone) hang_up();
        return finish(128 + SIGHUP, "");
      }
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
    case Command::kDisconnect:
      if (options_.hangs_up_alone) hang_up();
      return finish(kBroken, fmt::format("disconnected from {}", options_.name));
    case Command::kSuspend: user_.suspend(); return talk_.want_redraw(out_);  // the shell has written meanwhile
    case Command::kHelp: return help();
    case Command::kDetach: return detach();
    case Command::kPen:
      return talk_.say(wire::Pen{.action = pen_ == PenState::kHave ? wire::PenAction::kGive : wire::PenAction::kTake},
                       out_);
  }
}

void NativeClient::hang_up() {
  talk_.say(wire::Bye{}, out_);
  flush();
}

void NativeClient::help() {
  const std::string text = keys_filter_.help();
  if (stdout_->room() >= text.size()) stdout_->write(as_bytes(text));
}

void NativeClient::resized() {
  const auto size = terminal_size(STDIN_FILENO);
  if (!size || !options_.start.terminal) return;
  talk_.say(wire::Resize{.size = *size}, out_);
  heed(view_.own_resized(own_size()));
  flush();
}

void NativeClient::signalled(int number) {
  // Of the client of a service its owner knows.
  const bool is_told = number != SIGHUP && options_.start.service.empty();
  const auto message = is_told ? fmt::format("ended by {}", strsignal(number)) : "";
  if (options_.hangs_up_alone) hang_up();
  if (options_.hangs_up_alone || ending_) return finish(128 + number, message);  // ending_: twice means now
  abandon(128 + number, message);
}

// --- what the terminal shows

void NativeClient::far_resized(const wire::Size& size) { heed(view_.far_resized(window_size(size))); }

void NativeClient::heed(const NativeView::Change& change) {
  if (!change.output.empty()) write(wire::Channel::kOutput, as_bytes(change.output));
  if (change.wants_snapshot) talk_.want_redraw(out_);
  if (gathering_) return;
  paint();
  flush();
}

// As fast as the terminal takes it, and no more: of two pictures it needs but the later one.
void NativeClient::paint() {
  while (view_.is_fitted() && stdout_->empty() && !stdout_->broken() && !talk_.is_redrawing()) {
    const std::string picture = view_.paint();
    if (picture.empty()) return;
    write(wire::Channel::kOutput, as_bytes(picture));
  }
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
  if (view_.is_fitted())
    view_.lend_last_row();
  else
    spoiled_ = true;
}

void NativeClient::erase_status() {
  if (!std::exchange(status_shown_, false)) return;
  if (view_.is_fitted()) {
    view_.take_last_row_back();
    return paint();
  }
  if (const auto size = terminal_size(STDIN_FILENO)) stdout_->write(as_bytes(no_status_line(*size)));
}

// What was under it, and the cursor that the program had saved, come back by a redraw: the server knows them.
void NativeClient::hide_status() {
  if (!status_shown_ && !spoiled_) return;
  erase_status();
  if (spoiled_) talk_.want_redraw(out_);
  if (!gathering_) flush();
}

void NativeClient::notice(std::string text) {
  notice_ = std::move(text);
  noticed_ = Clock::now();
  if (!gathering_) show_notice();
}

// Where a sequence has begun it waits for what ends it.
void NativeClient::show_notice() {
  if (!notice_.empty() && !over_ && !talk_.is_redrawing() && trace_.is_between()) show_status(notice_);
}

}  // namespace farpty::client
