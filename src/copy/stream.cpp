#include "copy/stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace farpty::copy {

namespace {

constexpr std::size_t kEnough = 128 * 1024;  // bytes that go out together
constexpr std::size_t kRead = 128 * 1024;
constexpr int kIdle = 1000;  // milliseconds

std::unexpected<Error> gone() {
  return failure("cannot go on", "", "the other end is gone", "the same command goes on where it stopped");
}

int make_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  return flags;
}

bool is_for_later(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

}  // namespace

Stream::Stream(int in, int out, std::function<void()> idle)
    : in_(in), out_(out), in_flags_(make_nonblocking(in)), out_flags_(make_nonblocking(out)), idle_(std::move(idle)) {}

Stream::~Stream() {
  fcntl(in_, F_SETFL, in_flags_);
  fcntl(out_, F_SETFL, out_flags_);
}

Result<> Stream::send(const Message& message) {
  append(message, unsent_);
  return unsent_.size() - sent_ < kEnough ? Result<>() : flush();
}

Result<> Stream::flush() {
  while (sent_ < unsent_.size()) FARPTY_TRY(pass(Waiting::kToWrite));
  unsent_.clear();
  sent_ = 0;
  return {};
}

// Waits until something goes one way or the other, and moves it.
Result<> Stream::pass(Waiting waiting) {
  const bool writing = waiting == Waiting::kToWrite;
  std::array<pollfd, 2> ready{{{.fd = ended_ || unread() > kMaxUnread ? -1 : in_, .events = POLLIN, .revents = 0},
                               {.fd = writing ? out_ : -1, .events = POLLOUT, .revents = 0}}};
  if (!writing && ready[0].fd < 0) return gone();
  const int count = poll(ready.data(), ready.size(), idle_ ? kIdle : -1);
  if (count < 0 && errno != EINTR) return os_error("cannot wait for", "the other end");
  if (count == 0) idle_();
  if (count <= 0) return {};
  if (ready[0].revents != 0) FARPTY_TRY(read_some());
  if (ready[1].revents == 0) return {};
  const ssize_t written = ::write(out_, unsent_.data() + sent_, unsent_.size() - sent_);
  if (written < 0 && errno == EPIPE) {
    broken_ = true;
    unsent_.clear();
    sent_ = 0;
    return gone();
  }
  if (written < 0 && !is_for_later(errno)) return os_error("cannot write to", "the other end");
  if (written > 0) sent_ += static_cast<std::size_t>(written);
  return {};
}

Result<> Stream::read_some() {
  if (at_ > held_.size() / 2) {
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
  }
  const std::size_t before = held_.size();
  held_.resize(before + kRead);
  const ssize_t count = ::read(in_, held_.data() + before, kRead);
  const int code = errno;
  held_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0 && !is_for_later(code)) return os_error("cannot read from", "the other end", code);
  if (count == 0) ended_ = true;
  return {};
}

std::vector<std::string> Stream::last_words() {
  std::vector<std::string> texts;
  while (broken_) {
    auto message = receive();
    if (!message) break;
    if (auto* trouble = std::get_if<Trouble>(&*message)) texts.push_back(std::move(trouble->text));
  }
  return texts;
}

Result<Message> Stream::receive() {
  FARPTY_TRY(flush());
  while (true) {
    const Bytes unread = Bytes(held_).subspan(at_);
    if (unread.size() >= kHeaderSize) {
      FARPTY_ASSIGN(header, decode_header(unread.first<kHeaderSize>()));
      if (unread.size() >= kHeaderSize + header.size) {
        at_ += kHeaderSize + header.size;
        return decode(header.kind, unread.subspan(kHeaderSize, header.size));
      }
    }
    if (ended_) return gone();
    FARPTY_TRY(pass(Waiting::kToRead));
  }
}

}  // namespace farpty::copy
