// One async_wait of Asio's each time, which kqueue(2) serves.
#include "base/readiness.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

namespace farpty {

namespace asio = boost::asio;

struct Readiness::State {
  using Slot = std::shared_ptr<std::function<void()>>;
  asio::posix::stream_descriptor descriptor;
  bool always;  // kqueue(2), EVFILT_READ: a file at its end is never readable
  std::array<Slot, 2> then;

  State(asio::io_context& context, bool is_file) : descriptor(context), always(is_file) {}
  ~State() { (void)descriptor.release(); }  // its waits end as aborted

  void wait(std::size_t kind, std::function<void()> callback) {
    if (then[kind] && *then[kind]) {
      *then[kind] = std::move(callback);
      return;
    }
    then[kind] = std::make_shared<std::function<void()>>(std::move(callback));
    // Shared with the queued wait, which may outlive this object by one completion. What kqueue does not take, as it does not
    // take some devices, ends at once with an error: ready.
    const auto run = [slot = then[kind]](const boost::system::error_code& code) {
      if (code == asio::error::operation_aborted || !*slot) return;
      auto now = std::move(*slot);
      *slot = nullptr;
      now();
    };
    if (always)
      asio::post(descriptor.get_executor(), [run] { run({}); });
    else
      descriptor.async_wait(
          kind == 0 ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write, run);
  }
};

Result<Readiness> Readiness::watch(asio::io_context& context, int fd) {
  struct stat status{};
  auto state = std::make_unique<State>(context, fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
  boost::system::error_code code;
  state->descriptor.assign(fd, code);
  if (code) return os_error("cannot watch", "descriptor " + std::to_string(fd), code.value());
  return Readiness(std::move(state));
}

void Readiness::when_readable(std::function<void()> then) { state_->wait(0, std::move(then)); }
void Readiness::when_writable(std::function<void()> then) { state_->wait(1, std::move(then)); }

void Readiness::cancel() {
  if (!state_) return;
  for (auto& slot : state_->then)
    if (slot) *slot = nullptr;
}

Readiness::Readiness() = default;
Readiness::Readiness(std::unique_ptr<State> state) : state_(std::move(state)) {}
Readiness::Readiness(Readiness&&) noexcept = default;
Readiness& Readiness::operator=(Readiness&&) noexcept = default;
Readiness::~Readiness() = default;

}  // namespace farpty
