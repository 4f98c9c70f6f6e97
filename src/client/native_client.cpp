#include "client/native_client.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::client {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::Channel;

constexpr int kBroken = 255;  // as ssh(1), EXIT STATUS
constexpr std::size_t kRead = 32 * 1024;
constexpr seconds kReachTime{10};  // for each address of the first connection
constexpr seconds kTick{1};
constexpr seconds kQuiet{5};             // nothing heard for so long: is it still there?
constexpr seconds kQuietAfterTyping{2};  // the same, where something was sent that is not answered
constexpr seconds kDead{4};              // and so long after the question without an answer: dial again
constexpr seconds kRedial{1};
constexpr std::size_t kMostAttempts = 10;
constexpr seconds kStatusAfter{3};
constexpr milliseconds kAckWithin{100};

std::optional<wire::Size> terminal_size(int fd) {
  winsize cells{};
  if (ioctl(fd, TIOCGWINSZ, &cells) != 0 || cells.ws_col == 0) return std::nullopt;
  return wire::Size{
      .columns = cells.ws_col, .rows = cells.ws_row, .x_pixels = cells.ws_xpixel, .y_pixels = cells.ws_ypixel};
}

bool in_foreground(int tty) { return tcgetpgrp(tty) == getpgrp(); }

}  // namespace

NativeClient::NativeClient(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
                           NativeOptions options)
    : context_(context),
      keys_(keys),
      addresses_(std::move(addresses)),
      options_(std::move(options)),
      talk_(options_.user, options_.start, *this),
      keys_filter_(isatty(STDIN_FILENO) == 1 && options_.start.terminal ? options_.escape : std::nullopt),
      signals_(context),
      tick_(context),
      ack_timer_(context) {}

Result<std::unique_ptr<NativeClient>> NativeClient::open(boost::asio::io_context& context, NativeKeys& keys,
                                                         std::vector<net::Address> addresses, NativeOptions options) {
  auto size = terminal_size(STDIN_FILENO);
  if (!size) size = terminal_size(STDOUT_FILENO);
  if (size) options.start.size = *size;
  return std::unique_ptr<NativeClient>(new NativeClient(context, keys, std::move(addresses), std::move(options)));
}

Result<> NativeClient::reach() {
  unreached_ = "it has no address";
  for (next_address_ = 0; next_address_ < addresses_.size(); ++next_address_) {
    unreached_.clear();
    dial();
    tick_.expires_after(kReachTime);
    tick_.async_wait([this](const boost::system::error_code& code) {
      if (!code) unreached_ = reason_of(ETIMEDOUT);
    });
    while (!call_ && unreached_.empty()) context_.run_one();
    tick_.cancel();
    if (call_) return {};
    attempts_.clear();
  }
  next_address_ = 0;
  return failure("cannot connect to", options_.name, unreached_);
}

void NativeClient::dial() {
  NativeCall::Owner& owner = *this;
  attempts_.push_back(std::make_unique<NativeCall>(context_, keys_, owner));
  attempts_.back()->open(addresses_[next_address_ % addresses_.size()]);
}

Result<> NativeClient::prepare() {
  FARPTY_ASSIGN(stdin_ready, Readiness::watch(context_, STDIN_FILENO));
  stdin_ready_ = std::move(stdin_ready);
  FARPTY_ASSIGN(out, Outlet::open(context_, STDOUT_FILENO, [this] { outlet_drained(); }));
  stdout_ = std::move(out);
  FARPTY_ASSIGN(errors, Outlet::open(context_, STDERR_FILENO, [this] { outlet_drained(); }));
  stderr_ = std::move(errors);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH}) signals_.add(number);
  wait_for_signal();
  if (options_.start.terminal && isatty(STDIN_FILENO) == 1) {
    FARPTY_ASSIGN(raw, RawMode::enter(STDIN_FILENO));
    raw_.emplace(std::move(raw));
  }
  return {};
}

int NativeClient::run() {
  reaching_ = false;
  if (const auto prepared = prepare(); !prepared) {
    fmt::print(stderr, "farpty: {}\n", prepared.error().message());
    return kBroken;
  }
  last_heard_ = last_typed_ = Clock::now();
  if (call_) talk_begins();
  read_keys();
  tick();
  while (!finished_) context_.run_one();
  if (call_) call_->finish();
  if (raw_) hide_status();
  raw_.reset();
  if (!message_.empty()) fmt::print(stderr, "farpty: {}\n", message_);
  return status_;
}

void NativeClient::talk_begins() {
  out_.clear();
  talk_.begin(out_);
  flush();
}

void NativeClient::flush() {
  if (!out_.empty() && call_) call_->send(out_);
  out_.clear();
}

// One of the race has come up: it is the connection now.
void NativeClient::up(NativeCall& call) {
  const auto found = std::ranges::find(attempts_, &call, &std::unique_ptr<NativeCall>::get);
  if (found == attempts_.end()) return;
  if (call_) gone_.push_back(std::move(call_));
  call_ = std::move(*found);
  attempts_.erase(found);
  for (auto& other : attempts_) gone_.push_back(std::move(other));
  attempts_.clear();
  last_heard_ = last_ping_ = Clock::now();
  log::debug("connected to {}", options_.name);
  if (!reaching_) talk_begins();
}

