#include "base/process_handle.hpp"

#include <poll.h>

namespace farpty {

bool ProcessHandle::ends_within(std::chrono::milliseconds time) const {
  pollfd ended{.fd = end_.get(), .events = POLLIN, .revents = 0};
  return poll(&ended, 1, static_cast<int>(time.count())) != 0;
}

}  // namespace farpty
