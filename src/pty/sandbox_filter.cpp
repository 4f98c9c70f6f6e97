#include "pty/sandbox_filter.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

namespace farpty::pty {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // no call matches: Sandbox::prepare refuses before
#endif
constexpr std::uint32_t kX32Bit = 0x40000000;  // arch/x86/include/uapi/asm/unistd.h: __X32_SYSCALL_BIT

// set_mempolicy_home_node, the last one of Linux 6.1; all up to here were looked at.
constexpr std::uint32_t kNewestReviewed = 450;

// Numbers that Linux 6.1's own headers may lack under other C libraries; the same on every architecture.
constexpr long kQuotactlFd = 443;
constexpr long kMemfdSecret = 447;
constexpr long kProcessMrelease = 448;

constexpr std::uint32_t kSocketTypeBits = 0xf;     // linux/net.h: SOCK_TYPE_MASK
constexpr std::uint32_t kFileSetOwner = 0x8901;    // asm-generic/sockios.h: FIOSETOWN
constexpr std::uint32_t kSocketSetOwner = 0x8902;  // SIOCSPGRP

constexpr std::uint32_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

void deny_all(SyscallFilter& filter, std::initializer_list<long> numbers, int code) {
  for (const long number : numbers) filter.deny(number, code);
}

// No network. A pair of connected stream sockets reaches nobody, and event loops are built on it; a datagram pair could
// be sent to any socket file, so it is refused like connect itself. io_uring would do all of this past the filter.
void deny_network(SyscallFilter& filter) {
  deny_all(filter, {SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4}, EACCES);
  const std::uint32_t refused = SyscallFilter::refuse(EACCES);
  filter.begin(SYS_socketpair);
  filter.load(0);
  filter.if_not_equal(AF_UNIX, refused);
  filter.load(1);
  filter.keep(kSocketTypeBits);
  filter.if_equal(SOCK_STREAM, SyscallFilter::allow());
  filter.if_equal(SOCK_SEQPACKET, SyscallFilter::allow());
  filter.end(refused);
  deny_all(filter, {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register}, ENOSYS);
}

// Looking into, stopping, slowing or limiting another process of the same uid. pid 0 is always the caller.
void deny_other_processes(SyscallFilter& filter) {
  deny_all(filter,
           {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, kProcessMrelease, SYS_kcmp,
            SYS_pidfd_getfd, SYS_migrate_pages, SYS_move_pages},
           EPERM);
  const std::uint32_t refused = SyscallFilter::refuse(EPERM);
  for (const long number :
       {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr}) {
    filter.begin(number);
    filter.load(0);
    filter.if_equal(0, SyscallFilter::allow());
    filter.end(refused);
  }
  for (const auto& [number, process] : {std::pair<long, std::uint32_t>{SYS_setpriority, PRIO_PROCESS},
                                        {SYS_ioprio_set, 1 /* linux/ioprio.h: IOPRIO_WHO_PROCESS */}}) {
    filter.begin(number);
    filter.load(0);
    filter.if_not_equal(process, refused);
    filter.load(1);
    filter.if_equal(0, SyscallFilter::allow());
    filter.end(refused);
  }
  // System V and POSIX queues, semaphores and memory are open to all processes of a uid.
  deny_all(filter,
           {SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget,
            SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink},
           ENOSYS);
}

// A process stays in its session, so that the session's end finds it (setsid); it becomes nobody's child but its
// maker's (CLONE_PARENT would hand zombies to the server); it makes no namespaces, in which it would have capabilities.
// clone3's flags are out of a filter's sight: the C library then takes clone.
void deny_leaving(SyscallFilter& filter) {
  deny_all(filter, {SYS_setsid, SYS_unshare, SYS_setns}, EPERM);
  filter.deny(SYS_clone3, ENOSYS);
  filter.begin(SYS_clone);
  filter.load(0);
  filter.if_any_of(kNewNamespaces | CLONE_PARENT, SyscallFilter::refuse(EPERM));
  filter.end(SyscallFilter::allow());
}

// Input typed for others, selections of a console, and line disciplines (old code, and modules loaded on demand).
void deny_terminal_tricks(SyscallFilter& filter) {
  filter.begin(SYS_ioctl);
  filter.load(1);
  for (const std::uint32_t request : {std::uint32_t{TIOCSTI}, std::uint32_t{0x541C} /* TIOCLINUX */,
                                      std::uint32_t{TIOCCONS}, std::uint32_t{TIOCSETD}})
    filter.if_equal(request, SyscallFilter::refuse(EPERM));
  filter.end(SyscallFilter::allow());
}

// What Landlock does not govern: mode, owner, times and extended attributes by path, of every file of this uid (by
// descriptor they stay: only an allowed file can be opened), and the names that a watch on a folder would tell.
void deny_metadata_by_path(SyscallFilter& filter) {
  deny_all(filter,
           {SYS_fchmodat, SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_removexattr, SYS_lremovexattr,
            SYS_inotify_init1, SYS_fanotify_init, SYS_fanotify_mark, SYS_name_to_handle_at, SYS_open_by_handle_at},
           EPERM);
#if defined(__x86_64__)
  deny_all(filter,
           {SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_inotify_init, SYS_uselib},
           EPERM);
#endif
  const std::uint32_t refused = SyscallFilter::refuse(EPERM);
  filter.begin(SYS_utimensat);  // without a path it is futimens(3)
  filter.load_high(1);
  filter.if_not_equal(0, refused);
  filter.load(1);
  filter.if_equal(0, SyscallFilter::allow());
  filter.end(refused);
}

// The kernel's own doors. Most ask for a capability anyway: nothing of them is to be reached at all.
void deny_kernel(SyscallFilter& filter) {
  deny_all(
      filter,
      {SYS_bpf,          SYS_perf_event_open, SYS_userfaultfd,    SYS_keyctl,   SYS_add_key,       SYS_request_key,
       SYS_mount,        SYS_umount2,         SYS_pivot_root,     SYS_chroot,   SYS_move_mount,    SYS_open_tree,
       SYS_fsopen,       SYS_fsconfig,        SYS_fsmount,        SYS_fspick,   SYS_mount_setattr, SYS_quotactl,
       kQuotactlFd,      SYS_swapon,          SYS_swapoff,        SYS_reboot,   SYS_kexec_load,    SYS_init_module,
       SYS_finit_module, SYS_delete_module,   SYS_acct,           SYS_syslog,   SYS_sethostname,   SYS_setdomainname,
       SYS_vhangup,      SYS_nfsservctl,      SYS_lookup_dcookie, kMemfdSecret, SYS_clock_settime, SYS_settimeofday,
       SYS_clock_adjtime},
      EPERM);
#if defined(SYS_kexec_file_load)
  filter.deny(SYS_kexec_file_load, EPERM);
#endif
#if defined(__x86_64__)
  deny_all(filter, {SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_ustat, SYS_sysfs, SYS__sysctl}, EPERM);
#endif
}

}  // namespace

