// What programs of a session can do to the device: requests of any bytes, descriptors that come along, wishes, bytes into and out
// of their terminals. Whatever they do, the device goes on, every request with a right token is answered or waits for output to
// be drained, and a signal goes to a group of a session that the device has as a terminal's, never to a group below 2 (kill(2)
// takes those for everyone) and never to a process of another session.
//
// An input is a row of steps, each a byte that says what, a byte of size, and its bytes.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/log.hpp"
#include "device/device.hpp"
#include "device/process_groups.hpp"

// Instead of the C library's: nothing is sent.
extern "C" int kill(pid_t target, int signal) {
  FARPTY_CHECK(signal > 0 && signal < 65);
  const pid_t session = farpty::device::session_of_group(target < 0 ? -target : getpgid(target));
  FARPTY_CHECK(target < -1 || target > 1);
  FARPTY_CHECK(session == getsid(0));  // the only one that a terminal was given to
  return 0;
}

namespace farpty::device {

namespace {

class Session {
 public:
  Session() : device_(*Device::open(context_, "/libfarpty.so")) {
    std::vector<std::string> environment;
    device_->add_environment(environment);
    const std::string& text = environment.front();
    const auto at = text.find("farpty-tty-");
    name_ = text.substr(at, text.find(':', at) - at);
    const std::string token = text.substr(text.find(':', at) + 1, 2 * ttycall::kTokenSize);
    for (unsigned i = 0; i < ttycall::kTokenSize; ++i)
      token_[i] = static_cast<std::uint8_t>(std::stoi(token.substr(2 * i, 2), nullptr, 16));
    device_->take_session(getsid(0));
    const OwnedFd slave = device_->terminal().duplicate_slave();
    ends_.emplace_back(fcntl(slave.get(), F_DUPFD_CLOEXEC, 0));
  }

  void run() {
    context_.restart();
    context_.poll();
  }

  // A request: the bytes lie over one that is right.
  void ask(std::span<const std::uint8_t> bytes, bool bring, int type = SOCK_SEQPACKET) {
    ttycall::Request request{};
    const std::size_t size = std::min(bytes.size(), sizeof request - offsetof(ttycall::Request, operation));
    std::memcpy(reinterpret_cast<std::uint8_t*>(&request) + offsetof(ttycall::Request, operation), bytes.data(), size);
    request.magic = ttycall::kMagic;
    std::memcpy(request.token, token_.data(), token_.size());
    send(&request, sizeof request, bring, type);
  }
  void send(const void* bytes, std::size_t size, bool bring, int type = SOCK_SEQPACKET) {
    OwnedFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (type == SOCK_DGRAM) {
      constexpr sa_family_t kUnnamed = AF_UNIX;  // the kernel gives a name
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&kUnnamed), sizeof kUnnamed);
    }
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return;
    iovec part{.iov_base = const_cast<void*>(bytes), .iov_len = size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (bring && !ends_.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      const int brought = ends_.back().get();
      std::memcpy(CMSG_DATA(header), &brought, sizeof brought);
    }
    sendmsg(fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    run();
    take_answer(fd);
  }

  void close_one() {
    if (ends_.size() > 1) ends_.erase(ends_.begin() + 1);
  }
  void write(std::span<const std::uint8_t> bytes) {
    ::send(ends_.back().get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  void read() {
    std::array<char, 512> some;
    static_cast<void>(recv(ends_.back().get(), some.data(), some.size(), MSG_DONTWAIT));
  }
  void type(std::span<const std::uint8_t> bytes) {
    static_cast<void>(device_->terminal().type(Bytes(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size())));
    std::array<std::byte, 4096> shown;
    static_cast<void>(device_->terminal().read_output(shown));
  }
  // Over the memory that programs may write, by a mapping of their own.
  void scribble(std::span<const std::uint8_t> bytes) {
    if (wishes_ == nullptr) return;
    std::memcpy(wishes_, bytes.data(), std::min<std::size_t>(bytes.size(), sizeof(ttycall::Wish) * 3));
  }
  void map_wishes(int fd) {
    void* const at = mmap(nullptr, sizeof(ttycall::Wishes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) wishes_ = at;
  }
  ~Session() {
    if (wishes_ != nullptr) munmap(wishes_, sizeof(ttycall::Wishes));
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  void take_answer(const OwnedFd& fd) {
    ttycall::Answer answer{};
    iovec part{.iov_base = &answer, .iov_len = sizeof answer};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(fd.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    OwnedFd received(descriptor);
    constexpr std::size_t kMost = 20;
    if (wishes_ == nullptr) map_wishes(received.get());
    if (ends_.size() < kMost) ends_.push_back(std::move(received));
  }

  boost::asio::io_context context_{1};
  std::unique_ptr<Device> device_;
  std::string name_;
  std::array<std::uint8_t, ttycall::kTokenSize> token_{};
  std::vector<OwnedFd> ends_;
  void* wishes_ = nullptr;
};

}  // namespace

}  // namespace farpty::device

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool quiet = [] {
    if (getsid(0) == 0) setsid();  // a session that began outside of a pid namespace has no number
    spdlog::set_level(spdlog::level::off);
    return true;
  }();
  static_cast<void>(quiet);
  farpty::device::Session session;
  std::span<const std::uint8_t> rest(data, size);
  while (rest.size() >= 2) {
    const std::uint8_t what = rest[0];
    const auto bytes = rest.subspan(2, std::min<std::size_t>(rest[1], rest.size() - 2));
    rest = rest.subspan(2 + bytes.size());
    switch (what % 10) {
      case 0:
      case 1: session.ask(bytes, false); break;
      case 2: session.ask(bytes, what > 200, SOCK_DGRAM); break;
      case 3: session.ask(bytes, true); break;
      case 4: session.send(bytes.data(), bytes.size(), what > 127, what % 4 == 0 ? SOCK_DGRAM : SOCK_SEQPACKET); break;
      case 5: session.close_one(); break;
      case 6: session.write(bytes); break;
      case 7: session.read(); break;
      case 8: session.type(bytes); break;
      default: session.scribble(bytes); break;
    }
    session.run();
  }
  return 0;
}
