#include "link.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <ranges>

namespace farpty::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;  // larger than any queue between the far end and us

// RFC 854, 855, 857, 858, 1073, 1091
constexpr unsigned char kIac = 255, kDont = 254, kDo = 253, kWont = 252, kWill = 251, kSb = 250, kSe = 240;
constexpr unsigned char kEcho = 1, kSuppressGoAhead = 3, kTerminalType = 24, kNaws = 31;

void append(std::string& out, std::initializer_list<unsigned char> bytes) {
  for (auto byte : bytes) out.push_back(static_cast<char>(byte));
}

}  // namespace

void die(std::string_view what, std::string_view object, int code) {
  std::fprintf(stderr, "probe: %.*s %.*s: %s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(object.size()), object.data(), code == 0 ? "end of connection" : std::strerror(code));
  std::exit(1);
}

long long now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::string_view TelnetFilter::strip(char* data, std::size_t size, std::string& reply) {
  if (state_ == State::kText && std::memchr(data, kIac, size) == nullptr) return {data, size};
  char* out = data;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(data[i]);
    switch (state_) {
      case State::kText:
        if (byte == kIac)
          state_ = State::kCommand;
        else
          *out++ = data[i];
        break;
      case State::kCommand:
        state_ = State::kText;
        if (byte == kIac)
          *out++ = data[i];
        else if (byte == kSb) {
          sub_.clear();
          state_ = State::kSub;
        } else if (byte >= kWill) {
          verb_ = byte;
          state_ = State::kOption;
        }
        break;
      case State::kOption:
        option(byte, reply);
        state_ = State::kText;
        break;
      case State::kSub:
        if (byte == kIac)
          state_ = State::kSubCommand;
        else if (sub_.size() < 64)
          sub_.push_back(data[i]);
        break;
      case State::kSubCommand:
        state_ = byte == kSe ? State::kText : State::kSub;
        if (byte == kSe) subnegotiation(reply);
        break;
    }
  }
  return {data, static_cast<std::size_t>(out - data)};
}

void TelnetFilter::option(unsigned char code, std::string& reply) {
  if (verb_ == kWill && !will_seen_[code]) {
    will_seen_.set(code);
    append(reply, {kIac, code == kEcho || code == kSuppressGoAhead ? kDo : kDont, code});
  } else if (verb_ == kDo && !do_seen_[code]) {
    do_seen_.set(code);
    const bool agreed = code == kTerminalType || code == kNaws || code == kSuppressGoAhead;
    append(reply, {kIac, agreed ? kWill : kWont, code});
    if (code == kNaws) append(reply, {kIac, kSb, kNaws, 0, 80, 0, 24, kIac, kSe});
  }
}

void TelnetFilter::subnegotiation(std::string& reply) {
  if (sub_.size() != 2 || sub_[0] != kTerminalType || sub_[1] != 1) return;  // RFC 1091: 1 = SEND, 0 = IS
  append(reply, {kIac, kSb, kTerminalType, 0, 'X', 'T', 'E', 'R', 'M', kIac, kSe});
}

Link Link::open(const std::string& target) {
  Link link(target);
  link.buffer_.resize(kBuffer);
  const auto colon = target.find(':');
  const std::string kind = target.substr(0, colon), rest = target.substr(std::min(colon, target.size() - 1) + 1);
  if (kind == "pty")
    link.start_command(rest);
  else if (kind == "raw" || kind == "telnet")
    link.connect_to(rest);
  else
    die("no such kind of target", target, EINVAL);
  link.telnet_ = kind == "telnet";
  return link;
}

void Link::start_command(const std::string& command) {
  std::vector<std::string> words;
  for (auto word : command | std::views::split(' ')) words.emplace_back(word.begin(), word.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const winsize size{.ws_row = 24, .ws_col = 80};
  int master = -1;
  child_.pid = forkpty(&master, nullptr, nullptr, &size);
  if (child_.pid < 0) die("cannot start", command, errno);
  if (child_.pid == 0) {
    execvp(argv[0], argv.data());
    _exit(127);
  }
  fd_.reset(master);
  fcntl(master, F_SETFD, FD_CLOEXEC);
}

void Link::connect_to(const std::string& port) {
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  in_port_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  address.sin_port = htons(number);
  fd_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    die("cannot connect to", target_, errno);
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Link::~Link() {
  if (child_.pid < 0) return;
  fd_.reset();  // a hangup for the command
  while (waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Link::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t n = write(fd_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) die("cannot write to", target_, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string_view Link::fill() {
  for (;;) {
    const ssize_t n = read(fd_.get(), buffer_.data(), buffer_.size());
    if (n >= 0) return {buffer_.data(), static_cast<std::size_t>(n)};
    if (errno == EIO && child_.pid >= 0) return {};  // pty(7): the slave's last user has gone
    if (errno == ECONNRESET) return {};
    if (errno != EINTR) die("cannot read from", target_, errno);
  }
}

std::string_view Link::receive() {
  for (;;) {
    const auto data = fill();
    if (!telnet_ || data.empty()) return data;
    std::string reply;
    const auto text = filter_.strip(buffer_.data(), data.size(), reply);
    if (!reply.empty()) send(reply);
    if (!text.empty()) return text;
  }
}

std::string Link::read_until(std::string_view marker) {
  std::string all;
  while (all.find(marker) == std::string::npos) {
    const auto text = receive();
    if (text.empty()) die("waited for a marker from", target_ + " after '" + all + "'", 0);
    all += text;
  }
  return all;
}

std::size_t Link::count_until(std::string_view marker) {
  std::size_t count = 0;
  std::string tail;  // the last bytes before this chunk: a marker may lie across
  for (;;) {
    const auto text = receive();
    if (text.empty()) die("waited for a marker from", target_, 0);
    count += text.size();
    if (text.find(marker) != std::string_view::npos) return count;
    tail += text.substr(0, marker.size() - 1);
    if (tail.find(marker) != std::string::npos) return count;
    if (text.size() >= marker.size())
      tail = text.substr(text.size() - (marker.size() - 1));
    else
      tail.erase(0, tail.size() - std::min(tail.size(), marker.size() - 1));
  }
}

std::string Link::read_to_end() {
  std::string all;
  for (;;) {
    const auto text = receive();
    if (text.empty()) return all;
    all += text;
  }
}

}  // namespace farpty::bench
