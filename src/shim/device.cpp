#include "shim/device.hpp"

#include "shim/libc.hpp"
#include "shim/syscall.hpp"
#include "ttycall/text.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::shim {

namespace {

namespace error = ttycall::error;
using ttycall::after;
using ttycall::length;
using ttycall::number;
using ttycall::print;

constexpr unsigned kMaxVariable = 512;

struct Where {
  char variable[kMaxVariable];
  int pid, page_fd;
  const char* name;
  unsigned name_size;
  std::uint8_t token[ttycall::kTokenSize];
  const char* path;
  bool known;
};
Where where;

const ttycall::Page* mapped;
ttycall::Wishes* mapped_wishes;
bool tried, tried_wishes;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool parse_token(const char* text) {
  for (auto& byte : where.token) {
    const int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
    if (low < 0) return false;
    byte = static_cast<std::uint8_t>(high * 16 + low);
    text += 2;
  }
  return true;
}

bool parse(const char* value) {
  const char* rest = nullptr;
  where.pid = number(value, ':', &rest);
  if (where.pid <= 0) return false;
  where.page_fd = number(rest, ':', &rest);
  if (where.page_fd < 0) return false;
  where.name = rest;
  while (*rest != ':' && *rest != 0) ++rest;
  where.name_size = static_cast<unsigned>(rest - where.name);
  if (*rest == 0 || where.name_size == 0 || where.name_size > 100) return false;
  ++rest;
  if (!parse_token(rest)) return false;
  rest += 2 * ttycall::kTokenSize;
  if (*rest != ':') return false;
  where.path = rest + 1;
  return true;
}

void* map(int fd, std::size_t size, int how) {
  constexpr int kShared = 1;
  const long at = call(__NR_mmap, 0, static_cast<long>(size), how, kShared, fd, 0);
  close(fd);
  return at < 0 && at > -4096 ? nullptr : reinterpret_cast<void*>(at);
}

// By name where /proc shows us the device's descriptors, for it costs the device nothing; else the device hands it out.
void* attach(int number, std::uint32_t which, std::size_t size, int how) {
  constexpr int kMapRead = 1;
  char path[64];
  print(print(print(print(path, "/proc/"), where.pid), "/fd/"), number < 0 ? 0 : number);
  const long fd = number < 0 ? -1 : open_call(kAtCwd, path, (how == kMapRead ? kReadOnly : kReadWrite) | kCloexec, 0);
  if (fd >= 0) {
    if (void* const found = map(static_cast<int>(fd), size, how)) return found;
  }
  ttycall::Request request{};
  ttycall::Answer answer;
  request.operation = ttycall::Operation::kAttach;
  request.code = which;
  int handed_out = -1;
  if (ask(request, answer, Wait::kShort, &handed_out, OnExec::kClose) < 0 || handed_out < 0) return nullptr;
  return map(handed_out, size, how);
}

const ttycall::Page* attach_page() {
  constexpr int kRead = 1;
  const auto* found = static_cast<const ttycall::Page*>(attach(where.page_fd, 0, sizeof(ttycall::Page), kRead));
  if (found == nullptr || found->header.magic == ttycall::kMagic) return found;
  call(__NR_munmap, address(found), sizeof(ttycall::Page));
  return nullptr;
}

struct Address {
  std::uint16_t family;
  char path[108];
};
struct Message {
  void* name;
  int name_size;
  Iovec* parts;
  std::size_t part_count;
  void* control;
  std::size_t control_size;
  int flags;
};
struct Control {
  std::size_t size;
  int level, type;
  int descriptor;
};

constexpr int kUnix = 1, kSeqpacket = 5, kDatagram = 2, kSocketLevel = 1, kRights = 1, kPassCredentials = 16,
              kReceiveTimeout = 20;

long connect(int fd) {
  Address to{kUnix, {}};
  for (unsigned i = 0; i < where.name_size; ++i) to.path[i + 1] = where.name[i];
  long result = 0;
  do result = call(__NR_connect, fd, address(&to), static_cast<long>(sizeof to.family + 1 + where.name_size));
  while (result == -error::kIntr);
  return result;
}

long connect_to_device() {
  const long fd = call(__NR_socket, kUnix, kSeqpacket | kCloexec, 0);
  if (fd < 0) return fd;
  const long result = connect(static_cast<int>(fd));
  if (result >= 0) return fd;
  close(static_cast<int>(fd));
  return result;
}

// A request that is answered at once. Nobody tells of the end of a datagram's receiver, so from time to time it is asked for.
long talk_by_datagrams(int fd, const ttycall::Request& request, ttycall::Answer& answer) {
  const std::uint16_t unnamed = kUnix;     // the kernel gives a name: autobind
  constexpr long kPause[2] = {0, 50'000};  // struct timeval
  long result = call(__NR_bind, fd, address(&unnamed), sizeof unnamed);
  if (result >= 0) result = call(__NR_setsockopt, fd, kSocketLevel, kReceiveTimeout, address(&kPause), sizeof kPause);
  if (result >= 0) result = connect(fd);
  if (result < 0) return result;
  do result = send(fd, &request, sizeof request, kNoSignal);
  while (result == -error::kIntr);
  if (result < 0) return result;
  for (;;) {
    result = receive(fd, &answer, sizeof answer, 0);
    if (result == sizeof answer) return 0;
    if (result == -error::kIntr) continue;
    if (result != -error::kAgain || connect(fd) < 0) return -error::kIo;
  }
}

bool goes_by_datagrams(const ttycall::Request& request, int brought) {
  return brought < 0 && ttycall::is_answered_at_once(request) && mapped != nullptr &&
         (mapped->header.options & ttycall::option::kNamedRequests) == 0;
}

// What is sent on it carries our name; what is received must not: a descriptor has room there, and no more.
void attach_names(int fd, int on) {
  call(__NR_setsockopt, fd, kSocketLevel, kPassCredentials, address(&on), sizeof on);
}

long send_request(int fd, const ttycall::Request& request, int brought) {
  Iovec part{const_cast<ttycall::Request*>(&request), sizeof request};
  Control control{sizeof(std::size_t) + 3 * sizeof(int), kSocketLevel, kRights, brought};
  Message message{nullptr, 0, &part, 1, nullptr, 0, 0};
  if (brought >= 0) {
    message.control = &control;
    message.control_size = sizeof control;
  }
  const bool named = mapped != nullptr && (mapped->header.options & ttycall::option::kNamedRequests) != 0;
  if (named) attach_names(fd, 1);
  long result = 0;
  do result = call(__NR_sendmsg, fd, address(&message), kNoSignal);
  while (result == -error::kIntr);
  if (named) attach_names(fd, 0);
  return result;
}

// Waits for the answer; the descriptor that comes with it, or -1.
long receive_answer(int fd, ttycall::Answer& answer, Wait wait, int& descriptor) {
  Iovec part{&answer, sizeof answer};
  Control control{};
  descriptor = -1;
  for (;;) {
    Message message{nullptr, 0, &part, 1, &control, sizeof control, 0};
    const auto receive_it = [&] { return call(__NR_recvmsg, fd, address(&message), kCmsgCloexec); };
    const long count = wait == Wait::kShort ? receive_it() : cancellable(receive_it);
    if (count == -error::kIntr && wait == Wait::kShort) continue;
    if (count < 0) return count;
    if (message.control_size >= sizeof(std::size_t) + 3 * sizeof(int) && control.type == 1) {
      descriptor = control.descriptor;
    }
    return count == sizeof answer ? 0 : -error::kIo;  // 0: the device is gone
  }
}

// A kernel's open(2) gives the lowest free number; ours was received while the request's socket held that.
int lowest(int fd, OnExec on_exec) {
  const long better = call(__NR_fcntl, fd, on_exec == OnExec::kClose ? kDupfdCloexec : kDupfd, 0);
  if (better < 0) return fd;
  if (better < fd || on_exec == OnExec::kKeep) {
    close(fd);
    return static_cast<int>(better);
  }
  close(static_cast<int>(better));
  return fd;
}

}  // namespace

void remember_device(char** environment) {
  if (environment == nullptr) return;
  for (; *environment != nullptr; ++environment) {
    const char* value = after(*environment, kVariable);
    if (value == nullptr) continue;
    const std::size_t size = length(*environment);
    if (size >= kMaxVariable) return;
    __builtin_memcpy(where.variable, *environment, size + 1);
    where.known = parse(where.variable + sizeof kVariable - 1);
    return;
  }
}

const char* device_variable() { return where.known ? where.variable : nullptr; }
const char* library_path() { return where.known ? where.path : nullptr; }

const ttycall::Page* page() {
  if (__atomic_load_n(&tried, __ATOMIC_ACQUIRE)) return mapped;
  if (!where.known) return nullptr;
  // Two threads at once map it twice; the second mapping stays, unused, until the program ends.
  const ttycall::Page* found = attach_page();
  if (mapped == nullptr) __atomic_store_n(&mapped, found, __ATOMIC_RELEASE);
  __atomic_store_n(&tried, true, __ATOMIC_RELEASE);
  return mapped;
}

ttycall::Wishes* wishes(WhereNone none) {
  if (__atomic_load_n(&tried_wishes, __ATOMIC_ACQUIRE)) return mapped_wishes;
  const ttycall::Page* const all = page();
  if (all == nullptr) return nullptr;
  const int number = __atomic_load_n(&all->header.wishes, __ATOMIC_ACQUIRE);
  if (number < 0 && none == WhereNone::kNull) return nullptr;
  constexpr int kReadAndWrite = 1 | 2;
  void* const found = attach(number, ttycall::kTheWishes, sizeof(ttycall::Wishes), kReadAndWrite);
  if (mapped_wishes == nullptr)
    __atomic_store_n(&mapped_wishes, static_cast<ttycall::Wishes*>(found), __ATOMIC_RELEASE);
  __atomic_store_n(&tried_wishes, true, __ATOMIC_RELEASE);
  return mapped_wishes;
}

namespace {

void sign(ttycall::Request& request) {
  request.magic = ttycall::kMagic;
  __builtin_memcpy(request.token, where.token, sizeof request.token);
}

// A handler that jumps out of a conversation would leave the socket behind.
class SignalsHeld {
 public:
  SignalsHeld() {
    std::uint64_t all = ~std::uint64_t{0};
    call(__NR_rt_sigprocmask, 0, address(&all), address(&before_), 8);
  }
  ~SignalsHeld() { call(__NR_rt_sigprocmask, 2, address(&before_), 0, 8); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  std::uint64_t before_ = 0;
};

}  // namespace

std::uint64_t token_start() {
  std::uint64_t start = 0;
  __builtin_memcpy(&start, where.token, sizeof start);
  return start;
}

long tell_with(ttycall::Request& request, long (*make)()) {
  sign(request);
  const SignalsHeld held;
  const long connection = connect_to_device();
  if (connection < 0) return connection;
  const int fd = static_cast<int>(connection);
  long result = make();
  if (result >= 0) {
    const int brought = static_cast<int>(result);
    result = send_request(fd, request, brought);
    close(brought);
  }
  close(fd);
  return result < 0 ? result : 0;
}

long ask_without_waiting(ttycall::Request& request) {
  sign(request);
  const SignalsHeld held;
  const long connection = connect_to_device();
  if (connection < 0) return connection;
  const long result = send_request(static_cast<int>(connection), request, -1);
  if (result >= 0) return connection;
  close(static_cast<int>(connection));
  return result;
}

long ask(ttycall::Request& request, ttycall::Answer& answer, Wait wait, int* descriptor, OnExec on_exec, int brought) {
  sign(request);
  std::uint64_t all = ~std::uint64_t{0}, before = 0;
  const bool hold = wait == Wait::kShort;
  if (hold) call(__NR_rt_sigprocmask, 0, address(&all), address(&before), 8);
  int handed_out = -1;
  const bool by_datagrams = hold && goes_by_datagrams(request, brought);
  long result = by_datagrams ? call(__NR_socket, kUnix, kDatagram | kCloexec, 0) : connect_to_device();
  if (result >= 0 && by_datagrams) {
    const int fd = static_cast<int>(result);
    result = talk_by_datagrams(fd, request, answer);
    close(fd);
  } else if (result >= 0) {
    const int fd = static_cast<int>(result);
    result = send_request(fd, request, brought);
    if (result >= 0) result = receive_answer(fd, answer, wait, handed_out);
    close(fd);
  }
  if (handed_out >= 0) {
    if (descriptor != nullptr)
      *descriptor = lowest(handed_out, on_exec);
    else
      close(handed_out);
  }
  if (hold) call(__NR_rt_sigprocmask, 2, address(&before), 0, 8);
  if (result == -error::kIntr) return result;
  // A device that is gone is a terminal that is hung up.
  return result < 0 ? -error::kIo : answer.result;
}

}  // namespace farpty::shim
