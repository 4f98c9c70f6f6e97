// Unserved: executables that this library will not be loaded into, or that go past it: they are looked at before they are
// executed, and get the device's listener (device/listener.hpp) where it can serve them.
//
// Only these: a program that uses its libc pays nothing, and never gets no_new_privs. A process that has the listener keeps
// it for good, and so do its children.
#pragma once

namespace farpty::shim {

// The process is about to execute `path`. May run in a child that shares its parent's memory.
void prepare_to_execute(const char* path);

// The process is about to give up being root for user `uid`: while it can do so without no_new_privs, it gets the listener,
// so that set-user-ID programs (sudo), which the library is not loaded into, find their terminal.
void prepare_to_become(unsigned uid);

}  // namespace farpty::shim
