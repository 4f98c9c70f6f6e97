// Tty: one emulated terminal: a socketpair whose slave end is the programs' 0, 1 and 2, a line discipline, and the slot in
// which programs read the state.
//
//     master side (session, or the maker of a nested pair)      programs
//        type() ───────► line discipline ──► one record ──► master socket ═ slave socket
//        read_output() ◄── output queue ◄── line discipline ◄──┘
//
// In canonical mode one record at a time lies in the socket, so that a read(2) of it gets one line; the next is sent when
// the first was taken. Raw input is streamed. An end of file is one byte in the socket and a flag in the slot.
// The device has a slave end of its own, from which it hands out duplicates; of a nested pair it gives that up while nobody
// has the terminal as controlling terminal (Device::settle_slave), and then sees when the last program closes it. Opened
// again, it gets a new pair of sockets.
// Not here: who may change what (tty_call.hpp), who asks (request_socket.hpp). Sessions: control.hpp.
// Invariant: bytes that a program wrote before a change of the settings are processed under the old ones, unless output is
// stopped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "device/control.hpp"
#include "device/shared_page.hpp"
#include "device/socket_queue.hpp"
#include "device/typed_pieces.hpp"
#include "device/write_stop.hpp"
#include "tty/line_discipline.hpp"

namespace farpty::device {

// Processed output that the master side has not taken yet. Programs are stopped when this and the socket are full.
inline constexpr std::size_t kMaxOutput = 64 * 1024;

class Tty final : private tty::MasterPort {
 public:
  static Result<std::unique_ptr<Tty>> open(boost::asio::io_context& context, SharedPage& page);
  ~Tty();
  Tty(const Tty&) = delete;
  Tty& operator=(const Tty&) = delete;

  [[nodiscard]] int number() const { return mirror_.state().number; }
  // A duplicate of the slave end for a program: of ours, of one that was brought along, of another program's. May fail.
  [[nodiscard]] OwnedFd duplicate_slave(pid_t likely_holder = 0);
  // Lent: ours, or the one that is lent to us (Borrowed); -1: there is neither.
  [[nodiscard]] int slave() const { return slave_ ? slave_.get() : borrowed_; }
  [[nodiscard]] bool holds_slave() const { return static_cast<bool>(slave_); }
  // No more than a duplicate that is ours, or an end that is lent to us for the length of a request.
  void give_up_slave();
  void hold_slave();
  // Whether `fd` is this terminal's slave end.
  [[nodiscard]] bool is_slave(int fd) const;
  // While it lives, `slave` (lent; -1: none) serves as the slave end where there is none of our own.
  class Borrowed {
   public:
    Borrowed(Tty& tty, int slave) : tty_(tty) { tty_.borrowed_ = tty_.is_slave(slave) ? slave : -1; }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { tty_.borrowed_ = -1; }

   private:
    Tty& tty_;
  };
  // As programs see it, but for a wish that was not taken yet.
  [[nodiscard]] const ttycall::Slot& slot() const { return mirror_.state(); }
  void show_session(pid_t leader) noexcept { mirror_.show_session(leader); }
  [[nodiscard]] const tty::Termios& termios() const { return discipline_.termios(); }
  // Takes over the settings that a program wished for (ttycall/layout.hpp). Whoever asks from outside what the settings are,
  // or is to change them, takes them over first; the terminal does so itself before it processes anything.
  void adopt_wish();
  // From now on programs wait for changes of the settings that have no eyes of their own (listener.hpp): nothing is wished.
  void observe();
  [[nodiscard]] Control& control() { return control_; }
  [[nodiscard]] const Control& control() const { return control_; }

  // -- the master side

  // Bytes typed; returns how many were taken. The others are to be offered again, before all that come behind them, when
  // `on_input_room` is called.
  [[nodiscard]] std::size_t type(Bytes bytes);
  // Whether they are; asking resets it.
  [[nodiscard]] bool take_input_room();
  // They will not be offered again.
  void forget_refused() { arrived_.clear(); }
  // What programs wrote, processed; 0 where there is nothing now.
  std::size_t read_output(MutableBytes into);
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  [[nodiscard]] std::size_t waiting_output() const { return output_.size(); }
  [[nodiscard]] bool output_is_stopped() const { return discipline_.stopped(); }
  [[nodiscard]] std::size_t unread() const { return discipline_.unread(); }
  // Called from the event loop, never from within a call of the master side.
  std::function<void()> on_output;       // there is output, or a status, or the slave is closed or hung up
  std::function<void()> on_input_room;   // type() may take more
  std::function<void()> on_input_flush;  // at once: those that type() refused are flushed, too
  std::function<void()> on_input_taken;  // programs have read all that was typed
  std::function<void()> on_settings;     // lines are read, or no longer
  std::function<void()> on_session_end;  // it was a controlling terminal, and is none any more
  // Calls on_output in the next round if there is something.
  void tell_output();

  [[nodiscard]] bool input_is_taken() const;

  // Output that the master side has not taken is thrown away.
  void drop_waiting_output();

  // -- the programs' side, for those that have no shim

  // Called at once: something that a program may wait for has changed: input, settings, foreground, hang-up.
  std::function<void()> on_change;
  void tell_programs() const {
    if (on_change) on_change();
  }
  // Reads return lines (or what the master side sent as one, under EXTPROC what there is).
  [[nodiscard]] bool gives_lines() const;
  // Bytes that lie in the socket; and what FIONREAD says.
  [[nodiscard]] std::size_t sent_input() const;
  [[nodiscard]] std::size_t unread_by_programs() const;
  // A read(2) of raw bytes, done here: those in the socket and those behind it, before anything that had no room until now. Nothing
  // where lines are read.
  [[nodiscard]] std::vector<std::byte> take_input(std::size_t most);
  // Where the byte in the socket stands for an end of file: takes it away; whether it did.
  bool take_end_of_file();

