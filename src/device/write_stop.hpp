// WriteStop: makes one end of a unix stream socket say that it cannot be written (poll(2), select(2), epoll(7)), as a terminal does
// while its output is stopped (n_tty.c: n_tty_poll: tty_write_room).
//
// A socket is writable while what was sent by it and not read takes no more than a quarter of its buffer (af_unix.c:
// unix_writable). So the buffer becomes as small as can be, and marks take that quarter where nothing else does: bytes that the
// receiver leaves out. A mark is known by the descriptor that it brings: a read(2) ends with such a byte (af_unix.c:
// unix_stream_read_generic). A program that sends descriptors on its own terminal spoils no other.
// Not in gVisor, whose sockets count otherwise: there it does nothing.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace farpty::device {

class WriteStop {
 public:
  // Lent: `end`, which is to be full (-1: it is not here, and nothing happens), and any file, to be sent with the marks. Twice is
  // once.
  void stop(int end, int file);
  // As it was. Marks stay until they are received.
  void start(int end);

  // recv(2) of the other end, without waiting and without marks.
  [[nodiscard]] ssize_t receive(int fd, void* to, std::size_t size);
  // Whether nothing but marks lies there.
  [[nodiscard]] bool is_empty(int fd) const;

 private:
  int marks_ = 0;  // sent and not received
  int usual_ = 0;  // size of the buffer; 0: not stopped
};

}  // namespace farpty::device
