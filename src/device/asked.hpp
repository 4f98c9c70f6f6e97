// Asked: a request of a program and the way back to it, whichever way it came: over the request socket from the shim, or from
// the listener, where the program waits in a system call.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/owned_fd.hpp"
#include "ttycall/request.hpp"

namespace farpty::device {

class Asked {
 public:
  Asked(const ttycall::Request& request, pid_t pid) : request(request), pid(pid) {}
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  virtual ~Asked() = default;

  const ttycall::Request request;
  const pid_t pid;  // the process that asks, as the kernel has it

  // Once. `descriptor` is lent; -1: none. Nothing is said to who has gone.
  void answer(const ttycall::Answer& answer, int descriptor = -1) { send(answer, descriptor); }
  void answer(std::int32_t result, int descriptor = -1) { send({.result = result}, descriptor); }
  // Whether somebody still waits: a signal may have taken the asker away from its call.
  [[nodiscard]] virtual bool is_awaited() const = 0;
  // The descriptor that came with the request.
  [[nodiscard]] virtual OwnedFd take_brought() { return {}; }

 private:
  virtual void send(const ttycall::Answer& answer, int descriptor) = 0;
};

}  // namespace farpty::device
