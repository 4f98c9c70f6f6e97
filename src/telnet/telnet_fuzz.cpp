// Fuzzes the telnet endpoint. The first byte of an input chooses what the rest is:
//   even: a script for a server and a client of ours that talk to each other. What one writes the other must read,
//   whatever
//         is negotiated meanwhile; in the end both fall silent and agree about every option.
//   odd:  bytes of a hostile peer, for a server or a client: any chunking must give the same, and replies are bounded.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "telnet/endpoint.hpp"

using namespace farpty;
using namespace farpty::telnet;

namespace {

using Buffer = std::vector<std::byte>;

void require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

constexpr Option kOptions[] = {Option::kBinary, Option::kEcho, Option::kSuppressGoAhead, Option::kTerminalType,
                               Option::kWindowSize};

class Recorder final : public Receiver {
 public:
  void on_data(Bytes bytes) override {
    require(!bytes.empty(), "no empty data");
    data.insert(data.end(), bytes.begin(), bytes.end());
  }
  void on_event(Event event) override { mark(1, std::to_underlying(event)); }
  void on_window(WindowSize size) override { mark(2, size.columns * 65536U + size.rows); }
  TypeChoice on_terminal_type(std::string_view name) override {
    require(valid_terminal_type(name), "only valid names");
    mark(3, static_cast<unsigned>(name.size()));
    return name.ends_with('!') ? TypeChoice::kTake : TypeChoice::kNext;
  }
  void on_option(Option option, Side side, Wish wish) override {
    mark(4, std::to_underlying(option) * 4U + std::to_underlying(side) * 2U + std::to_underlying(wish));
  }

  Buffer data;
  std::vector<std::size_t> marks;

 private:
  void mark(std::size_t kind, std::size_t detail) { marks.insert(marks.end(), {kind, detail, data.size()}); }
};

Endpoint make(Role role) {
  return Endpoint(role, {.terminal_types = {"xterm-256color", "xterm"}, .window = WindowSize{80, 24}});
}

void flush(Endpoint& endpoint, Buffer& out) {
  const std::size_t before = out.size();
  endpoint.flush(out);
  require(out.size() - before <= kReplyBound + kLongestReply, "replies are bounded");
}

void receive_all(Endpoint& endpoint, Bytes wire, Receiver& to, Buffer& replies) {
  while (!wire.empty()) {
    const std::size_t taken = endpoint.receive(wire, to);
    wire = wire.subspan(taken);
    if (taken == 0) {
      require(endpoint.has_output(), "receive() stops only for a reason");
      flush(endpoint, replies);
    }
  }
  flush(endpoint, replies);
}

// One end of the conversation, with what it wrote and what it heard.
struct End {
  explicit End(Role role) : endpoint(make(role)), client(role == Role::kClient) {}

  void write(Bytes bytes, Buffer& wire) {
    for (const std::byte byte : bytes) {
      // Left out: bytes that a mode changes by design (a line server's newlines), or whose mode the peer may not know
      // yet.
      const bool lines = client && !endpoint.option(Option::kSuppressGoAhead, Side::kTheirs).on();
      const bool in_doubt = endpoint.option(Option::kBinary, Side::kOurs).asked();
      const bool newline = byte == kCr || (byte == kLf && lines);
      const std::byte safe = newline && (lines || in_doubt) ? std::byte{'x'} : byte;
      endpoint.encode(Bytes(&safe, 1), wire);
      written.push_back(safe);
    }
  }
  void read(std::size_t count, Buffer& wire, Buffer& replies) {
    count = std::min(count, wire.size());
    const Buffer now(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(count));
    wire.erase(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(count));
    receive_all(endpoint, now, heard, replies);
  }

  Endpoint endpoint;
  bool client;
  Buffer written;
  Recorder heard;
};

void conversation(Bytes script) {
  End server(Role::kServer), client(Role::kClient);
  Buffer to_server, to_client;
  while (script.size() >= 2) {
    const unsigned op = std::to_integer<unsigned>(script[0]), detail = std::to_integer<unsigned>(script[1]);
    script = script.subspan(2);
    End& end = op & 1 ? client : server;
    Buffer& in = op & 1 ? to_client : to_server;
    Buffer& out = op & 1 ? to_server : to_client;
    switch (op >> 1 & 7) {
      case 0: end.endpoint.start(); break;
      case 1: {
        const std::size_t size = std::min<std::size_t>(detail & 15, script.size());
        end.write(script.first(size), out);
        script = script.subspan(size);
        break;
      }
      case 2:
      case 3: end.read(detail, in, out); break;
      case 4:
      case 5:
        end.endpoint.ask(kOptions[detail % kOptionCount], detail & 64 ? Side::kOurs : Side::kTheirs,
                         detail & 128 ? Wish::kOn : Wish::kOff);
        break;
      case 6:
        client.endpoint.set_window({static_cast<std::uint16_t>(detail * 257), static_cast<std::uint16_t>(op)});
        break;
      case 7: end.endpoint.send(Command::kInterrupt); break;
    }
  }
  for (int round = 0;
       server.endpoint.has_output() || client.endpoint.has_output() || !to_server.empty() || !to_client.empty();
       ++round) {
    require(round < 1000, "two ends fall silent");
    flush(server.endpoint, to_client);
    flush(client.endpoint, to_server);
    server.read(to_server.size(), to_server, to_client);
    client.read(to_client.size(), to_client, to_server);
  }
  require(client.heard.data == server.written, "the client reads what the server wrote");
  require(server.heard.data == client.written, "the server reads what the client wrote");
  for (const Option option : kOptions) {
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const auto& here = server.endpoint.option(option, side);
      const auto& there = client.endpoint.option(option, side == Side::kOurs ? Side::kTheirs : Side::kOurs);
      require(!here.asked() && !here.ending() && here.state() == there.state(), "both ends agree");
    }
  }
}

void hostile(Role role, unsigned pieces, Bytes wire) {
  Endpoint whole = make(role), cut = make(role);
  whole.start();
  cut.start();
  Recorder whole_heard, cut_heard;
  Buffer whole_said, cut_said;
  receive_all(whole, wire, whole_heard, whole_said);
  for (std::size_t at = 0; at < wire.size();) {
    const std::size_t piece = std::min<std::size_t>(1 + (pieces + at) % 7, wire.size() - at);
    receive_all(cut, wire.subspan(at, piece), cut_heard, cut_said);
    at += piece;
  }
  flush(cut, cut_said);
  require(whole_heard.data == cut_heard.data, "chunking does not change data");
  require(whole_heard.marks == cut_heard.marks, "chunking does not change events");
  require(role == Role::kClient || whole_said == cut_said, "chunking does not change replies");
  require(whole_said.size() <= 64 + 48 * wire.size(), "no great amplification");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    conversation(rest);
  } else {
    hostile(data[0] & 2 ? Role::kServer : Role::kClient, data[0] >> 2, rest);
  }
  return 0;
}
