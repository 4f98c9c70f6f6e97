#include "device/device.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "device/process_groups.hpp"
#include "device/served_call.hpp"
#include "device/tty_call.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::device {

namespace error = ttycall::error;
namespace attention = ttycall::attention;

Result<std::unique_ptr<Device>> Device::open(boost::asio::io_context& context, std::string library) {
  FARPTY_ASSIGN(page, SharedPage::create());
  std::unique_ptr<Device> device(new Device(context, std::move(library), std::move(page)));
  FARPTY_ASSIGN(tty, Tty::open(context, device->page_));
  device->add(std::move(tty));
  auto* const self = device.get();
  FARPTY_ASSIGN(requests,
                RequestSocket::open(context, [self](const std::shared_ptr<Asked>& asked) { self->handle(asked); }));
  device->requests_ = std::move(requests);
  return device;
}

Device::~Device() { static_cast<void>(stop_listening()); }

std::vector<std::shared_ptr<const OwnedFd>> Device::stop_listening() {
  for (const auto& tty : ttys_) tty->hangup();
  held_.look_at_all();
  std::vector<std::shared_ptr<const OwnedFd>> left;
  for (const auto& listener : listeners_)
    if (!listener->is_unused()) left.push_back(listener->release());
  listeners_.clear();
  return left;
}

void Device::add(std::unique_ptr<Tty> tty) {
  if (!listeners_.empty()) tty->observe();
  tty->on_change = [this, number = tty->number()] { held_.changed(number); };
  ttys_.push_back(std::move(tty));
}

Result<> Device::listen(OwnedFd listener) {
  const auto served = [this](std::shared_ptr<StoppedCall> call) { serve(std::move(call)); };
  const auto unused = [this] { forget_later_.run([this] { forget_closed(); }); };
  FARPTY_ASSIGN(made, Listener::open(context_, std::move(listener), served, unused));
  listeners_.push_back(std::move(made));
  for (const auto& tty : ttys_) tty->observe();
  return {};
}

Outcome Device::look_at(const std::shared_ptr<StoppedCall>& call, Patience& patience) {
  return ServedCall(*this, call, patience).run();
}

void Device::add_environment(std::vector<std::string>& environment) const {
  std::erase_if(environment, [](const std::string& entry) { return entry.starts_with("FARPTY_TTY="); });
  environment.push_back("FARPTY_TTY=" + std::to_string(getpid()) + ":" + std::to_string(page_.fd()) + ":" +
                        requests_->name() + ":" + requests_->token_text() + ":" + library_);
  const auto preload =
      std::ranges::find_if(environment, [](const std::string& entry) { return entry.starts_with("LD_PRELOAD="); });
  if (preload == environment.end())
    environment.push_back("LD_PRELOAD=" + library_);
  else if (preload->find(library_) == std::string::npos)  // else we run on such a terminal ourselves
    *preload = "LD_PRELOAD=" + library_ + ":" + preload->substr(sizeof "LD_PRELOAD=" - 1);
}

void Device::prepare_session(pid_t leader) noexcept { ttys_.front()->show_session(leader); }

void Device::take_session(pid_t leader) {
  terminal().control().take(leader, leader);
  terminal().mirror_control();
}

Tty* Device::find(int number) {
  for (const auto& master : masters_)
    if (master->tty().number() == number) master->catch_up();
  const auto found = std::ranges::find_if(ttys_, [&](const auto& tty) {
    return tty->number() == number && (!tty->hung_up() || tty == ttys_.front());  // devpts has no longer the others
  });
  if (found == ttys_.end()) return nullptr;
  (*found)->adopt_wish();
  return found->get();
}

Tty* Device::of_session(pid_t session) {
  if (session <= 0) return nullptr;
  const auto found = std::ranges::find_if(ttys_, [&](const auto& tty) { return tty->control().session() == session; });
  return found == ttys_.end() ? nullptr : found->get();
}

void Device::handle(const std::shared_ptr<Asked>& asked) {
  switch (asked->request.operation) {
    case ttycall::Operation::kAttach: return attach(*asked);
    case ttycall::Operation::kIoctl: return TtyCall(*this, asked).run();
    case ttycall::Operation::kOpenTty: return open_own(*asked);
    case ttycall::Operation::kOpenSlave: return open_slave(*asked);
    case ttycall::Operation::kOpenMaster: return open_master(*asked);
    case ttycall::Operation::kTakeStatus: return take_status(*asked);
    case ttycall::Operation::kCatchUp: return catch_up(*asked);
    case ttycall::Operation::kAwaitOutput: return await_output(asked);
    case ttycall::Operation::kWriteNothing: return write_nothing(*asked);
    case ttycall::Operation::kTakeInput: return take_input(*asked);
    case ttycall::Operation::kOrphaned:
      return asked->answer(is_orphaned(getpgid(asked->pid), getsid(asked->pid)) ? 1 : 0);
    case ttycall::Operation::kUnserved: return asked->answer(is_news(asked->request.code) ? 1 : 0);
    case ttycall::Operation::kListen: {
      const auto listening = listen(asked->take_brought());
      // The program does not wait for the answer.
      if (!listening && !std::exchange(told_of_listening_, true)) log::warn("{}", listening.error().message());
      return asked->answer(listening ? 0 : -error::kInval);
    }
  }
  asked->answer(-error::kInval);
}

void Device::attach(Asked& asked) {
  if (asked.request.code != ttycall::kTheWishes) return asked.answer(0, page_.fd());
  const auto wishes = page_.open_wishes();
  if (!wishes) return asked.answer(-error::kNomem);
  asked.answer(0, *wishes);
}

