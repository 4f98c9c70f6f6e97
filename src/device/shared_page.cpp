#include "device/shared_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstddef>
#include <utility>

#include "device/gvisor.hpp"

namespace farpty::device {

namespace {

// All sockets live in one file system; its number goes with each of their inodes.
Result<std::uint64_t> socket_device() {
  const OwnedFd any(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct stat status{};
  if (!any || fstat(any.get(), &status) != 0) return os_error("cannot make", "a socket");
  return status.st_dev;
}

constexpr int kSize = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

struct Memory {
  OwnedFd fd;
  void* at = nullptr;
};

Result<Memory> make_memory(const char* name, std::size_t size) {
  Memory memory{.fd = OwnedFd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING))};
  if (!memory.fd || ftruncate(memory.fd.get(), static_cast<off_t>(size)) != 0)
    return os_error("cannot make", "the terminals' shared memory (memfd_create)");
  memory.at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd.get(), 0);
  if (memory.at == MAP_FAILED) return os_error("cannot map", "the terminals' shared memory");
  return memory;
}

}  // namespace

Result<SharedPage> SharedPage::create() {
  FARPTY_ASSIGN(device, socket_device());
  FARPTY_ASSIGN(state, make_memory("farpty-tty", sizeof(ttycall::Page)));
  if (fcntl(state.fd.get(), F_ADD_SEALS, kSize | F_SEAL_FUTURE_WRITE) != 0) fcntl(state.fd.get(), F_ADD_SEALS, kSize);
  // Not value-initialized: the memory is zero, and pages that are not touched cost nothing.
  auto* const page = static_cast<ttycall::Page*>(state.at);
  page->header.socket_device = device;
  page->header.wishes = -1;
  if (is_gvisor()) page->header.options = ttycall::option::kNamedRequests;
  __atomic_store_n(&page->header.magic, ttycall::kMagic, __ATOMIC_RELEASE);
  return SharedPage(std::move(state.fd), page);
}

Result<int> SharedPage::open_wishes() {
  if (wishes_ == nullptr) {
    FARPTY_ASSIGN(memory, make_memory("farpty-tty-wishes", sizeof(ttycall::Wishes)));
    fcntl(memory.fd.get(), F_ADD_SEALS, kSize);
    wishes_fd_ = std::move(memory.fd);
    wishes_ = static_cast<ttycall::Wishes*>(memory.at);
    __atomic_store_n(&page_->header.wishes, wishes_fd_.get(), __ATOMIC_RELEASE);
  }
  return wishes_fd_.get();
}

SharedPage::SharedPage(SharedPage&& other) noexcept
    : fd_(std::move(other.fd_)),
      page_(std::exchange(other.page_, nullptr)),
      wishes_fd_(std::move(other.wishes_fd_)),
      wishes_(std::exchange(other.wishes_, nullptr)),
      used_(other.used_),
      attention_(std::move(other.attention_)) {}

SharedPage::~SharedPage() {
  if (page_ != nullptr) munmap(page_, sizeof(ttycall::Page));
  if (wishes_ != nullptr) munmap(wishes_, sizeof(ttycall::Wishes));
}

void SharedPage::sum_up_attention() {
  std::uint32_t sum = 0;
  for (const std::uint32_t one : attention_) sum |= one;
  __atomic_store_n(&page_->header.attention, sum & ttycall::attention::kOfWriters, __ATOMIC_RELEASE);
}

// -- Mirror

std::optional<Mirror> Mirror::claim(SharedPage& page) {
  for (std::size_t i = 0; i < ttycall::kSlots; ++i) {
    if (page.used_[i]) continue;
    page.used_[i] = true;
    if (i >= page.attention_.size()) {
      page.attention_.resize(i + 1);
      __atomic_store_n(&page.page_->header.slots, static_cast<std::uint32_t>(i + 1), __ATOMIC_RELEASE);
    }
    return Mirror(page, i);
  }
  return std::nullopt;
}

Mirror::Mirror(SharedPage& page, std::size_t index) : page_(&page), index_(index), shared_(&page.page_->slot[index]) {
  own_.number = static_cast<std::int32_t>(index);
  if (wish() == nullptr) return;
  own_.adopted = __atomic_load_n(&wish()->generation, __ATOMIC_RELAXED);  // the last user's: none of ours
  repair_wish();
}

Mirror::Mirror(Mirror&& other) noexcept
    : page_(std::exchange(other.page_, nullptr)), index_(other.index_), shared_(other.shared_), own_(other.own_) {}

Mirror::~Mirror() {
  if (page_ == nullptr) return;
  change([](ttycall::Slot& slot) { slot.sid = slot.fg_pgrp = 0; });
  page_->used_[index_] = false;
}

void Mirror::publish() {
  const std::uint32_t before = page_->attention_[index_];
  page_->attention_[index_] = own_.attention;
  {
    const ttycall::SlotChange change(*shared_);
    const auto* source = reinterpret_cast<const std::uint64_t*>(&own_);
    auto* target = reinterpret_cast<std::uint64_t*>(shared_);
    __atomic_store_n(&shared_->attention, own_.attention, __ATOMIC_RELEASE);  // beside the generation, in one word
    constexpr std::size_t kEnd = offsetof(ttycall::Slot, busy) / 8;
    static_assert(offsetof(ttycall::Slot, busy) % 8 == 0);
    for (std::size_t i = 1; i < kEnd; ++i) __atomic_store_n(target + i, source[i], __ATOMIC_RELAXED);
  }
  if (((before ^ own_.attention) & ttycall::attention::kOfWriters) != 0) page_->sum_up_attention();
}

void Mirror::mark(int fd, ttycall::End end) const { fcntl(fd, F_SETSIG, ttycall::mark_of(index_, end)); }

void Mirror::show_session(pid_t leader) noexcept {
  const ttycall::SlotChange change(*shared_);
  shared_->sid = shared_->fg_pgrp = leader;
}

void Mirror::begin_work() {
  if (at_work_++ == 0) __atomic_store_n(&shared_->busy, ++own_.busy, __ATOMIC_SEQ_CST);
}

void Mirror::end_work() {
  if (--at_work_ == 0) __atomic_store_n(&shared_->busy, ++own_.busy, __ATOMIC_SEQ_CST);
}

std::optional<tty::Termios> Mirror::take_wish() {
  const ttycall::Wish* const made = wish();
  if (made == nullptr) return std::nullopt;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);  // after what was published, as a program looks at that after its wish
  const std::uint32_t generation = ttycall::pending_wish(*made, own_.adopted);
  if (generation == 0) return std::nullopt;
  tty::Termios settings;
  if (!ttycall::copy_wish(*made, generation, settings)) return std::nullopt;  // the next look finds the next one
  own_.adopted = generation;
  return settings;
}

// Should its writer be alive after all, its last store makes a wish that is pending.
void Mirror::repair_wish() {
  ttycall::Wish* const broken = wish();
  const std::uint32_t generation = broken != nullptr ? __atomic_load_n(&broken->generation, __ATOMIC_RELAXED) : 0;
  if ((generation & 1) == 0) return;
  own_.adopted = generation + 3;
  __atomic_store_n(&broken->generation, own_.adopted, __ATOMIC_RELEASE);
}

}  // namespace farpty::device
