#include "device/shared_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <new>

namespace farpty::device {

namespace {

// All sockets live in one file system; its number goes with each of their inodes.
Result<std::uint64_t> socket_device() {
  const OwnedFd any(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct stat status{};
  if (!any || fstat(any.get(), &status) != 0) return os_error("cannot make", "a socket");
  return status.st_dev;
}

}  // namespace

Result<SharedPage> SharedPage::create() {
  FARPTY_ASSIGN(device, socket_device());
  OwnedFd fd(::memfd_create("farpty-tty", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), sizeof(ttycall::Page)) != 0)
    return os_error("cannot make", "the terminals' shared memory");
  void* const memory = mmap(nullptr, sizeof(ttycall::Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return os_error("cannot map", "the terminals' shared memory");
  constexpr int kSize = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (fcntl(fd.get(), F_ADD_SEALS, kSize | F_SEAL_FUTURE_WRITE) != 0) fcntl(fd.get(), F_ADD_SEALS, kSize);
  // Not value-initialized: the memory is zero, and pages that are not touched cost nothing.
  auto* const page = static_cast<ttycall::Page*>(memory);
  page->header.socket_device = device;
  __atomic_store_n(&page->header.magic, ttycall::kMagic, __ATOMIC_RELEASE);
  return SharedPage(std::move(fd), page);
}

SharedPage::SharedPage(SharedPage&& other) noexcept
    : fd_(std::move(other.fd_)), page_(std::exchange(other.page_, nullptr)), used_(other.used_) {}

SharedPage::~SharedPage() {
  if (page_ != nullptr) munmap(page_, sizeof(ttycall::Page));
}

ttycall::Slot* SharedPage::claim() {
  for (std::uint32_t i = 0; i < ttycall::kSlots; ++i) {
    ttycall::Slot& slot = page_->slot[i];
    if (used_[i]) continue;
    used_[i] = true;
    slot.number = static_cast<std::int32_t>(i);
    if (i >= page_->header.slots) __atomic_store_n(&page_->header.slots, i + 1, __ATOMIC_RELEASE);
    return &slot;
  }
  return nullptr;
}

void SharedPage::release(ttycall::Slot& slot) {
  used_[static_cast<std::size_t>(slot.number)] = false;
  {
    const ttycall::SlotChange change(slot);
    slot.sid = slot.fg_pgrp = 0;
  }
  sum_up_attention();
}

void SharedPage::sum_up_attention() {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < page_->header.slots; ++i) sum |= page_->slot[i].attention;
  __atomic_store_n(&page_->header.attention, sum & ttycall::attention::kOfWriters, __ATOMIC_RELEASE);
}

}  // namespace farpty::device
