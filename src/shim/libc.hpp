// What the shim needs of the libc that it finds itself in: weak references, each checked before use.
//
// A strong one would keep programs from starting whose libraries do not have it. Nothing here may be called before it is
// needed: most programs never touch a terminal.
// The archive (FARPTY_ARCHIVE) is linked to musl for good: what it needs is there, and the rest of it comes along.
#pragma once

#include <cstddef>

#define FARPTY_HOOK extern "C" __attribute__((visibility("default"), used))

#ifdef FARPTY_ARCHIVE
#define FARPTY_OF_LIBC
#else
#define FARPTY_OF_LIBC __attribute__((weak))
#endif

extern "C" {
FARPTY_OF_LIBC int* __errno_location(void);
FARPTY_OF_LIBC extern char** __environ;
FARPTY_OF_LIBC int pthread_setcanceltype(int type, int* before);
__attribute__((weak)) void* dlsym(void* handle, const char* name);
__attribute__((weak)) extern char __libc_single_threaded;  // glibc 2.32
#ifdef FARPTY_ARCHIVE
extern const void* const farpty_archive[];  // archive/start.cpp
#endif
}

namespace farpty::shim {

#ifdef FARPTY_ARCHIVE
// Who takes one part of the archive takes all, and its start.
[[maybe_unused, gnu::used]] static const void* const* const all_parts = farpty_archive;
#endif

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
#ifdef FARPTY_ARCHIVE
void* find_next(const char* name);  // archive/next.cpp
#else
inline void* find_next(const char* name) {
  constexpr long kNext = -1;  // RTLD_NEXT
  return dlsym != nullptr ? dlsym(reinterpret_cast<void*>(kNext), name) : nullptr;
}
#endif

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
