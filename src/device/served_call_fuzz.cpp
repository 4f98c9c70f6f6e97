// Stopped calls of a hostile program: any numbers, any memory, between anything that is typed. Each gets at most one word
// (FakeCall checks), nothing aborts, and nobody gets a signal: the terminal is no session's.
#include "device/served_call.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <list>
#include <span>

#include "device/fake_call.hpp"
#include "ttycall/filter.hpp"

namespace {

using namespace farpty;
using namespace farpty::device;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  std::string text(std::size_t size) {
    size = std::min(size, rest_.size());
    std::string taken(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  // Small numbers, addresses of its memory, or anything.
  std::uint64_t word() {
    const std::uint8_t kind = byte();
    if (kind < 80) return kind % 8;
    if (kind < 160) return FakeCall::kMemory + byte() % 64;
    if (kind < 200) return 0x5400U + byte();
    std::uint64_t any = 0;
    const std::string bytes = text(8);
    std::memcpy(&any, bytes.data(), bytes.size());
    return any;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  boost::asio::io_context context(1);
  const auto device = *Device::open(context, "/lib/libfarpty.so");
  struct stat status{};
  fstat(device->terminal().slave(), &status);
  std::list<std::shared_ptr<FakeCall>> calls;
  for (int i = 0; i < 64 && !input.empty(); ++i) {
    const std::uint8_t what = input.byte();
    if (what % 8 == 0) {
      static_cast<void>(device->terminal().type(as_bytes(input.text(what / 8))));
    } else if (what % 8 == 1 && !calls.empty()) {
      calls.front()->gone = true;
      calls.pop_front();
    } else {
      const auto number = ttycall::kStopRules[input.byte() % std::size(ttycall::kStopRules)].number;
      StoppedCall::Arguments arguments;
      for (std::uint64_t& argument : arguments) argument = input.word();
      auto call = std::make_shared<FakeCall>(static_cast<int>(number), arguments, input.text(input.byte()),
                                             getpid() + input.byte() % 2);
      for (const int fd : {0, 1, 2, 960}) call->files[fd] = {.device = status.st_dev, .inode = status.st_ino};
      calls.push_back(call);
      device->serve(call);
    }
    context.restart();
    context.poll();
    std::array<std::byte, 4096> output;
    static_cast<void>(device->terminal().read_output(output));
  }
  return 0;
}