  // -- what ioctls do

  void set_termios(const tty::Termios& wanted);
  void set_size(ttycall::Winsize size);  // SIGWINCH to the foreground group where it changed
  void flush(tty::Flush queue);
  // Not what type() refused: TCSETSF (tty_ioctl.c: set_termios).
  void flush_taken_input();
  void control_flow(tty::FlowAction action);
  void simulate_input(std::uint8_t byte);
  void set_attention(std::uint32_t bit, bool on);
  void set_packet_mode(bool on);
  [[nodiscard]] bool packet_mode() const { return discipline_.packet_mode(); }
  // What a master in packet mode reads next; 0: nothing.
  [[nodiscard]] std::uint8_t packet_status() const {
    return discipline_.packet_mode() ? discipline_.packet_status() : 0;
  }
  [[nodiscard]] std::uint8_t take_packet_status();
  // Sends a signal to the foreground group.
  void signal(int number) { control_.signal_foreground(number); }

  // Everything that programs wrote so far has gone through the line discipline.
  [[nodiscard]] bool drained();
  // What programs wrote so far goes where it belongs now.
  void catch_up();
  // A write(2) of no bytes, which shows what was echoed while output was stopped (n_tty.c: n_tty_write: process_echoes).
  void write_nothing();
  // Calls back, once, when output is not stopped or the terminal was hung up, if that is still `awaited` then.
  void when_started(std::function<bool()> awaited, std::function<void()> then);
  // Calls back, once, when drained() became true or the terminal was hung up.
  void when_drained(std::function<void()> then) { waiting_for_drain_.push_back(std::move(then)); }

  // -- the end

  // The line is dropped: SIGHUP and SIGCONT; reads give end of file, writes EIO. What was written before can be read.
  void hangup();
  // Nobody will read the output any more: it is taken and dropped, so that no program waits for that.
  void drop_output();
  [[nodiscard]] bool hung_up() const { return hung_up_; }
  // No program has it open any more (pty.c: TTY_OTHER_CLOSED). Known of one whose slave end we gave up, or hung up.
  [[nodiscard]] bool closed() const { return closed_; }
  // If it has happened, it is known now.
  void hear_close() { process_output(); }
  // Opened again after that. Not after a hang-up.
  Result<> reopen();

  // The nested pair's other end, which its maker gets: `fd` is lent.
  void set_master(int fd, std::uint64_t inode);
  // Bytes for its maker that are not in the other end's socket yet.
  void show_held_back(std::size_t count);
  // The state of sessions changed: copies it into the slot.
  void mirror_control();

 private:
  static constexpr std::size_t kPiece = 16 * 1024;  // taken from a socket at a time

  // A fresh pair of sockets.
  struct Line {
    OwnedFd master, slave;
    Readiness ready;
    std::uint64_t inode = 0;
  };
  static Result<Line> make_line(boost::asio::io_context& context);
  Tty(boost::asio::io_context& context, Mirror mirror, Line line);

  // tty::MasterPort
  [[nodiscard]] std::size_t room() const override { return output_.room(); }
  std::size_t write(const std::uint8_t* bytes, std::size_t size) override;
  void discard() override;

  void last_close();
  void session_ended();
  void slave_wrote();
  void wait_for_slave();
  void process_output();
  void take_output();
  void take_all_output();
  void take_back_input();
  void apply(const tty::Termios& wanted);
  bool process_pending();
  void drop_unprocessed();
  void feed_slave();
  [[nodiscard]] std::size_t receive(Bytes bytes);
  bool send_record();
  void recount_sent();
  void tell_input_room();
  void end_marked_file();
  void drop_sent_input();
  void deliver_signals();
  void after_input();
  void settle();
  void run_drained();
  void run_started();
  void mirror();
  [[nodiscard]] bool is_quiet() const;
  // What was sent to the programs and not read, as unread_by_peer has it.
  [[nodiscard]] std::optional<int> in_socket() const;

  boost::asio::io_context& context_;
  Mirror mirror_;
  OwnedFd master_, slave_;
  Readiness ready_;  // after master_: gone before it is closed
  WriteStop write_stop_;
  ReaderWait reader_;
  int borrowed_ = -1;  // lint-allow(raw-fd): lent for the length of a request
  tty::LineDiscipline discipline_;
  Control control_;
  ByteQueue output_{kMaxOutput};
  std::vector<std::byte> unprocessed_;  // read from the socket; at most kPiece bytes
  std::uint64_t typed_ = 0, written_ = 0;
  TypedPieces arrived_;     // what type() refused: the line discipline has looked at it
  bool room_came_ = false;  // for those
  bool end_of_file_sent_ = false;
  bool sent_line_ended_by_file_end_ = false;  // the record in the socket: "ab" of "ab^D"
  bool hung_up_ = false;
  bool dropping_ = false;
  bool closed_ = false;
  bool waiting_for_reader_ = false;
  bool observed_ = false;
  bool taking_ = false;
  std::vector<std::function<void()>> waiting_for_drain_;
  struct Writer {
    std::function<bool()> is_awaited;
    std::function<void()> then;
  };
  std::vector<Writer> waiting_for_start_;
  Later tell_output_, tell_room_, tell_taken_, tell_settings_;
};

}  // namespace farpty::device
