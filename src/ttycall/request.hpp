// Requests: what a program asks of the device, and the answer.
//
// One SOCK_SEQPACKET connection for each request: connect, send a Request (with the descriptor that it is about, where there is
// one), receive an Answer (with a descriptor where one is handed out), close. Nothing is kept open, so a program that closes or
// counts its descriptors finds nothing of ours.
// What is answered at once, and with no descriptor, goes by a datagram each way instead (is_answered_at_once): to a SOCK_DGRAM socket of
// the same name, from one to which the kernel gave a name (unix(7): autobind); not where option::kNamedRequests is set.
// Who asks is what the kernel says (SO_PEERCRED; option::kNamedRequests: SCM_CREDENTIALS); the token says that it belongs to this session. Both ends are this
// release (see kMagic), on one machine: plain structures in native byte order.
#pragma once

#include <cstdint>

#include "ttycall/ioctls.hpp"

namespace farpty::ttycall {

inline constexpr std::uint64_t kMagic = 0x3130'7974'7072'6166;  // "farpty01": the release of page and requests

enum class Operation : std::uint32_t {
  kAttach = 1,      // answers with the page's descriptor, or, where `code` is kTheWishes, with that of the wishes
  kIoctl = 2,       // `code`, `value` and `argument` on terminal `number`; may answer with a descriptor
  kOpenTty = 3,     // /dev/tty of the caller
  kOpenSlave = 4,   // /dev/pts/`number`
  kOpenMaster = 5,  // /dev/ptmx
  kOrphaned = 6,    // is the caller's process group orphaned? result 1 or 0
  kListen = 7,      // the descriptor that comes along is a seccomp listener: its program is to be served
  kUnserved = 8,    // a program is executed that cannot be served, `code` says why; result 1 where that is news
  kTakeStatus = 9,  // the status byte of packet mode of terminal `number`, which is 0 from then on
  // What was written so far to either end of terminal `number` is where it belongs (tty_buffer_flush_work); for a master
  // (kToMaster) the result is how many bytes it cannot read yet.
  kCatchUp = 10,
  kAwaitOutput = 11,   // answers when the output of terminal `number` is not stopped
  kWriteNothing = 12,  // a write(2) of no bytes: echo that waited goes out
  // A read of up to `value` raw bytes of terminal `number`, of which a part is not in the socket: what there is at one moment. Its
  // slave end comes along, and the bytes come out of the descriptor that is handed out; result: how many; 0: read the socket.
  kTakeInput = 13,
};

enum class Unserved : std::uint32_t {
  kForeign = 0,  // of another architecture
  kGains = 1,    // set-user-ID: no library is preloaded
  kRaw = 2,      // makes its system calls itself, and no listener can be had
};

// An ioctl(2) on descriptor -1 that the shim makes to ask whether the listener of its session hears this process: the third
// argument is the start of the token. Without one it fails with EBADF. A number of type 'T' that no driver has.
inline constexpr std::uint32_t kProbe = 0x54f1;
inline constexpr std::int32_t kProbeAnswer = 0x6661;

inline constexpr std::uint32_t kTheWishes = 1;  // code

inline constexpr std::uint32_t kToMaster = 1;  // flags: the descriptor was the master's

inline constexpr unsigned kTokenSize = 16, kArgumentSize = 64;

struct Request {
  std::uint64_t magic;
  std::uint8_t token[kTokenSize];
  Operation operation;
  std::int32_t number;
  std::uint32_t code;
  std::uint32_t flags;
  std::uint64_t value;  // the third argument of ioctl(2), where it is no pointer
  std::uint8_t argument[kArgumentSize];
};
static_assert(sizeof(Request) == 112);

struct Answer {
  std::int32_t result;  // as the system call: a negative errno where it failed
  std::uint32_t has_descriptor;
  std::uint8_t argument[kArgumentSize];
};
static_assert(sizeof(Answer) == 72);

// ioctl(2)s that wait until what was written is out.
constexpr bool waits_for_output(std::uint32_t code, std::uint64_t value) {
  switch (code) {
    case io::kTcsbrk: return value != 0;
    case io::kTcsetsw:
    case io::kTcsetsf:
    case io::kTcsetsw2:
    case io::kTcsetsf2:
    case io::kTcsetaw:
    case io::kTcsetaf: return true;
    default: return false;
  }
}

// And with no descriptor.
constexpr bool is_answered_at_once(const Request& request) {
  switch (request.operation) {
    case Operation::kIoctl: return request.code != io::kTiocgptpeer && !waits_for_output(request.code, request.value);
    case Operation::kOrphaned:
    case Operation::kUnserved:
    case Operation::kTakeStatus:
    case Operation::kCatchUp:
    case Operation::kWriteNothing: return true;
    default: return false;
  }
}

}  // namespace farpty::ttycall
