#include "pty/listening.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "pty/launch.hpp"
#include "ttycall/filter.hpp"

namespace farpty::pty {

namespace {

using ttycall::Image;

constexpr int kScriptsDeep = 5;  // fs/exec.c: exec_binprm

std::size_t read_at(void* file, std::uint64_t offset, void* to, std::size_t size) {
  const ssize_t count = pread(static_cast<const OwnedFd*>(file)->get(), to, size, static_cast<off_t>(offset));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

Image image_of_file(std::string path) {
  for (int i = 0; i < kScriptsDeep; ++i) {
    OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return Image::kUnknown;
    std::array<char, ttycall::kInterpreterRoom> interpreter{};
    const Image image = ttycall::classify({read_at, &file}, interpreter.data());
    if (image != Image::kScript) return image;
    path = interpreter.data();
  }
  return Image::kUnknown;
}

// One byte, an errno, and perhaps a descriptor.
class Message {
 public:
  explicit Message(int code = 0) noexcept : code_(static_cast<std::uint8_t>(code)) {
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_.data();
    message_.msg_controllen = code == 0 ? control_.size() : 0;
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void attach(int descriptor) noexcept {
    cmsghdr* const header = CMSG_FIRSTHDR(&message_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  [[nodiscard]] msghdr* get() noexcept { return &message_; }
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] OwnedFd attached() const {
    const cmsghdr* const header = CMSG_FIRSTHDR(&message_);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return OwnedFd(descriptor);
  }

 private:
  std::uint8_t code_;
  iovec part_{.iov_base = &code_, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
  msghdr message_{};
};

}  // namespace

Result<Listening> parse_listening(const std::string& text) {
  if (text == "auto") return Listening::kWhenNeeded;
  if (text == "always") return Listening::kAlways;
  if (text == "never") return Listening::kNever;
  return failure("cannot understand", "'" + text + "'", "it is neither auto, always nor never");
}

Image image_of(const Program& program) {
  for (const std::string& candidate : candidates_for(program)) {
    const std::string path = candidate.starts_with('/') ? candidate : program.directory + "/" + candidate;
    if (access(path.c_str(), X_OK) == 0) return image_of_file(path);
  }
  return Image::kUnknown;
}

int install_filter() noexcept {
  static_assert(sizeof(ttycall::Instruction) == sizeof(sock_filter));
  // The kernel only reads it, through a pointer that its header forgot to make const.
  auto* const code = const_cast<ttycall::Instruction*>(ttycall::kFilter.code);  // NOLINT(*-const-cast)
  const sock_fprog program{.len = static_cast<unsigned short>(ttycall::kFilter.size),
                           .filter = reinterpret_cast<sock_filter*>(code)};
  const auto install = [&] {
    const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    return result >= 0 ? static_cast<int>(result) : -errno;
  };
  const int listener = install();
  if (listener != -EACCES) return listener;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  return install();
}

Result<InstallsListener> InstallsListener::prepare() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return os_error("cannot make", "a socket");
  OwnedFd from_child(ends[0]);
  return InstallsListener(std::move(from_child), OwnedFd(ends[1]));
}

// A program that is not listened to is better than none: the parent is told why, and the program runs.
ChildFailure InstallsListener::enter() const noexcept {
  const int listener = install_filter();
  Message message(listener < 0 ? -listener : 0);
  if (listener >= 0) message.attach(listener);
  if (syscall(SYS_sendmsg, to_parent_.get(), message.get(), MSG_NOSIGNAL, 0, 0, ttycall::kNotStopped) == 1) return {};
  return {.code = errno, .step = "cannot listen to"};
}

Result<OwnedFd> InstallsListener::take() {
  Message message;
  if (recvmsg(from_child_.get(), message.get(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
    return os_error("cannot listen to", "the program");
  if (message.code() != 0) return os_error("cannot listen to", "the program", message.code());
  return message.attached();
}

}  // namespace farpty::pty