void NativeClient::received(NativeCall& call, Bytes plain) {
  if (&call != call_.get()) return;
  last_heard_ = Clock::now();
  // It was not dead, only slow: the race is over.
  for (auto& attempt : attempts_) gone_.push_back(std::move(attempt));
  attempts_.clear();
  if (talk_.running()) hide_status();
  gathering_ = true;
  talk_.receive(plain, out_);
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  gathering_ = false;
  flush();
  acknowledge_soon();
  if (keys_paused_) read_keys();
  leave_if_shown();
}

void NativeClient::acknowledge_soon() {
  if (acking_ || !talk_.owes_acknowledgement()) return;
  acking_ = true;
  ack_timer_.expires_after(kAckWithin);
  ack_timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    acking_ = false;
    talk_.acknowledge(NativeTalk::Due::kAll, out_);
    flush();
  });
}

void NativeClient::drained(NativeCall&) {
  if (keys_paused_) read_keys();
}

void NativeClient::down(NativeCall& call, const std::string& why) {
  if (&call == call_.get()) {
    log::debug("the connection broke: {}", why);
    gone_.push_back(std::move(call_));
    if (over_ || finished_) return;
    if (!options_.keep_trying) return finish(kBroken, fmt::format("connection to {} broke: {}", options_.name, why));
    redial(Clock::now());
    return;
  }
  const auto found = std::ranges::find(attempts_, &call, &std::unique_ptr<NativeCall>::get);
  if (found == attempts_.end()) return;
  gone_.push_back(std::move(*found));
  attempts_.erase(found);
  if (reaching_) unreached_ = why.empty() ? "it closed the connection" : why;
}

// --- the session

void NativeClient::show(Channel channel, Bytes bytes) {
  hide_status();
  Outlet& outlet = channel == Channel::kErrors ? *stderr_ : *stdout_;
  if (raw_ && trace_.see(bytes)) raw_->set_undo(trace_.undo());
  outlet.write(bytes);
  if (outlet.broken() && channel == Channel::kOutput) finish(128 + SIGPIPE, "");
}

std::size_t NativeClient::room(Channel channel) const {
  return channel == Channel::kErrors ? stderr_->room() : stdout_->room();
}

void NativeClient::started(const wire::Started& started) {
  hide_status();
  has_terminal_ = started.terminal;
  log::debug("session {}{}{}", started.session, started.name.empty() ? "" : " " + started.name,
             started.resumed   ? " goes on"
             : started.created ? " started"
                               : " attached");
  read_keys();
}

void NativeClient::skipped(std::uint64_t bytes) {
  const std::string line = fmt::format("\r\nfarpty: {} bytes of output were skipped\r\n", bytes);
  if (stdout_->room() >= line.size()) stdout_->write(as_bytes(line));
}

void NativeClient::ended(const wire::Exit& exit) {
  over_ = true;
  status_ = exit.number != 0 ? 128 + static_cast<int>(exit.number) : static_cast<int>(exit.status);
  if (exit.cause != wire::Cause::kProgram) {
    status_ = kBroken;
    message_ = exit.text;
  }
  if (exit.number != 0) log::debug("the program was killed by SIG{}", log::printable(exit.signal));
  talk_.say(wire::Bye{}, out_);
  leave_if_shown();
}

void NativeClient::failed(const wire::Failure& failure) {
  finish(kBroken, fmt::format("{}: {}", options_.name, log::printable(failure.text)));
}

void NativeClient::pen(bool have) {  // NOLINT: as the sink's
  log::debug("{}", have ? "you have the pen" : "somebody else has the pen: you look on");
}

// The end was said; what came before it must reach our reader.
void NativeClient::leave_if_shown() {
  if (over_ && stdout_->empty() && stderr_->empty()) {
    flush();
    finish(status_, message_);
  }
}

void NativeClient::outlet_drained() {
  if (over_) return leave_if_shown();
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  flush();
}

// --- the keyboard

// stdin is read only where poll(2) says so, because it blocks (see client/outlet.hpp).
void NativeClient::read_keys() {
  keys_paused_ = false;
  bool typed_any = false;
  while (!finished_ && !keys_ended_) {
    const bool is_full = talk_.input_room() < kRead || (call_ && call_->unsent() > net::TlsSocket::kMaxUnsent);
    if (is_full && !raw_) {
      keys_paused_ = true;
      break;
    }
    pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 0) != 1) break;
    std::array<std::byte, kRead> buffer;
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) break;
    if (count <= 0) {
      keys_ended_ = true;
      if (raw_) return finish(128 + SIGHUP, "");  // the terminal itself is gone
      talk_.end_input(out_);
      break;
    }
    const auto typed = keys_filter_.filter(Bytes(buffer).first(static_cast<std::size_t>(count)));
    if (talk_.input_room() >= typed.text.size()) {
      talk_.type(as_bytes(typed.text), out_);
      typed_any = typed_any || !typed.text.empty();
    }
    for (const Command command : typed.commands) obey(command);
  }
  if (typed_any) last_typed_ = Clock::now();
  if (!gathering_) flush();
  if (!finished_ && !keys_ended_ && !keys_paused_) stdin_ready_.when_readable([this] { read_keys(); });
}

