#include "pty/emulated_pty.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>

#include "base/log.hpp"
#include "pty/carried_library.hpp"
#include "pty/outliving.hpp"

namespace farpty::pty {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds kFirstEndPause{100}, kLongestEndPause{5000};

// Makes the child the owner of its terminal before it becomes the program: one store to the shared page, which a child of
// vfork and a keeper's child have mapped as we have.
class TakesTerminal final : public ChildStep {
 public:
  explicit TakesTerminal(device::Device& device) : device_(device) {}
  [[nodiscard]] ChildFailure enter() const noexcept override {
    device_.prepare_session(getpid());
    // Where the device is killed nobody is left to hang up its terminals, as the kernel would.
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    return {};
  }

 private:
  device::Device& device_;
};

std::size_t index_of(ControlCharacter which) {
  switch (which) {
    case ControlCharacter::kInterrupt: return tty::kVintr;
    case ControlCharacter::kQuit: return tty::kVquit;
    case ControlCharacter::kSuspend: return tty::kVsusp;
    case ControlCharacter::kErase: return tty::kVerase;
    case ControlCharacter::kKill: return tty::kVkill;
    case ControlCharacter::kEndOfFile: return tty::kVeof;
  }
  return tty::kVeof;
}

bool is_line_mode(const tty::Termios& settings) { return settings.local(tty::lflag::kIcanon); }

}  // namespace

Result<std::string> find_library() {
  if (const char* given = std::getenv("FARPTY_LIBRARY")) return std::string(given);
  if (auto carried = carried_library()) return *std::move(carried);
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (size <= 0) return os_error("cannot find", "libfarpty.so beside this program");
  std::string folder(path.data(), static_cast<std::size_t>(size));
  folder.resize(folder.rfind('/'));
  for (const char* place : {"/libfarpty.so", "/../libexec/farpty/libfarpty.so", "/../lib/libfarpty.so"})
    if (access((folder + place).c_str(), R_OK) == 0) return folder + place;
  return failure("cannot find", "libfarpty.so", "it is neither in " + folder + " nor in ../libexec/farpty",
                 "name it in FARPTY_LIBRARY");
}

Result<Started> EmulatedPty::start(boost::asio::io_context& context, Listening listening, const Program& program,
                                   WindowSize size) {
  FARPTY_ASSIGN(library, find_library());
  FARPTY_ASSIGN(device, device::Device::open(context, library));
  if (listening == Listening::kNever) device->forbid_listening();
  std::unique_ptr<EmulatedPty> pty(new EmulatedPty(context, std::move(device)));
  device::Device& ours = *pty->device_;

  tty::Termios settings = pty->tty_->termios();
  settings.iflag |= tty::iflag::kIutf8;  // erasing removes a character, not a byte of it, as on our kernel ptys
  pty->tty_->set_termios(settings);
  FARPTY_TRY(pty->resize(size));

  Program with_terminal = program;
  ours.add_environment(with_terminal.environment);
  const TakesTerminal takes(ours);
  with_terminal.steps.insert(with_terminal.steps.begin(), &takes);
  std::optional<InstallsListener> installs;
  if (listening == Listening::kAlways ||
      (listening == Listening::kWhenNeeded && image_of(program) == ttycall::Image::kRaw)) {
    FARPTY_ASSIGN(prepared, InstallsListener::prepare());
    with_terminal.steps.push_back(&installs.emplace(std::move(prepared)));
  }
  const int slave = pty->tty_->slave();
  FARPTY_ASSIGN(spawned,
                spawn(with_terminal, {.in = slave, .out = slave, .err = slave, .controlling = Controlling::kNo}));
  ours.take_session(spawned.leader);
  if (installs) {
    auto listened = installs->take();
    const auto result = listened ? ours.listen(std::move(*listened)) : Result<>(std::unexpected(listened.error()));
    if (!result) log::warn("{} may see no terminal: {}", program.file, result.error().message());
  }
  return Started{.terminal = std::move(pty), .child = std::move(spawned)};
}

