#include "device/request_datagrams.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace farpty::device {

namespace {

// unix(7), "autobind feature": a zero byte and five digits.
constexpr socklen_t kMadeUpName = offsetof(sockaddr_un, sun_path) + 6;

struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
  [[nodiscard]] bool is_made_up() const { return size == kMadeUpName && address.sun_path[0] == 0; }
};

class DatagramAsked final : public Asked {
 public:
  DatagramAsked(std::shared_ptr<const OwnedFd> socket, const Name& from, pid_t pid, const ttycall::Request& request)
      : Asked(request, pid), socket_(std::move(socket)), from_(from) {}

  // Nobody can tell. What is answered at once is not asked it.
  [[nodiscard]] bool is_awaited() const override { return false; }

 private:
  void send(const ttycall::Answer& answer, int) override {
    sendto(socket_->get(), &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&from_.address), from_.size);
  }

  std::shared_ptr<const OwnedFd> socket_;
  Name from_;
};

struct Received {
  ttycall::Request request;
  Name from;
  pid_t pid = 0;
};

// Descriptors that come along have no room: the kernel closes them.
ssize_t receive_from(int socket, Received& received) {
  iovec part{.iov_base = &received.request, .iov_len = sizeof received.request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_name = &received.from.address;
  message.msg_namelen = sizeof received.from.address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  received.from.size = message.msg_namelen;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
    received.pid = sender.pid;
  }
  return count;
}

}  // namespace

Result<std::unique_ptr<RequestDatagrams>> RequestDatagrams::open(boost::asio::io_context& context,
                                                                 const std::string& name,
                                                                 std::function<bool(const ttycall::Request&)> is_ours,
                                                                 std::function<void(std::shared_ptr<Asked>)> asked) {
  std::unique_ptr<RequestDatagrams> made(new RequestDatagrams(context, std::move(is_ours), std::move(asked)));
  OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int on = 1;
  if (!socket || setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return os_error("cannot open", "the terminals' socket for short requests");
  }
  FARPTY_ASSIGN(ready, Readiness::watch(context, socket.get()));
  made->socket_ = std::make_shared<const OwnedFd>(std::move(socket));
  made->ready_ = std::move(ready);
  made->ready_.when_readable([self = made.get()] { self->receive(); });
  return made;
}

void RequestDatagrams::receive() {
  for (int i = 0; i < kAtOnce; ++i)
    if (!take()) return ready_.when_readable([this] { receive(); });
  next_round_.run([this] { receive(); });
}

// Whether there was one.
bool RequestDatagrams::take() {
  Received received;
  const ssize_t count = receive_from(socket_->get(), received);
  if (count < 0) return errno == EINTR;
  const ttycall::Request& request = received.request;
  if (count != sizeof request || request.magic != ttycall::kMagic || !is_ours_(request) ||
      !ttycall::is_answered_at_once(request) || !received.from.is_made_up())
    return true;
  asked_(std::make_shared<DatagramAsked>(socket_, received.from, received.pid, request));
  return true;
}

}  // namespace farpty::device