void NativeClient::obey(Command command) {
  switch (command) {
    case Command::kDisconnect: return finish(kBroken, fmt::format("disconnected from {}", options_.name));
    case Command::kSuspend: return suspend();
    case Command::kHelp: {
      const std::string help = keys_filter_.help();
      if (stdout_->room() >= help.size()) stdout_->write(as_bytes(help));
      return;
    }
  }
}

void NativeClient::resized() {
  const auto size = terminal_size(STDIN_FILENO);
  if (!size || !options_.start.terminal) return;
  talk_.say(wire::Resize{.size = *size}, out_);
  flush();
}

void NativeClient::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& code, int number) {
    if (code || finished_) return;
    wait_for_signal();
    handle_signal(number);
  });
}

void NativeClient::handle_signal(int number) {
  switch (number) {
    case SIGWINCH: return resized();
    case SIGTSTP: return suspend();
    case SIGCONT: return continued();
    default: return finish(128 + number, number == SIGHUP ? "" : fmt::format("ended by {}", strsignal(number)));
  }
}

void NativeClient::suspend() {
  if (raw_) raw_->leave();
  raise(SIGSTOP);  // SIGTSTP itself is ours to catch; to the shell that waits for us, stopped is stopped
  continued();
}

void NativeClient::continued() {
  if (!raw_ || !in_foreground(STDIN_FILENO)) return;  // after bg: the next SIGCONT comes with fg
  raw_->resume();
  resized();
}

// --- the connection's health

void NativeClient::tick() {
  gone_.clear();
  const auto now = Clock::now();
  look_after(now);
  tick_.expires_after(kTick);
  tick_.async_wait([this](const boost::system::error_code& code) {
    if (!code && !finished_) tick();
  });
}

void NativeClient::look_after(Clock::time_point now) {
  if (over_) return;
  const auto quiet = now - last_heard_;
  const bool unanswered = !talk_.input_is_taken() && now - last_typed_ > kQuietAfterTyping;
  const bool worries = quiet > kQuiet || (unanswered && quiet > kQuietAfterTyping);
  if (call_ && !worries) return;
  if (call_ && talk_.running() && last_ping_ <= last_heard_) {
    last_ping_ = now;
    talk_.say(wire::Ping{.cookie = 1}, out_);
    flush();
  }
  const bool is_dead = !call_ || (last_ping_ > last_heard_ && now - last_ping_ > kDead);
  if (!is_dead || !options_.keep_trying) return;
  redial(now);
  if (quiet > kStatusAfter) show_status(quiet);
}

// SYNs that are lost are repeated by the kernel ever more slowly: a fresh attempt each second does not wait for that.
void NativeClient::redial(Clock::time_point now) {
  if (finished_ || now - last_attempt_ < kRedial) return;
  last_attempt_ = now;
  if (attempts_.size() >= kMostAttempts) {
    gone_.push_back(std::move(attempts_.front()));
    attempts_.erase(attempts_.begin());
  }
  dial();
  ++next_address_;
}

// Over the last row, with the cursor where it was.
void NativeClient::show_status(Clock::duration away) {
  if (!raw_) return;
  const auto size = terminal_size(STDIN_FILENO);
  if (!size) return;
  const std::string text =
      fmt::format("farpty: no contact for {} s, trying again... {}", std::chrono::duration_cast<seconds>(away).count(),
                  options_.escape ? fmt::format("{}. quits", *options_.escape) : "");
  const std::string line = fmt::format(
      "\x1b"
      "7\x1b[{};1H\x1b[0;7m{}\x1b[K\x1b"
      "8",
      size->rows, text.substr(0, size->columns - 1U));
  if (stdout_->room() < line.size()) return;
  stdout_->write(as_bytes(line));
  status_shown_ = true;
}

// The program is asked to draw again what was under it: two changes of the size, of which the second takes back the first.
void NativeClient::hide_status() {
  if (!std::exchange(status_shown_, false)) return;
  const auto size = terminal_size(STDIN_FILENO);
  if (!size) return;
  stdout_->write(
      as_bytes(fmt::format("\x1b"
                           "7\x1b[{};1H\x1b[0m\x1b[K\x1b"
                           "8",
                           size->rows)));
  if (!talk_.running()) return;
  wire::Size smaller = *size;
  smaller.rows = static_cast<std::uint16_t>(std::max(1, smaller.rows - 1));
  talk_.say(wire::Resize{.size = smaller}, out_);
  talk_.say(wire::Resize{.size = *size}, out_);
  if (!gathering_) flush();
}

void NativeClient::finish(int status, std::string message) {
  if (finished_) return;
  finished_ = true;
  status_ = status;
  message_ = std::move(message);
  signals_.cancel();
  stdin_ready_.cancel();
  tick_.cancel();
  ack_timer_.cancel();
}

}  // namespace farpty::client
