// The device as a program sees it: the shared page, and requests.
//
// Where it is stands in the environment variable FARPTY_TTY: "PID:FD:NAME:TOKEN:PATH", the device's process, its descriptor of
// the page, the abstract name of its request socket, the token in hexadecimal, and the path of this library. It is
// read once, when the program starts; nothing is opened before a terminal is met.
#pragma once

#include "ttycall/layout.hpp"
#include "ttycall/request.hpp"

namespace farpty::shim {

inline constexpr char kVariable[] = "FARPTY_TTY=";

// Reads the variable from the environment of a program that starts.
void remember_device(char** environment);

// "FARPTY_TTY=...", and this library's path; null where the program runs on no terminal of ours.
[[nodiscard]] const char* device_variable();
[[nodiscard]] const char* library_path();

// The shared page; null where there is none or it is of another release.
[[nodiscard]] const ttycall::Page* page();
// The wishes for settings; null likewise, and where no program has wished yet, unless they are asked for to do so.
enum class WhereNone : unsigned char { kNull, kAsk };
[[nodiscard]] ttycall::Wishes* wishes(WhereNone none);

// `may_wait`: the device answers only later (draining), signals may interrupt it (-EINTR).
enum class Wait : unsigned char { kShort, kUntilDrained };

// Sends a request (magic and token are filled in) and waits for the answer. `descriptor` receives what was handed out, the
// lowest free number, close-on-exec as asked; null: none is expected. `brought`: the descriptor that it is about, which goes
// along; -1: none. Returns the answer's result or a negative errno.
enum class OnExec : unsigned char { kKeep, kClose };
long ask(ttycall::Request& request, ttycall::Answer& answer, Wait wait, int* descriptor = nullptr,
         OnExec on_exec = OnExec::kKeep, int brought = -1);

// Sends a request that is answered later: a connection that is readable then, close-on-exec; or a negative errno.
[[nodiscard]] long ask_without_waiting(ttycall::Request& request);

// The start of the token, as the listener is asked with it (ttycall::kProbe).
[[nodiscard]] std::uint64_t token_start();

// Connects to the device and then calls `make`, which returns a descriptor to be sent with the request, or a negative errno.
// What is to be sent may not be of use unless it arrives, hence the connection first. Does not wait for the answer: 0, or a
// negative errno.
long tell_with(ttycall::Request& request, long (*make)());

}  // namespace farpty::shim
