#include "client/native_client.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::client {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::Channel;

constexpr int kBroken = 255;  // as ssh(1), EXIT STATUS
constexpr seconds kTick{1};
constexpr milliseconds kAckWithin{100};
constexpr std::uint64_t kMiB = 1024 * 1024;
// Of a terminal the least is what Ctrl-C may have to wait for on a slow path; pipes have no hurry.
constexpr Window::Bounds kTerminalWindow{.least = 16 * 1024, .first = 64 * 1024, .most = 4 * kMiB};
constexpr Window::Bounds kPipesWindow{.least = 16 * kMiB, .first = 16 * kMiB, .most = 16 * kMiB};
constexpr seconds kNoticeTime{5};
constexpr seconds kDetachTime{5};  // for the server's answer, before the user gets his shell back anyhow
constexpr seconds kHangUpTime{5};  // the same

std::string harmless(Bytes text) {
  std::string shown(as_text(text));
  for (char& c : shown)
    if (c != '\n' && (c < ' ' || c > '~')) c = '?';
  return shown;
}

}  // namespace

NativeClient::NativeClient(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
                           NativeOptions options)
    : context_(context),
      keys_(keys),
      options_(std::move(options)),
      line_(context, keys, std::move(addresses), options_.name, *this),
      talk_(options_.user, options_.start, *this),
      keys_filter_(isatty(STDIN_FILENO) == 1 && options_.start.terminal ? options_.escape : std::nullopt,
                   Sessions::kLast),
      liveness_(Clock::now()),
      window_(options_.start.terminal ? kTerminalWindow : kPipesWindow),
      user_(context),
      tick_(context),
      ack_timer_(context),
      network_(context, [this] { network_changed(); }) {}

std::unique_ptr<NativeClient> NativeClient::make(boost::asio::io_context& context, NativeKeys& keys,
                                                 std::vector<net::Address> addresses, NativeOptions options) {
  add_size(options.start);
  return std::unique_ptr<NativeClient>(new NativeClient(context, keys, std::move(addresses), std::move(options)));
}

void NativeClient::add_size(wire::Start& start) {
  auto size = terminal_size(STDIN_FILENO);
  if (!size) size = terminal_size(STDOUT_FILENO);
  if (size) start.size = *size;
}

std::vector<std::byte> NativeClient::opening(const NativeOptions& options) {
  wire::Start start = options.start;
  add_size(start);
  const std::uint64_t window = Window(start.terminal ? kTerminalWindow : kPipesWindow).size();
  start.windows = {.output = window, .errors = window};
  return NativeTalk::opening(options.user, start);
}

Result<> NativeClient::prepare() {
  // What the window lets through finds room, a snapshot does, which needs none, what we draw ourselves, and our own lines.
  constexpr std::size_t kBesideTheWindow = wire::kMaxSnapshot + NativeView::kMostOfAScreen + 4096;
  const auto bound =
      static_cast<std::size_t>((options_.start.terminal ? kTerminalWindow : kPipesWindow).most) + kBesideTheWindow;
  FARPTY_ASSIGN(out, Outlet::open(context_, STDOUT_FILENO, [this] { outlet_drained(); }, bound));
  stdout_ = std::move(out);
  FARPTY_ASSIGN(errors, Outlet::open(context_, STDERR_FILENO, [this] { outlet_drained(); }, bound));
  stderr_ = std::move(errors);
  FARPTY_TRY(user_.open({.resized = [this] { resized(); }, .signalled = [this](int number) { signalled(number); }}));
  if (options_.start.terminal) {
    FARPTY_TRY(user_.enter_raw());
    heed(view_.own_resized(own_size()));
  }
  return {};
}

int NativeClient::run() {
  if (const auto prepared = prepare(); !prepared) {
    fmt::print(stderr, "farpty: {}\n", prepared.error().message());
    return kBroken;
  }
  const auto now = Clock::now();
  liveness_.heard(now);
  liveness_.typed(now);
  if (line_.is_up()) talk_begins();
  read_keys();
  tick();
  while (!finished_) context_.run_one();
  line_.finish();
  erase_status();
  user_.leave_raw();
  // Who runs a service may have drawn on the line.
  const bool may_be_drawn_on = !options_.start.service.empty() && isatty(STDERR_FILENO) == 1;
  if (!message_.empty()) fmt::print(stderr, "{}farpty: {}\n", may_be_drawn_on ? "\r\x1b[K" : "", message_);
  return status_;
}

