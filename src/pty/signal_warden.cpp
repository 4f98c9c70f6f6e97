#include "pty/signal_warden.hpp"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "pty/process_table.hpp"

namespace farpty::pty {
namespace {

// What a sandbox may cost the server's loop: so many questions in a window, of which one that needs a look at all processes
// of the host (about a millisecond) counts as many. Job control asks a few times a second.
constexpr std::chrono::milliseconds kWindow{100};
constexpr unsigned kBudget = 64;
constexpr unsigned kCostOfLook = 16;

std::vector<std::max_align_t> room_for(std::size_t bytes) {
  return std::vector<std::max_align_t>(bytes / sizeof(std::max_align_t) + 1);
}

// A message of one byte (an empty one would carry nothing) and one descriptor.
class Carrier {
 public:
  Carrier() noexcept
      : message_{
            .msg_iov = &data_, .msg_iovlen = 1, .msg_control = control_.data(), .msg_controllen = sizeof control_} {}
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  [[nodiscard]] msghdr* message() noexcept { return &message_; }

 private:
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
  char byte_ = 0;
  iovec data_{.iov_base = &byte_, .iov_len = 1};
  msghdr message_;
};

}  // namespace

Result<std::unique_ptr<SignalWarden>> SignalWarden::open(boost::asio::io_context& context, OwnedFd listener,
                                                         pid_t session) {
  seccomp_notif_sizes sizes{};
  if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
    return os_error("cannot listen to", "the sandbox's filter");
  std::unique_ptr<SignalWarden> warden(new SignalWarden(context, std::move(listener), session));
  warden->question_ = room_for(std::max<std::size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)));
  warden->verdict_ = room_for(std::max<std::size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)));
  FARPTY_ASSIGN(readiness, Readiness::watch(context, warden->listener_.get()));
  warden->readiness_ = std::move(readiness);
  warden->hear();
  return warden;
}

SignalWarden::SignalWarden(boost::asio::io_context& context, OwnedFd listener, pid_t session)
    : listener_(std::move(listener)), pause_(context), session_(session) {}

bool SignalWarden::is_asked() const {
  pollfd listener{.fd = listener_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&listener, 1, 0) > 0 && (listener.revents & POLLIN) != 0;
}

void SignalWarden::hear() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= window_ + kWindow) {
    window_ = now;
    spent_ = 0;
  }
  auto& question = *reinterpret_cast<seccomp_notif*>(question_.data());
  auto& verdict = *reinterpret_cast<seccomp_notif_resp*>(verdict_.data());
  while (is_asked()) {
    if (++spent_ > kBudget) {
      pause_.run_at(window_ + kWindow, [this] { hear(); });
      return;
    }
    std::ranges::fill(question_, std::max_align_t{});  // the kernel insists
    std::ranges::fill(verdict_, std::max_align_t{});
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) continue;  // ENOENT: the asker was killed
    verdict.id = question.id;
    answer(question, verdict);
    // ENOENT as above: the signal that was asked for has ended the asker.
    (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &verdict);
  }
  readiness_.when_readable([this] { hear(); });
}

void SignalWarden::answer(const seccomp_notif& question, seccomp_notif_resp& verdict) {
  const auto target = static_cast<pid_t>(question.data.args[0]);
  const int number = question.data.nr;
  const bool is_own =
      number == SYS_tkill ? target == static_cast<pid_t>(question.pid) : is_own_process(question, target);
  if (is_own) {
    verdict.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return;
  }
  int code = EPERM;  // to a thread of another process, or with a value: job control needs neither
  if (number == SYS_kill) {
    const int signal = static_cast<int>(question.data.args[1]);
    if (target > 0)
      code = signal_process(target, signal);
    else if (target < -1 && target != INT_MIN)
      code = signal_group(-target, signal);
  }
  verdict.error = -code;
}

// The caller waits for us, so its own number cannot have come to mean another; that it still waits is asked last.
bool SignalWarden::is_own_process(const seccomp_notif& question, pid_t process) const {
  if (process <= 0) return false;
  if (process != static_cast<pid_t>(question.pid) &&
      ::access(fmt::format("/proc/{}/task/{}", process, question.pid).c_str(), F_OK) != 0)
    return false;
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &question.id) == 0;
}

int SignalWarden::signal_process(pid_t process, int signal) const {
  // First the descriptor, then the look: if the number has changed hands in between, the signal goes to a dead process.
  const OwnedFd target(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!target) return errno == EINVAL ? ESRCH : errno;
  if (::getsid(process) != session_) return EPERM;
  return ::syscall(SYS_pidfd_send_signal, target.get(), signal, nullptr, 0) == 0 ? 0 : errno;
}

int SignalWarden::signal_group(pid_t group, int signal) {
  spent_ += kCostOfLook;
  int code = ESRCH;
  for (const pid_t process : pids_of_session(session_)) {
    if (::getpgid(process) != group) continue;
    const int sent = signal_process(process, signal);
    if (code != 0) code = sent;
  }
  if (code == ESRCH && ::kill(-group, 0) == 0) return EPERM;  // there is one, in another session
  return code;
}

int send_descriptor(int socket, int descriptor) noexcept {
  Carrier carrier;
  cmsghdr* header = CMSG_FIRSTHDR(carrier.message());
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, carrier.message(), MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : errno;
}

Result<OwnedFd> receive_descriptor(int socket) {
  Carrier carrier;
  if (::recvmsg(socket, carrier.message(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
    return os_error("cannot receive", "the sandbox's listener");
  const cmsghdr* header = CMSG_FIRSTHDR(carrier.message());
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS)
    return failure("cannot receive", "the sandbox's listener", "it was not sent");
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return OwnedFd(descriptor);
}

}  // namespace farpty::pty
