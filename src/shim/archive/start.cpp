// The start of libfarpty.a, in a program that is linked to it in front of musl: where the preloaded library overwrites entries of
// libc (patch.cpp), here the linker has taken our functions already, for libc's own callers, too: musl has one function an object.
//
// Nothing else happens where there is no terminal of ours: every function of ours then makes its system call.
#include "shim/device.hpp"
#include "shim/libc.hpp"
#include "ttycall/archive_note.hpp"

extern "C" {
int ioctl(int, unsigned long, void*);
long read(int, void*, std::size_t);
int open(const char*, int, unsigned);
int chown(const char*, unsigned, unsigned);
int poll(void*, unsigned long, int);
long recvmsg(int, void*, int);
int fstat(int, void*);
int execve(const char*, char* const*, char* const*);
int setuid(unsigned);
int posix_openpt(int);
std::size_t __stdio_read(void*, unsigned char*, std::size_t);
}

// A function of each part. A program that calls none of them, but prints and reads by stdio alone, says `-u farpty_archive`.
extern "C" __attribute__((visibility("default"))) const void* const farpty_archive[] = {
    reinterpret_cast<const void*>(&ioctl),        reinterpret_cast<const void*>(&read),
    reinterpret_cast<const void*>(&open),         reinterpret_cast<const void*>(&chown),
    reinterpret_cast<const void*>(&poll),         reinterpret_cast<const void*>(&recvmsg),
    reinterpret_cast<const void*>(&fstat),        reinterpret_cast<const void*>(&execve),
    reinterpret_cast<const void*>(&setuid),       reinterpret_cast<const void*>(&posix_openpt),
    reinterpret_cast<const void*>(&__stdio_read),
};

namespace farpty::shim {

namespace {

// Whoever executes the program sees that it needs no listener (ttycall/image.hpp).
[[gnu::section(".note.farpty"), gnu::used, gnu::retain]] alignas(4) constinit const ttycall::ArchiveNote note{};

__attribute__((constructor)) void start() { remember_device(__environ); }

}  // namespace

}  // namespace farpty::shim