void NativeClient::talk_begins() {
  liveness_.connected(Clock::now());
  window_.connected();
  asked_.reset();
  if (!options_.start.terminal) line_.carry_bulk();
  out_.clear();
  talk_.begin(out_);
  flush();
}

// Of what was typed no more than the line takes: the rest when it has drained.
void NativeClient::flush() {
  for (;;) {
    talk_.send_typed(line_.room(), out_);
    if (out_.empty()) return;
    line_.send(out_);
    out_.clear();
  }
}

// --- the connection

void NativeClient::connected() { talk_begins(); }

void NativeClient::received(Bytes plain) {
  liveness_.heard(Clock::now());
  if (!notice_.empty())
    erase_status();
  else if (talk_.running())
    hide_status();
  gathering_ = true;
  talk_.receive(plain, out_);
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  gathering_ = false;
  paint();
  show_notice();
  flush();
  acknowledge_soon();
  if (keys_paused_) read_keys();
  leave_if_shown();
}

void NativeClient::acknowledge_soon() {
  if (acking_ || !talk_.owes_acknowledgement()) return;
  acking_ = true;
  ack_timer_.run_after(kAckWithin, [this] {
    acking_ = false;
    talk_.acknowledge(NativeTalk::Due::kAll, out_);
    flush();
  });
}

void NativeClient::drained() {
  flush();
  if (keys_paused_) read_keys();
}

void NativeClient::refused(const std::string& why) {
  if (over_ || finished_) return;
  if (ending_) return finish(status_, message_);
  finish(kBroken, fmt::format("cannot connect to {} again: {}", options_.name, log::printable(why)));
}

void NativeClient::broke(const std::string& why) {
  if (over_ || finished_) return;
  if (ending_) return finish(status_, message_);
  if (leaving_ && talk_.has_detached()) return detached();
  if (!options_.keep_trying) return finish(kBroken, fmt::format("connection to {} broke: {}", options_.name, why));
  if (liveness_.dial_at_once(Clock::now())) line_.dial();
}

// --- the session

void NativeClient::show(Channel channel, Bytes bytes) {
  if (!ending_ && (channel == Channel::kErrors || view_.passes(bytes))) write(channel, bytes);
  window_.received(bytes.size(), Clock::now());
}

void NativeClient::write(Channel channel, Bytes bytes) {
  Outlet& outlet = channel == Channel::kErrors ? *stderr_ : *stdout_;
  if (user_.raw() != nullptr && trace_.see(bytes)) user_.raw()->set_undo(trace_.undo());
  if (channel == Channel::kErrors && !options_.start.service.empty())
    outlet.write(as_bytes(harmless(bytes)));  // words for a person, and no program's
  else
    outlet.write(bytes);
  if (outlet.broken() && channel == Channel::kOutput) abandon(128 + SIGPIPE, "");
}

std::size_t NativeClient::room(Channel channel) const {
  const std::size_t waiting = (channel == Channel::kErrors ? stderr_ : stdout_)->waiting();
  return static_cast<std::size_t>(window_.size() - std::min<std::uint64_t>(window_.size(), waiting));
}

std::uint64_t NativeClient::stride() const { return window_.stride(); }

void NativeClient::started(const wire::Started& started) {
  hide_status();
  session_ = started.name.empty() ? std::to_string(started.session) : log::printable(started.name);
  pen_ = started.writer ? PenState::kHave : PenState::kHaveNot;
  heed(view_.pen(pen_));
  log::debug("session {} {}", session_, started.resumed ? "goes on" : started.created ? "started" : "attached");
  if (started.terminal) ask();  // how long is the way?
  read_keys();
}

void NativeClient::redraws(const wire::Snapshot& snapshot) {
  skipped_ = snapshot.skipped;
  spoiled_ = false;
  view_.redraws(window_size(snapshot.screen));
}

// Not before: the redraw would take it away again. Where there is no screen it must not get into the output.
void NativeClient::redrawn() {
  const auto bytes = std::exchange(skipped_, 0);
  if (bytes == 0) return;
  const std::string line = fmt::format("farpty: {} bytes of output were skipped", bytes);
  if (user_.raw() != nullptr)
    notice(line);
  else if (stderr_->room() > line.size())
    stderr_->write(as_bytes(line + "\n"));
}