SyscallFilter::SyscallFilter() noexcept {
  emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  emit(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  static_assert(kX32Bit > kNewestReviewed, "x32 calls are newer than all reviewed ones");
  emit(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kNewestReviewed, 0, 1));
  emit(BPF_STMT(BPF_RET | BPF_K, refuse(ENOSYS)));
}

void SyscallFilter::emit(sock_filter instruction) noexcept {
  if (count_ < kCapacity) code_[count_] = instruction;
  ++count_;  // beyond the capacity: install() refuses
}

void SyscallFilter::deny(long number, int code) noexcept {
  begin(number);
  end(refuse(code));
}

void SyscallFilter::begin(long number) noexcept {
  block_ = count_;
  emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 0));
}

void SyscallFilter::end(std::uint32_t verdict) noexcept {
  emit(BPF_STMT(BPF_RET | BPF_K, verdict));
  // Other calls jump over the block; the accumulator still holds their number.
  if (count_ <= kCapacity) code_[block_].jf = static_cast<std::uint8_t>(count_ - block_ - 1);
}

void SyscallFilter::load(unsigned argument) noexcept {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  const auto offset = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument);
  emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

void SyscallFilter::load_high(unsigned argument) noexcept {
  const auto offset = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument + 4);
  emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

void SyscallFilter::keep(std::uint32_t bits) noexcept { emit(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)); }

