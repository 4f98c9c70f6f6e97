// The line discipline: what stands between the bytes of a keyboard and the program that reads a line.
//
// Held to Linux's N_TTY on a pty slave by a differential test (tests/parity), rule by rule; each rule names the kernel
// function that it mirrors. Pure: no descriptor, clock, allocation or C++ runtime; bytes and settings in, bytes and a few
// actions out. The caller owns the queues around it, delivers the signals, and runs the timers of VTIME.
//
//     master ── receive() ──► input queue ── read() ──► programs
//        ▲                       │ echo
//        └──── MasterPort ◄──────┴─ output ◄─ write() ── programs
//
// Not here: job control (SIGTTIN, SIGTTOU), hang-up, the master's own queue (pty_pair.hpp has one that counts like the
// kernel's). docs/line-discipline.md lists the deliberate deviations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tty/echo.hpp"
#include "tty/flow.hpp"
#include "tty/input_queue.hpp"
#include "tty/master_port.hpp"
#include "tty/output.hpp"
#include "tty/reading.hpp"
#include "tty/termios.hpp"

namespace farpty::tty {

// What the caller must do after a call; collected until taken.
struct Actions {
  // For the foreground process group. More of one kind at once is one, as with every standard signal.
  bool interrupt = false;  // SIGINT
  bool quit = false;       // SIGQUIT
  bool suspend = false;    // SIGTSTP
};

// Which queue TCFLSH throws away (values of <asm-generic/termbits-common.h>).
enum class Flush : std::uint8_t { kInput = 0, kOutput = 1, kBoth = 2 };
// TCXONC: stop and start output; send VSTOP and VSTART to the master.
enum class FlowAction : std::uint8_t { kOutputOff = 0, kOutputOn = 1, kInputOff = 2, kInputOn = 3 };

class LineDiscipline {
 public:
  // `master` must outlive this. Settings are those of a fresh pty slave.
  explicit LineDiscipline(MasterPort& master);
  LineDiscipline(const LineDiscipline&) = delete;
  LineDiscipline& operator=(const LineDiscipline&) = delete;
  LineDiscipline(LineDiscipline&&) = delete;
  LineDiscipline& operator=(LineDiscipline&&) = delete;
  ~LineDiscipline() = default;

  [[nodiscard]] const Termios& termios() const { return settings_; }
  // TCSETS: takes effect between the bytes before and after it. TCSADRAIN needs nothing more here, because written
  // bytes are in the port at once; for TCSAFLUSH call flush_input() first (tty_ioctl.c: set_termios).
  void set_termios(const Termios& wanted);

  // What was read and nobody has had yet is unread again, right before a set_termios() that changes ICANON or EXTPROC: it becomes
  // what the kernel makes of its queue then. Lines keep their bytes, an end of file is a byte of zero. False: there is no room.
  [[nodiscard]] bool put_back(const std::uint8_t* bytes, std::size_t size);

  // Bytes from the master. Returns how many were taken; the rest must be offered again when room has come, and in the
  // meantime be shown to look_ahead() once (n_tty.c: n_tty_receive_buf_common).
  [[nodiscard]] std::size_t receive(const std::uint8_t* bytes, std::size_t size);
  // Room has come since receive() left bytes to the caller; asking resets it (n_tty.c: n_tty_kick_worker).
  [[nodiscard]] bool wants_held_back_input();
  [[nodiscard]] bool holds_back_input() const { return held_back_; }
  // Ctrl-S and Ctrl-Q work at once, also when they stand behind bytes for which there is no room
  // (n_tty.c: n_tty_lookahead_flow_ctrl).
  void look_ahead(const std::uint8_t* bytes, std::size_t size);
  // TIOCSTI: one byte as if typed, dropped where there is no room (tty_io.c: tiocsti).
  void simulate_input(std::uint8_t c);

  // Goes on with a read(2) of the slave as far as it can without waiting (n_tty.c: n_tty_read).
  ReadResult read(Reading& reading);
  // The same for who passes it on: what it gives takes room, as if it were in the queue, until set_given() says that no more than
  // so many bytes are on their way to the reader.
  ReadResult give(Reading& reading);
  [[nodiscard]] std::size_t given() const { return given_; }
  void set_given(std::size_t bytes);
  // poll(2) says POLLIN: VMIN bytes where VTIME is 0, else any byte or line (n_tty.c: n_tty_poll).
  [[nodiscard]] bool readable() const;
  // FIONREAD: complete lines without end-of-file marks, or raw bytes (n_tty.c: inq_canon).
  [[nodiscard]] std::size_t unread() const;
  // Bytes in the queue of 4096, lines that are still edited among them.
  [[nodiscard]] std::size_t kept() const { return input_.size(); }

  // A write(2) to the slave: returns how many bytes were taken now; less than `size` means that the port is full or
  // output is stopped, and the writer waits, or gets the count, or EAGAIN (n_tty.c: n_tty_write).
  std::size_t write(const std::uint8_t* bytes, std::size_t size);
  // poll(2) says POLLOUT.
  [[nodiscard]] bool writable() const { return output_.room() > 0; }

