#include "device/tty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "device/slave_holder.hpp"

namespace farpty::device {

namespace {

namespace attention = ttycall::attention;

constexpr std::size_t kMasterQueue = 4095;  // what a master keeps unread (n_tty.c: N_TTY_BUF_SIZE less one)
constexpr std::size_t kFewWriters = 64;  // held while output is stopped, before it is asked who of them is still there

Result<std::uint64_t> inode_of(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return os_error("cannot identify", "a socket");
  return status.st_ino;
}

}  // namespace

Result<Tty::Line> Tty::make_line(boost::asio::io_context& context) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return os_error("cannot make", "a terminal");
  Line line{.master = OwnedFd(ends[0]), .slave = OwnedFd(ends[1]), .ready = {}};
  FARPTY_ASSIGN(inode, inode_of(line.slave.get()));
  FARPTY_ASSIGN(ready, Readiness::watch(context, line.master.get()));
  line.inode = inode;
  line.ready = std::move(ready);
  return line;
}

Result<std::unique_ptr<Tty>> Tty::open(boost::asio::io_context& context, SharedPage& page) {
  FARPTY_ASSIGN(line, make_line(context));
  auto mirror = Mirror::claim(page);
  if (!mirror) return failure("cannot make", "a terminal", "this session has as many as it may");
  const std::uint64_t inode = line.inode;
  std::unique_ptr<Tty> tty(new Tty(context, std::move(*mirror), std::move(line)));
  tty->mirror_.change([&](ttycall::Slot& slot) {
    slot.termios = tty->termios();
    slot.slave = inode;
  });
  tty->mirror_.mark(tty->slave_.get(), ttycall::End::kSlave);
  tty->wait_for_slave();
  tty->mirror();
  return tty;
}

Tty::Tty(boost::asio::io_context& context, Mirror mirror, Line line)
    : context_(context),
      mirror_(std::move(mirror)),
      master_(std::move(line.master)),
      slave_(std::move(line.slave)),
      ready_(std::move(line.ready)),
      reader_(context),
      discipline_(*this),
      control_(context, [this] { session_ended(); }),
      tell_output_(context),
      tell_room_(context),
      tell_taken_(context),
      tell_settings_(context) {}

Tty::~Tty() {
  hangup();
  control_.forget();
}

// -- what programs write

void Tty::wait_for_slave() {
  ready_.when_readable([this] { slave_wrote(); });
}

void Tty::slave_wrote() {
  wait_for_slave();
  catch_up();
}

void Tty::write_nothing() {
  process_output();
  static_cast<void>(discipline_.write(nullptr, 0));
  settle();
}

void Tty::catch_up() {
  process_output();
  feed_slave();
  mirror();
  run_drained();
  if ((has_output() || closed_) && on_output) on_output();
}

// Takes what programs wrote as far as there is room for it. What is left gives no new event: whoever makes room comes
// back here.
void Tty::process_output() {
  mirror_.begin_work();
  take_output();
  mirror();
  mirror_.end_work();
}

void Tty::take_output() {
  if (taking_) return;  // a wish is adopted between the taking of bytes and their processing
  taking_ = true;
  take_all_output();
  taking_ = false;
}

void Tty::take_all_output() {
  std::array<std::uint8_t, kPiece> piece;
  while (process_pending() && output_.room() > 0 && !discipline_.stopped()) {
    const ssize_t count = write_stop_.receive(master_.get(), piece.data(), piece.size());
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return last_close();
    if (count < 0) return;
    adopt_wish();  // it was wished before this was written
    const auto size = static_cast<std::size_t>(count);
    written_ += size;
    const std::size_t taken = dropping_ ? size : discipline_.write(piece.data(), size);
    const auto rest = Bytes(reinterpret_cast<const std::byte*>(piece.data()), size).subspan(taken);
    unprocessed_.assign(rest.begin(), rest.end());
  }
}