EmulatedPty::EmulatedPty(boost::asio::io_context& context, std::unique_ptr<device::Device> device)
    : device_(std::move(device)), tty_(&device_->terminal()), end_timer_(context) {
  tty_->on_output = [this] {
    if (const auto then = std::exchange(readable_, nullptr)) then();
  };
  tty_->on_input_room = [this] {
    if (const auto then = std::exchange(writable_, nullptr)) then();
  };
}

EmulatedPty::~EmulatedPty() { let_programs_outlive(device_->stop_listening()); }

Transfer EmulatedPty::read(MutableBytes into) {
  const std::size_t count = tty_->read_output(into);
  if (count > 0) return {.count = count};
  return {.code = tty_->hung_up() ? EIO : EAGAIN};
}

Transfer EmulatedPty::write(Bytes from) {
  if (tty_->hung_up()) return {.code = EIO};
  const std::size_t count = tty_->type(from);
  return {.count = count, .code = count == 0 && !from.empty() ? EAGAIN : 0};
}

void EmulatedPty::when_readable(std::function<void()> then) {
  readable_ = std::move(then);
  if (tty_->has_output() || tty_->hung_up()) tty_->tell_output();
}

// As pty/end_of_input.hpp: end of file as often as the program asks where it reads lines; now and then where it does not.
void EmulatedPty::end_input() {
  if (std::exchange(input_ended_, true)) return;
  end_pause_ = kFirstEndPause;
  tty_->observe();
  tty_->on_input_taken = [this] {
    if (is_line_mode(tty_->termios())) type_end_of_file();
  };
  tty_->on_settings = [this] {
    end_pause_ = kFirstEndPause;
    type_end_of_file();
  };
  type_end_of_file();
}

void EmulatedPty::type_end_of_file() {
  if (!input_ended_ || tty_->hung_up()) return;
  const tty::Termios& settings = tty_->termios();
  const auto mark = static_cast<std::byte>(settings.cc[tty::kVeof]);
  const bool taken = tty_->input_is_taken() && tty_->unread() == 0;
  if (taken && settings.cc[tty::kVeof] != tty::kDisabledCharacter) static_cast<void>(tty_->type(Bytes(&mark, 1)));
  end_timer_.run_after(end_pause_, [this] { type_end_of_file(); });
  end_pause_ = std::min(end_pause_ * 2, kLongestEndPause);
}

Result<> EmulatedPty::resize(WindowSize size) {
  tty_->set_size({.rows = size.rows, .columns = size.columns});
  return {};
}

WindowSize EmulatedPty::size() const {
  const ttycall::Winsize& cells = tty_->slot().winsize;
  return {.columns = cells.columns, .rows = cells.rows};
}

std::string EmulatedPty::name() const { return "/dev/pts/" + std::to_string(tty_->number()) + " (emulated)"; }

pid_t EmulatedPty::fg_pgrp() const { return tty_->control().fg_pgrp(); }

std::optional<std::byte> EmulatedPty::control_character(ControlCharacter which) const {
  tty_->adopt_wish();
  const std::uint8_t character = tty_->termios().cc[index_of(which)];
  if (character == tty::kDisabledCharacter) return std::nullopt;
  return static_cast<std::byte>(character);
}

// n_tty.c: n_tty_receive_break
void EmulatedPty::send_break() {
  tty_->adopt_wish();
  const tty::Termios& settings = tty_->termios();
  if (settings.input(tty::iflag::kIgnbrk)) return;
  if (!settings.input(tty::iflag::kBrkint)) {
    constexpr std::byte kNul{0};
    write(Bytes(&kNul, 1));
    return;
  }
  if (!settings.local(tty::lflag::kNoflsh)) tty_->flush(tty::Flush::kBoth);
  tty_->signal(SIGINT);
}

void EmulatedPty::hangup() {
  end_timer_.cancel();
  input_ended_ = false;
  tty_->on_input_taken = nullptr;
  tty_->on_settings = nullptr;
  tty_->drop_output();
  tty_->hangup();
}

}  // namespace farpty::pty