  // TCFLSH of the slave. The bytes that the caller holds back for receive() are part of the input: drop them too
  // (tty_ioctl.c: __tty_perform_flush).
  void flush(Flush queue);
  void flush_input();   // n_tty.c: n_tty_flush_buffer
  void flush_output();  // pty.c: pty_flush_buffer
  // TCXONC of the slave (tty_ioctl.c: n_tty_ioctl_helper).
  void control_flow(FlowAction action);

  // Packet mode of the master: status bytes that it reads between data (pty.c).
  [[nodiscard]] bool packet_mode() const { return flow_.packet_mode(); }
  void set_packet_mode(bool on) { flow_.set_packet_mode(on); }
  [[nodiscard]] std::uint8_t packet_status() const { return flow_.status(); }
  [[nodiscard]] std::uint8_t take_packet_status() { return flow_.take_status(); }

  [[nodiscard]] bool stopped() const { return flow_.stopped(); }
  // Reads return lines; under EXTPROC the master edits them and reads return what there is.
  [[nodiscard]] bool reads_lines() const { return edits_lines() && !settings_.local(lflag::kExtproc); }
  [[nodiscard]] unsigned column() const { return output_.column(); }
  [[nodiscard]] Actions take_actions();

 private:
  // settings.cpp
  void switch_line_mode();
  void find_special_characters();
  [[nodiscard]] bool is_special(std::uint8_t c) const { return (special_[c / 64] >> (c % 64) & 1) != 0; }
  void add_special(std::uint8_t c) { special_[c / 64] |= std::uint64_t{1} << c % 64; }
  [[nodiscard]] bool edits_lines() const { return settings_.local(lflag::kIcanon); }

  // input.cpp
  enum class WhenFull : std::uint8_t { kHoldBack, kDrop };
  struct Room {
    std::size_t bytes;
    bool overflow;
  };
  std::size_t receive(const std::uint8_t* bytes, std::size_t size, WhenFull when_full);
  Room make_room(WhenFull when_full);
  void take_in(const std::uint8_t* bytes, std::size_t size);
  void take_in_raw(const std::uint8_t* bytes, std::size_t size);
  enum class Seen : std::uint8_t { kFirstTime, kLookedAhead };
  void type(std::uint8_t c, Seen seen);
  void type_special(std::uint8_t c, Seen seen);
  void type_plain(std::uint8_t c);
  bool control_flow_by(std::uint8_t c, Seen seen);
  bool signal_by(std::uint8_t c);
  void signal(bool Actions::* kind, std::uint8_t c);
  void start_by_any_key();
  void start_output();
  void echo_typed(std::uint8_t c);
  void keep(std::uint8_t c);
  void input_has_room();

  // canonical.cpp
  bool edit_line(std::uint8_t c);
  enum class Erasing : std::uint8_t { kCharacter, kWord, kLine };
  void erase(std::uint8_t key);
  void erase_back(Erasing what);
  [[nodiscard]] std::uint64_t start_of_last_character(bool& whole) const;
  void echo_erased(std::uint64_t place, std::uint64_t end, Erasing what);
  void echo_between_slashes(std::uint64_t place, std::uint64_t end);
  void echo_erased_tab();
  void erase_cell();
  void kill_without_erasing();
  void end_erasing();
  void quote_next();
  void reprint();
  void end_line(std::uint8_t c);

  // reader.cpp
  [[nodiscard]] bool has_input(std::size_t at_least) const;
  [[nodiscard]] std::size_t readable_bytes() const;
  bool copy_input(Reading& reading);
  bool copy_raw(Reading& reading);
  bool copy_line(Reading& reading);
  [[nodiscard]] ReadResult wait_for_input(const Reading& reading) const;
  ReadResult begin_or_go_on(Reading& reading);
  ReadResult gather(Reading& reading);
  void copy_the_rest(Reading& reading);
  void skip_end_of_file();

  // writer.cpp
  std::size_t write_piece(const std::uint8_t* bytes, std::size_t size);

  Termios settings_ = initial_termios();
  Flow flow_;
  Output output_;
  Echo echo_;
  InputQueue input_;
  std::size_t given_ = 0;
  std::uint64_t special_[4] = {};   // characters that are more than themselves (n_tty.c: char_map)
  std::uint64_t looked_ahead_ = 0;  // of the next bytes, how many look_ahead() has seen
  Actions actions_;
  bool passes_all_ = false;  // no setting needs a look at single bytes (n_tty.c: raw)
  bool quote_next_ = false;  // VLNEXT was typed
  bool erasing_ = false;     // inside the slashes of ECHOPRT
  bool held_back_ = false;   // receive() refused bytes (n_tty.c: no_room)
  bool resume_ = false;      // and may be offered them again
};

}  // namespace farpty::tty