// Whether nothing is left of what was read from the socket.
bool Tty::process_pending() {
  if (unprocessed_.empty()) return true;
  const std::size_t taken =
      discipline_.write(reinterpret_cast<const std::uint8_t*>(unprocessed_.data()), unprocessed_.size());
  unprocessed_.erase(unprocessed_.begin(), unprocessed_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (unprocessed_.empty()) std::vector<std::byte>().swap(unprocessed_);
  return unprocessed_.empty();
}

std::size_t Tty::write(const std::uint8_t* bytes, std::size_t size) {
  const std::size_t count = std::min(size, output_.room());
  return output_.push(Bytes(reinterpret_cast<const std::byte*>(bytes), count)) ? count : 0;
}

// pty.c: pty_flush_buffer. What the master's own queue would have taken by now is no longer the slave's to drop; what programs
// have written and nobody processed yet is output that waits, too.
void Tty::discard() {
  output_.truncate(kMasterQueue);
  drop_unprocessed();
}

void Tty::drop_unprocessed() {
  std::vector<std::byte>().swap(unprocessed_);
  std::array<std::byte, kPiece> dropped;
  while (write_stop_.receive(master_.get(), dropped.data(), dropped.size()) > 0) {
  }
  write_stop_.start(slave_.get());  // mirror() stops it anew
}

std::size_t Tty::read_output(MutableBytes into) {
  process_output();
  const Bytes waiting = output_.front();
  const std::size_t count = std::min(waiting.size(), into.size());
  std::copy_n(waiting.begin(), count, into.begin());
  output_.pop(count);
  if (count > 0) {
    process_output();
    run_drained();
  }
  mirror();
  return count;
}

void Tty::drop_waiting_output() {
  process_output();
  output_.clear();
  process_output();
  mirror();
}

void Tty::tell_output() {
  if ((has_output() || hung_up_ || closed_ || packet_status() != 0) && on_output)
    tell_output_.run([this] {
      if (on_output) on_output();
    });
}

bool Tty::drained() {
  process_output();
  if (closed_) return unprocessed_.empty();
  return unprocessed_.empty() && write_stop_.is_empty(master_.get());
}

void Tty::run_drained() {
  if (waiting_for_drain_.empty() || (!hung_up_ && !drained())) return;
  const auto ready = std::exchange(waiting_for_drain_, {});
  for (const auto& then : ready) then();
}

void Tty::when_started(std::function<bool()> awaited, std::function<void()> then) {
  // Those whose writers were killed in the meantime.
  if (waiting_for_start_.size() >= kFewWriters)
    std::erase_if(waiting_for_start_, [](const Writer& writer) { return !writer.is_awaited(); });
  waiting_for_start_.push_back({.is_awaited = std::move(awaited), .then = std::move(then)});
  run_started();
}

void Tty::run_started() {
  if (waiting_for_start_.empty() || (discipline_.stopped() && !hung_up_)) return;
  const auto ready = std::exchange(waiting_for_start_, {});
  for (const Writer& writer : ready) writer.then();
}

// -- what ioctls do

// tty_ioctl.c: set_termios.
void Tty::set_termios(const tty::Termios& wanted) {
  process_output();
  mirror_.repair_wish();
  adopt_wish();
  apply(wanted);
}

// Of two that are made at once the device's is the later one: programs see it as done when it is answered.
void Tty::adopt_wish() {
  if (const auto wanted = mirror_.take_wish()) apply(*wanted);
}

void Tty::observe() {
  observed_ = true;
  mirror();
}

void Tty::apply(const tty::Termios& wanted) {
  constexpr std::uint32_t kReading = tty::lflag::kIcanon | tty::lflag::kExtproc;
  const bool read_lines = discipline_.reads_lines();
  if (((tty::settled_termios(termios(), wanted).lflag ^ termios().lflag) & kReading) != 0) take_back_input();
  discipline_.set_termios(wanted);
  mirror_.change([this](ttycall::Slot& slot) { slot.termios = termios(); });
  const tty::Termios& now = termios();
  set_attention(attention::kStopWriters, now.local(tty::lflag::kTostop));
  set_attention(attention::kTimedRead, now.cc[tty::kVmin] != 1 || now.cc[tty::kVtime] != 0);
  if (read_lines != discipline_.reads_lines() && on_settings)
    tell_settings_.run([this] {
      if (on_settings) on_settings();
    });
  after_input();
  tell_programs();
}

void Tty::set_size(ttycall::Winsize size) {
  if (size == slot().winsize) return;
  mirror_.change([&](ttycall::Slot& slot) { slot.winsize = size; });
  signal(SIGWINCH);
}

void Tty::flush(tty::Flush queue) {
  if (queue != tty::Flush::kOutput) {
    drop_sent_input();
    arrived_.clear();
    if (on_input_flush) on_input_flush();
  }
  discipline_.flush(queue);
  after_input();
}

void Tty::flush_taken_input() {
  drop_sent_input();
  discipline_.flush_input();
  after_input();
}

void Tty::control_flow(tty::FlowAction action) {
  discipline_.control_flow(action);
  after_input();
}

void Tty::set_attention(std::uint32_t bit, bool on) {
  const std::uint32_t now = on ? slot().attention | bit : slot().attention & ~bit;
  if (now != slot().attention) mirror_.change([now](ttycall::Slot& slot) { slot.attention = now; });
}

void Tty::set_packet_mode(bool on) {
  discipline_.set_packet_mode(on);
  set_attention(attention::kPacket, on);
  mirror();
}

std::uint8_t Tty::take_packet_status() {
  const std::uint8_t status = discipline_.take_packet_status();
  mirror();
  return status;
}

void Tty::set_master(int fd, std::uint64_t inode) {
  mirror_.mark(fd, ttycall::End::kMaster);
  mirror_.change([inode](ttycall::Slot& slot) { slot.master = inode; });
}

void Tty::show_held_back(std::size_t count) {
  if (count != slot().held_back)
    mirror_.change([count](ttycall::Slot& slot) { slot.held_back = static_cast<std::uint32_t>(count); });
}

// Whether nothing that waits here would be concerned by a change of the settings, and nobody is to be told of it.
bool Tty::is_quiet() const {
  return !hung_up_ && !closed_ && !observed_ && !on_settings && !discipline_.packet_mode() && !discipline_.stopped() &&
         !end_of_file_sent_ && discipline_.kept() == 0 && unprocessed_.empty() && output_.room() > 0;
}

void Tty::mirror() {
  const ttycall::Slot& shown = slot();
  const auto kept = static_cast<std::uint32_t>(discipline_.unread());
  const std::uint32_t attention = (shown.attention & ~(attention::kQuiet | attention::kStopped)) |
                                  (is_quiet() ? attention::kQuiet : 0) |
                                  (discipline_.stopped() ? attention::kStopped : 0);
  const bool started = (shown.attention & ~attention & attention::kStopped) != 0;
  if (kept != shown.kept || typed_ != shown.typed || written_ != shown.written ||
      packet_status() != shown.packet_status || attention != shown.attention)
    mirror_.change([&](ttycall::Slot& slot) {
      slot.attention = attention;
      slot.kept = kept;
      slot.typed = typed_;
      slot.written = written_;
      slot.packet_status = packet_status();
    });
  adopt_wish();  // one that was made before its program could see that it has to ask
  if (discipline_.stopped() && !hung_up_)
    write_stop_.stop(slave_.get(), mirror_.page_fd());
  else
    write_stop_.start(slave_.get());
  run_started();
  if (started) tell_programs();
}

void Tty::mirror_control() {
  mirror_.change([this](ttycall::Slot& slot) {
    slot.sid = control_.session();
    slot.fg_pgrp = control_.fg_pgrp();
  });
  tell_programs();
}

// -- the slave end

bool Tty::is_slave(int fd) const {
  struct stat status{};
  return fd >= 0 && !closed_ && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_ino == slot().slave;
}

OwnedFd Tty::duplicate_slave(pid_t likely_holder) {
  if (const int ours = slave(); ours >= 0) return OwnedFd(fcntl(ours, F_DUPFD_CLOEXEC, 0));
  return closed_ || hung_up_ ? OwnedFd() : take_from_holder(slot().slave, likely_holder);
}

void Tty::give_up_slave() {
  if (!slave_ || hung_up_) return;
  set_attention(attention::kReleased, true);
  write_stop_.start(slave_.get());
  slave_.reset();
}

void Tty::hold_slave() {
  if (slave_ || closed_ || hung_up_) return;
  slave_ = duplicate_slave();
  if (slave_) set_attention(attention::kReleased, false);
}

// The last program has closed it. What it had not read is lost with the socket; all else stays, for whoever opens it again.
void Tty::last_close() {
  if (std::exchange(closed_, true) || hung_up_) return;
  end_marked_file();
  reader_.cancel();
  ready_ = Readiness();
  master_.reset();
  write_stop_ = {};
  waiting_for_reader_ = false;
  recount_sent();
  mirror_.change([](ttycall::Slot& slot) { slot.slave = 0; });
  set_attention(attention::kClosed, true);
  set_attention(attention::kReleased, false);
  run_drained();
  tell_output();
}

Result<> Tty::reopen() {
  if (!closed_ || hung_up_) return {};
  FARPTY_ASSIGN(line, make_line(context_));
  master_ = std::move(line.master);
  slave_ = std::move(line.slave);
  ready_ = std::move(line.ready);
  closed_ = false;
  mirror_.mark(slave_.get(), ttycall::End::kSlave);
  mirror_.change([&](ttycall::Slot& slot) { slot.slave = line.inode; });
  set_attention(attention::kClosed, false);
  wait_for_slave();
  settle();
  return {};
}

// -- the end

// tty_jobctrl.c: disassociate_ctty. A pty lives on when the leader of its session has ended; whoever has it open may use it.
void Tty::session_ended() {
  mirror_control();
  if (on_session_end) on_session_end();
}

// tty_io.c: __tty_hangup. Reads of the socket end; what was written before stays readable at the master side.
void Tty::hangup() {
  if (std::exchange(hung_up_, true)) return;
  control_.hang_up();
  mirror_control();
  set_attention(attention::kHungUp, true);
  process_output();
  drop_sent_input();
  if (master_) shutdown(master_.get(), SHUT_RDWR);  // what was written stays readable; poll(2) says POLLHUP
  slave_.reset();                                   // from now on the last program's close can be seen
  run_drained();
  run_started();
  tell_output();
  tell_programs();
}

void Tty::drop_output() {
  dropping_ = true;
  output_.clear();
  drop_unprocessed();
}

}  // namespace farpty::device