void SyscallFilter::if_equal(std::uint32_t value, std::uint32_t verdict) noexcept {
  emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  emit(BPF_STMT(BPF_RET | BPF_K, verdict));
}

void SyscallFilter::if_not_equal(std::uint32_t value, std::uint32_t verdict) noexcept {
  emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
  emit(BPF_STMT(BPF_RET | BPF_K, verdict));
}

void SyscallFilter::if_any_of(std::uint32_t bits, std::uint32_t verdict) noexcept {
  emit(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
  emit(BPF_STMT(BPF_RET | BPF_K, verdict));
}

void SyscallFilter::allow_rest() noexcept { emit(BPF_STMT(BPF_RET | BPF_K, allow())); }

long SyscallFilter::install_with(unsigned flags) const noexcept {
  if (count_ > kCapacity) return -E2BIG;
  // The kernel only reads it, through a pointer that its header forgot to make const.
  const sock_fprog program{
      .len = static_cast<unsigned short>(count_),
      .filter = const_cast<sock_filter*>(code_.data())};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return result >= 0 ? result : -errno;
}

int SyscallFilter::install() const noexcept { return static_cast<int>(-install_with(0)); }

// Once heard, only a deadly signal interrupts the waiting call: else one to the asker's own group would have it ask again.
int SyscallFilter::install_listening() const noexcept {
  return static_cast<int>(install_with(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
}

std::uint32_t SyscallFilter::allow() noexcept { return SECCOMP_RET_ALLOW; }

std::uint32_t SyscallFilter::refuse(int code) noexcept {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(code) & SECCOMP_RET_DATA);
}

std::uint32_t SyscallFilter::ask() noexcept { return SECCOMP_RET_USER_NOTIF; }

SyscallFilter sandbox_filter(int landlock_abi) {
  SyscallFilter filter;
  deny_network(filter);
  deny_other_processes(filter);
  deny_leaving(filter);
  deny_terminal_tricks(filter);
  deny_metadata_by_path(filter);
  deny_kernel(filter);
  if (landlock_abi < 3) filter.deny(SYS_truncate, EPERM);  // LANDLOCK_ACCESS_FS_TRUNCATE came with ABI 3
  filter.allow_rest();
  return filter;
}

SyscallFilter signal_filter(pid_t leader, std::uint32_t otherwise) noexcept {
  const auto process = static_cast<std::uint32_t>(leader);
  const std::uint32_t refused = SyscallFilter::refuse(EPERM);
  SyscallFilter filter;
  filter.begin(SYS_kill);
  filter.load(0);
  filter.if_equal(0, SyscallFilter::allow());
  filter.if_equal(process, SyscallFilter::allow());
  filter.if_equal(0U - process, SyscallFilter::allow());
  filter.end(otherwise);
  for (const long number : {SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
    filter.begin(number);
    filter.load(0);
    filter.if_equal(process, SyscallFilter::allow());
    filter.end(otherwise);
  }
  filter.begin(SYS_tkill);
  filter.end(otherwise);
  filter.deny(SYS_pidfd_send_signal, EPERM);
  // SIGIO and SIGURG go to the owner that a descriptor names.
  filter.begin(SYS_fcntl);
  filter.load(1);
  filter.if_equal(F_SETOWN, refused);
  filter.if_equal(F_SETOWN_EX, refused);
  filter.end(SyscallFilter::allow());
  filter.begin(SYS_ioctl);
  filter.load(1);
  filter.if_equal(kFileSetOwner, refused);
  filter.if_equal(kSocketSetOwner, refused);
  filter.end(SyscallFilter::allow());
  filter.allow_rest();
  return filter;
}

}  // namespace farpty::pty