// Whether nobody has been told of this yet (ttycall::Unserved).
bool Device::is_news(std::uint32_t what) {
  if (what >= told_.size() || told_[what]) return false;
  told_[what] = true;
  return true;
}

// tty_io.c: tty_reopen, tty_open.
void Device::hand_out(Asked& asked, Tty& tty) {
  tty.hear_close();
  if (tty.hung_up() || !tty.reopen()) return asked.answer(-error::kIo);
  if ((tty.slot().attention & attention::kExclusive) != 0 && effective_uid(asked.pid) != 0)
    return asked.answer(-error::kBusy);
  const OwnedFd slave = tty.duplicate_slave(last_opener_);
  if (!slave) return asked.answer(-error::kIo);
  asked.answer(0, slave.get());
  last_opener_ = asked.pid;
  settle_slave(tty);
}

// The device's own slave end keeps the last close of the programs' from being seen. So it has one only of the session's first
// terminal, which ends with its program, and of controlling terminals, whose leader's end is seen; and of one that nobody has
// opened yet.
void Device::settle_slave(Tty& tty) {
  if (&tty == ttys_.front().get()) return;
  if (tty.control().session() != 0 && tty.control().sees_leader())
    tty.hold_slave();
  else
    tty.give_up_slave();
}

void Device::catch_up(Asked& asked) {
  Tty* const tty = find(asked.request.number);
  if (tty == nullptr) return asked.answer(0);
  tty->catch_up();
  NestedMaster* const master = master_of(*tty);
  if (master == nullptr || (asked.request.flags & ttycall::kToMaster) == 0) return asked.answer(0);
  master->pump_output();
  asked.answer(static_cast<std::int32_t>(master->held_back()));
}

void Device::await_output(const std::shared_ptr<Asked>& asked) {
  Tty* const tty = find(asked->request.number);
  if (tty == nullptr) return asked->answer(-error::kIo);
  tty->when_started([asked] { return asked->is_awaited(); }, [asked] { asked->answer(0); });
}

void Device::write_nothing(Asked& asked) {
  if (Tty* const tty = find(asked.request.number); tty != nullptr) tty->write_nothing();
  asked.answer(0);
}

// A pipe holds more than a queue of input (pipe(7)).
void Device::take_input(Asked& asked) {
  const OwnedFd brought = asked.take_brought();
  int ends[2];
  Tty* const tty = find(asked.request.number);
  if (tty == nullptr || !tty->is_slave(brought.get()) || pipe2(ends, O_CLOEXEC) != 0) return asked.answer(0);
  const OwnedFd out(ends[0]), in(ends[1]);
  const Tty::Borrowed borrowed(*tty, brought.get());
  const std::vector<std::byte> bytes = tty->take_input(asked.request.value);
  if (bytes.empty() || ::write(in.get(), bytes.data(), bytes.size()) < 0) return asked.answer(0);
  asked.answer(static_cast<std::int32_t>(bytes.size()), out.get());
}

void Device::take_status(Asked& asked) {
  Tty* const tty = find(asked.request.number);
  asked.answer(tty == nullptr ? 0 : tty->take_packet_status());
}

void Device::open_own(Asked& asked) {
  Tty* const tty = of_session(getsid(asked.pid));
  if (tty == nullptr) return asked.answer(-error::kNxio);
  hand_out(asked, *tty);
}

// pty.c: pty_open; tty_io.c: tty_open: the first terminal that a session's leader opens becomes its controlling terminal.
void Device::open_slave(Asked& asked) {
  Tty* const tty = find(asked.request.number);
  if (tty == nullptr) return asked.answer(-error::kNodev);
  if ((tty->slot().attention & attention::kLocked) != 0) return asked.answer(-error::kIo);
  const OwnedFd brought = asked.take_brought();
  const Tty::Borrowed borrowed(*tty, brought.get());
  const bool noctty =
      (asked.request.value & O_NOCTTY) != 0 || (asked.request.value & O_ACCMODE) == O_WRONLY;  // FMODE_READ
  const pid_t session = getsid(asked.pid);
  if (!noctty && session == asked.pid && of_session(session) == nullptr && tty->control().session() == 0) {
    tty->control().take(session, getpgid(asked.pid));
    tty->mirror_control();
  }
  hand_out(asked, *tty);
}

void Device::open_master(Asked& asked) {
  auto tty = Tty::open(context_, page_);
  if (!tty) {
    log::warn("{}", tty.error().message());
    return asked.answer(-error::kNospc);
  }
  OwnedFd far;
  auto master = NestedMaster::open(context_, **tty, far, [this] { forget_later_.run([this] { forget_closed(); }); });
  if (!master) {
    log::warn("{}", master.error().message());
    return asked.answer(-error::kNospc);
  }
  (*tty)->set_attention(attention::kLocked, true);
  (*tty)->on_session_end = [this, made = tty->get()] {
    settle_slave(*made);
    forget_later_.run([this] { forget_closed(); });
  };
  add(std::move(*tty));
  masters_.push_back(std::move(*master));
  asked.answer(0, far.get());
}

// A terminal whose master is closed is kept until the leader of its session has ended, who is to be seen doing that.
void Device::forget_closed() {
  std::erase_if(masters_, [](const auto& master) { return master->closed(); });
  std::erase_if(listeners_, [](const auto& listener) { return listener->is_unused(); });
  std::erase_if(
      ttys_, [&](const auto& tty) { return tty != ttys_.front() && tty->hung_up() && !tty->control().sees_leader(); });
}

NestedMaster* Device::master_of(const Tty& tty) {
  const auto found = std::ranges::find_if(masters_, [&](const auto& master) { return &master->tty() == &tty; });
  return found == masters_.end() ? nullptr : found->get();
}

}  // namespace farpty::device
