// What the shim needs of the libc that it finds itself in: weak references, each checked before use.
//
// A strong one would keep programs from starting whose libraries do not have it. Nothing here may be called before it is
// needed: most programs never touch a terminal.
#pragma once

#include <cstddef>

#define FARPTY_HOOK extern "C" __attribute__((visibility("default"), used))

extern "C" {
__attribute__((weak)) int* __errno_location(void);
__attribute__((weak)) void* dlsym(void* handle, const char* name);
__attribute__((weak)) extern char __libc_single_threaded;  // glibc 2.32
__attribute__((weak)) extern char** __environ;
__attribute__((weak)) int pthread_setcanceltype(int type, int* before);
}

namespace farpty::shim {

// The end of a hook: -1 and errno, as libc's functions return.
template <typename T = int>
T finish(long result) {
  if (result < 0 && result > -4096) {
    if (__errno_location != nullptr) *__errno_location() = static_cast<int>(-result);
    return static_cast<T>(-1);
  }
  return static_cast<T>(result);
}

// The libc's own function behind ours.
inline void* find_next(const char* name) {
  constexpr long kNext = -1;  // RTLD_NEXT
  return dlsym != nullptr ? dlsym(reinterpret_cast<void*>(kNext), name) : nullptr;
}

// Another thread could cancel this one. A libc that does not tell (musl, glibc before 2.32) may have one.
inline bool may_be_cancelled() {
  if (&__libc_single_threaded != nullptr) return __libc_single_threaded == 0;
  return pthread_setcanceltype != nullptr;
}

// A call that may wait, and is a cancellation point as libc's own would be: made as glibc made them until 2.41, with the
// thread open to be cancelled at any moment of it (sysdeps/nptl: LIBC_CANCEL_ASYNC). It must leave nothing behind then.
template <typename Call>
long cancellable(Call wait) {
  if (!may_be_cancelled() || pthread_setcanceltype == nullptr) return wait();
  constexpr int kAsynchronous = 1;
  int before = 0;
  pthread_setcanceltype(kAsynchronous, &before);
  const long result = wait();
  pthread_setcanceltype(before, nullptr);
  return result;
}

}  // namespace farpty::shim
