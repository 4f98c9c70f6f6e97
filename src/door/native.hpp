// The native door, farpty:// (docs/protocol/farpty-1.md): TLS, who that is, and then what they ask for.
//
// A NativeConnection lives from accept to the end of the socket; the session that it leads to outlives it (native_seat.hpp
// is its place there). Invariants: until the doorkeeper has admitted the peer not a byte of it is looked at by anything but
// TLS; whatever goes wrong before that ends the connection and is a penalty for its source; a peer that breaks the protocol
// loses its connection and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/timer.hpp"
#include "door/connection.hpp"
#include "door/doorkeeper.hpp"
#include "door/guest.hpp"
#include "door/native_desk.hpp"
#include "door/native_seat.hpp"
#include "net/tls_socket.hpp"
#include "wire/conversation.hpp"

namespace farpty::door {

inline constexpr std::chrono::seconds kHandshakeTime{10};  // from accept to hello
inline constexpr std::chrono::seconds kFarewellTime{10};   // for a peer that does not answer the end

// Of a connection that we made ourselves (dialler.hpp): TLS's roles are turned, farpty/1's are not. Never called from inside
// the constructor or open().
class Dialled {
 public:
  virtual ~Dialled() = default;
  [[nodiscard]] virtual const auth::Token& token() const = 0;  // by which the other end is known, and we are
  virtual void stands(Guest& connection, const net::Tls& tls) = 0;
  virtual void heard() = 0;    // something of farpty/1
  virtual void known() = 0;    // something that the desk says only to whose handshake has ended there, too
  virtual void hung_up() = 0;  // the desk said that it will not come back
  virtual void cannot_start(const std::string& why) = 0;
  virtual void refused(Guest& connection, const std::string& why) = 0;  // by TLS; the end of the connection follows
};

class NativeConnection final : public Guest, private net::TlsSocket::Owner, private net::TlsJudge, private Voice {
 public:
  NativeConnection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket, Doorkeeper::Place place,
                   std::function<void(Guest&)> closed);
  // One that we made; `dialled` outlives it.
  NativeConnection(Shared& shared, std::shared_ptr<const Settings> settings, OwnedFd socket, Doorkeeper::Place place,
                   Dialled& dialled, std::function<void(Guest&)> closed);
  NativeConnection(const NativeConnection&) = delete;
  NativeConnection& operator=(const NativeConnection&) = delete;
  ~NativeConnection() override;

  Result<> open() override;
  [[nodiscard]] std::string name() const override { return name_; }

  // Whether the other end is still there may be asked, once both have said hello.
  [[nodiscard]] bool may_ask() const { return !leaving_ && conversation_.may_send(wire::Type::kPing); }
  void ask();
  void leave();  // closes in order; the session stays

 private:
  // net::TlsJudge
  const auth::InvitationSecret* secret_of(const auth::InvitationId& id) override;
  bool accepts(const auth::PublicKey&) override { return true; }  // possession is proved first; admit() judges
  bool holds(Bytes claims) override;
  // net::TlsSocket::Owner
  void established() override;
  void received(Bytes plain) override;
  void drained() override;
  void broken(const std::string& why, net::TlsSocket::Fault fault) override;
  // Voice
  wire::Conversation& conversation() override { return conversation_; }
  void say(const wire::Message& message) override;
  void say_with_next(const wire::Message& message) override;
  [[nodiscard]] std::size_t room() const override;
  [[nodiscard]] bool input_waits() const override { return tls_->input_waits(); }
  void session_over() override;
  boost::asio::io_context& context() override { return shared_.loop.context; }
  Voice& voice() { return *this; }

  void obey(const wire::Message& message);
  void greet(const wire::Hello& hello);
  void start(const wire::Start& start);
  void start_again(const wire::Start& start, Doorkeeper::Begun begun);
  void attach(const wire::Start& start, session::Session& session);
  void resume(const wire::Resume& resume);
  void refuse_stranger(session::Seat& fresh);
  void seat(session::Seat& seat, wire::Started started);
  void list();
  template <typename T>
  void answer(const Answer<T>& given);
  void give_credential(unsigned session);
  void give_ticket();
  [[nodiscard]] bool may_return_to(const session::Session& session) const;
  void log_event(log::Level level, std::string_view event, log::Fields more, const std::string& text) const;
  void judge_later();
  void judge_again();
  void refuse(const std::string& code, const std::string& text);
  void flush();
  void await(std::chrono::seconds patience, const char* what);
  void close();

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;
  Dialled* dialled_ = nullptr;  // null: it came in
  OwnedFd socket_;              // until open()
  net::Address peer_;
  std::string name_;
  std::optional<Doorkeeper::Place> place_;  // until it is known who that is
  std::function<void(Guest&)> closed_;
  std::unique_ptr<net::TlsSocket> tls_;
  std::optional<auth::Identity> identity_;
  std::string who_;  // fingerprint or invitation, for the log and for seats
  std::optional<auth::Grants> grants_;
  std::optional<auth::Ticket> ticket_;  // by which it may have come back
  wire::Conversation conversation_{wire::Role::kServer};
  std::unique_ptr<NativeSeat> seat_;
  std::vector<std::byte> plain_;  // said, and not handed to TLS yet
  bool gathering_ = false;        // within received(): what is said goes out as one
  bool closed_already_ = false;
  bool leaving_ = false;
  bool detached_ = false;  // the client has
  Timer timer_;
  Timer judging_;  // until it is asked again whether the peer may be here
};

}  // namespace farpty::door
