#include "device/request_socket.hpp"

#include <sched.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <span>
#include <utility>

#include "device/descriptor_message.hpp"
#include "device/gvisor.hpp"

namespace farpty::device {

namespace {

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

pid_t peer_of(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

// A request, who made it, and the descriptor that came with it.
struct Received {
  ttycall::Request request;
  pid_t pid = 0;
  OwnedFd brought;
};

template <typename T>
T content_of(const cmsghdr& header) {
  T content{};
  std::memcpy(&content, CMSG_DATA(&header), sizeof content);
  return content;
}

ssize_t receive(int connection, Received& received) {
  iovec part{.iov_base = &received.request, .iov_len = sizeof received.request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  // The room of one descriptor: the padding would hold another. Of more than one the kernel closes the others.
  message.msg_controllen = CMSG_LEN(sizeof(int));
  if (is_gvisor()) {
    const int on = 1;
    setsockopt(connection, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    message.msg_controllen += CMSG_SPACE(sizeof(ucred));
  }
  const ssize_t count = recvmsg(connection, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  if (!is_gvisor()) received.pid = peer_of(connection);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) received.brought = OwnedFd(content_of<int>(*header));
    if (header->cmsg_type == SCM_CREDENTIALS) received.pid = content_of<ucred>(*header).pid;
  }
  return count;
}

bool same_token(const std::uint8_t* a, const std::uint8_t* b) {
  unsigned difference = 0;  // as long for every token
  for (unsigned i = 0; i < ttycall::kTokenSize; ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

void SocketAsked::send(const ttycall::Answer& answer, int descriptor) {
  ttycall::Answer sent = answer;
  sent.has_descriptor = descriptor >= 0 ? 1 : 0;
  DescriptorMessage(&sent, sizeof sent, descriptor).send(connection_.get());
  connection_.reset();
}

bool SocketAsked::is_awaited() const {
  std::byte one;
  return recv(connection_.get(), &one, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EINTR);
}

Result<std::unique_ptr<RequestSocket>> RequestSocket::open(boost::asio::io_context& context,
                                                           std::function<void(std::shared_ptr<Asked>)> asked) {
  std::unique_ptr<RequestSocket> made(new RequestSocket(context, std::move(asked)));
  std::array<std::uint8_t, 12> random{};
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()) ||
      getrandom(made->token_.data(), made->token_.size(), 0) != static_cast<ssize_t>(made->token_.size())) {
    return os_error("cannot get", "random bytes");
  }
  made->name_ = "farpty-tty-" + hexadecimal(random);
  made->listener_ = OwnedFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path + 1, made->name_.data(), made->name_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + made->name_.size());
  if (!made->listener_ || bind(made->listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(made->listener_.get(), SOMAXCONN) != 0) {
    return os_error("cannot open", "the terminals' request socket");
  }
  FARPTY_ASSIGN(ready, Readiness::watch(context, made->listener_.get()));
  made->ready_ = std::move(ready);
  made->listen_on();
  if (is_gvisor()) return made;
  auto* const self = made.get();
  FARPTY_ASSIGN(datagrams,
                RequestDatagrams::open(
                    context, made->name_, [self](const ttycall::Request& request) { return self->is_ours(request); },
                    [self](std::shared_ptr<Asked> asked) { self->asked_(std::move(asked)); }));
  made->datagrams_ = std::move(datagrams);
  return made;
}

std::string RequestSocket::token_text() const { return hexadecimal(token_); }

bool RequestSocket::is_token_start(std::uint64_t word) const {
  std::uint64_t start = 0;
  static_assert(sizeof start <= ttycall::kTokenSize);
  std::memcpy(&start, token_.data(), sizeof start);
  return start == word;
}

bool RequestSocket::is_ours(const ttycall::Request& request) const { return same_token(request.token, token_.data()); }

void RequestSocket::listen_on() {
  ready_.when_readable([this] { accept(); });
}

void RequestSocket::accept() {
  for (int i = 0; i < kAtOnce; ++i) {
    OwnedFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    // No descriptor is left: those who ask wait until there is one.
    if (!connection && (errno == EMFILE || errno == ENFILE)) return try_again_later();
    if (!connection) return listen_on();
    if (!take(connection)) look_again(std::move(connection));
  }
  next_round_.run([this] { accept(); });
}

// The connection wakes us, and the request is sent right behind it: mostly it is there by the next round, which is cheaper than
// to watch the connection. A silent one gets no more than that round.
void RequestSocket::look_again(OwnedFd connection) {
  fresh_.push_back(std::move(connection));
  second_look_.run([this] {
    sched_yield();  // whoever asks may wait for our processor
    for (OwnedFd& one : std::exchange(fresh_, {}))
      if (!take(one)) keep(std::move(one));
  });
}

void RequestSocket::try_again_later() {
  constexpr std::chrono::milliseconds kPause{50};
  if (!retry_) retry_ = std::make_unique<Timer>(context_);
  retry_->run_after(kPause, [this] { accept(); });
}

// Whether nothing more is to be expected of the connection.
bool RequestSocket::take(OwnedFd& connection) {
  Received received;
  const ssize_t count = receive(connection.get(), received);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  const ttycall::Request& request = received.request;
  if (count != sizeof request || request.magic != ttycall::kMagic || !is_ours(request)) {
    connection.reset();
    return true;
  }
  asked_(std::make_shared<SocketAsked>(std::move(connection), received.pid, request, std::move(received.brought)));
  return true;
}

void RequestSocket::keep(OwnedFd connection) {
  if (waiting_.size() >= kMaxWaiting) waiting_.erase(waiting_.begin());
  auto ready = Readiness::watch(context_, connection.get());
  if (!ready) return;
  const int key = connection.get();
  Waiting& kept = waiting_[key];
  kept.connection = std::move(connection);
  kept.ready = std::move(*ready);
  kept.ready.when_readable([this, key] {
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) return;
    OwnedFd ready_connection = std::move(found->second.connection);
    found->second.ready = Readiness();
    waiting_.erase(found);
    take(ready_connection);
  });
}

}  // namespace farpty::device