void NativeClient::ended(const wire::Exit& exit) {
  if (ending_) return finish(status_, message_);
  over_ = true;
  status_ = exit.number != 0 ? 128 + static_cast<int>(exit.number) : static_cast<int>(exit.status);
  if (exit.cause != wire::Cause::kProgram) {
    status_ = kBroken;
    message_ = log::printable(exit.text);
  }
  if (exit.number != 0) log::debug("the program was killed by SIG{}", log::printable(exit.signal));
  talk_.say(wire::Bye{}, out_);
  leave_if_shown();
}

void NativeClient::failed(const wire::Failure& failure) {
  if (leaving_ && failure.code == "bye") return detached();
  if (ending_) return finish(status_, message_);
  finish(kBroken, fmt::format("{}: {}", options_.name, log::printable(failure.text)));
}

void NativeClient::pen(PenState state) {
  if (std::exchange(pen_, state) == state) return;
  heed(view_.pen(state));
  notice(state == PenState::kHave
             ? "farpty: you have the pen: what you type goes to the program"
             : fmt::format("farpty: somebody else has the pen: you look on{}",
                           options_.escape ? fmt::format(", {}w takes it", *options_.escape) : ""));
}

void NativeClient::credential(const wire::Credential& credential) {
  auth::Token token;
  const Bytes id = as_bytes(credential.id), secret = as_bytes(credential.secret);
  // Another length: of a server of another age. We come back by what we came in with, if that is still good.
  if (id.size() != token.id.bytes.size() || secret.size() != token.secret.bytes().size()) return;
  std::ranges::copy(id, token.id.bytes.begin());
  std::ranges::copy(secret, token.secret.bytes().begin());
  if (keys_.token() != nullptr) keys_.renew(std::move(token));
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
  paint();
  talk_.acknowledge(NativeTalk::Due::kWindow, out_);
  flush();
}

void NativeClient::detach() {
  if (leaving_) return;
  leaving_ = Clock::now();
  talk_.leave();
}

void NativeClient::detached() {
  if (!talk_.has_seat()) return finish(kBroken, fmt::format("disconnected from {}", options_.name));
  const std::string way =
      options_.way_back.empty() ? fmt::format("farpty attach {} {}", options_.name, session_) : options_.way_back;
  has_detached_ = true;
  finish(0, fmt::format("detached; {} comes back", way));
}

// --- once a second

void NativeClient::tick() {
  line_.forget_broken();
  if (!notice_.empty() && Clock::now() - noticed_ > kNoticeTime) {
    notice_.clear();
    hide_status();
  }
  look_after();
  tick_.run_after(kTick, [this] {
    if (!finished_) tick();
  });
}

void NativeClient::look_after() {
  if (over_) return;
  const auto now = Clock::now();
  if (leaving_ && now - *leaving_ > kDetachTime) return detached();
  if (ending_ && now - *ending_ > kHangUpTime) return finish(status_, message_);
  const auto advice =
      liveness_.look(now, line_.is_up() ? Liveness::Line::kUp : Liveness::Line::kDown,
                     talk_.input_is_taken() ? Liveness::Input::kAnswered : Liveness::Input::kUnanswered);
  if (advice.ask) {
    ask();
    flush();
  }
  if (!options_.keep_trying) return;
  if (advice.dial) line_.dial();
  if (advice.silent)
    show_status(fmt::format("farpty: no contact for {} s, trying again... {}",
                            std::chrono::duration_cast<seconds>(*advice.silent).count(),
                            options_.escape ? fmt::format("{}. quits", *options_.escape) : ""));
}

void NativeClient::network_changed() {
  log::debug("the network has changed: is {} still there?", options_.name);
  liveness_.network_changed(Clock::now());
  if (!finished_) look_after();
}

void NativeClient::ask() {
  asked_ = Clock::now();
  talk_.say(wire::Ping{.cookie = 1}, out_);
}

void NativeClient::pong() {
  if (asked_) window_.round_trip(Clock::now() - *asked_);
  asked_.reset();
}

// A program on pipes has nobody but us: its seat's secret ends with this process. To one on a terminal the user comes back.
void NativeClient::abandon(int status, std::string message) {
  if (ending_) return;
  if (options_.start.terminal || over_ || !line_.is_up()) return finish(status, std::move(message));
  ending_ = Clock::now();
  status_ = status;
  message_ = std::move(message);
  talk_.say(wire::Signal{.name = "HUP"}, out_);
  if (!gathering_) flush();
}

void NativeClient::finish(int status, std::string message) {
  if (finished_) return;
  finished_ = true;
  status_ = status;
  message_ = std::move(message);
  user_.cancel();
  tick_.cancel();
  ack_timer_.cancel();
}

}  // namespace farpty::client
