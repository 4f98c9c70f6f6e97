#include "auth/ticket.hpp"

namespace farpty::auth {

namespace {

constexpr std::byte kVersion{0x21};
constexpr std::uint64_t kNoTerminal = 1, kReadsOnly = 2, kHasCommand = 4, kExpires = 8, kHasSession = 16;

void put(std::vector<std::byte>& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(number >> shift));
}

std::optional<std::uint64_t> take(Bytes& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::byte byte : bytes.first(8)) number = (number << 8) | std::to_integer<std::uint64_t>(byte);
  bytes = bytes.subspan(8);
  return number;
}

}  // namespace

// The version, six numbers of 8 bytes (flags, times, session, the identity's size), the identity, the command.
std::vector<std::byte> encode_ticket(const Ticket& ticket) {
  const Grants& grants = ticket.grants;
  const auto identity = encode_identity(ticket.identity);
  std::vector<std::byte> bytes{kVersion};
  put(bytes, (grants.terminal == Terminal::kRefused ? kNoTerminal : 0) |
                 (grants.writing == Writing::kRefused ? kReadsOnly : 0) | (grants.command ? kHasCommand : 0) |
                 (grants.expires ? kExpires : 0) | (grants.session ? kHasSession : 0));
  put(bytes, static_cast<std::uint64_t>(ticket.proved));
  put(bytes, static_cast<std::uint64_t>(grants.expires.value_or(0)));
  put(bytes, grants.session.value_or(0));
  put(bytes, identity.size());
  bytes.insert(bytes.end(), identity.begin(), identity.end());
  const Bytes command = as_bytes(grants.command ? *grants.command : std::string_view());
  bytes.insert(bytes.end(), command.begin(), command.end());
  return bytes;
}

std::optional<Ticket> decode_ticket(Bytes bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  bytes = bytes.subspan(1);
  const auto flags = take(bytes), proved = take(bytes), expires = take(bytes), session = take(bytes),
             size = take(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const auto identity = decode_identity(bytes.first(static_cast<std::size_t>(*size)));
  if (!identity) return std::nullopt;
  Ticket ticket{.identity = *identity, .proved = static_cast<Seconds>(*proved)};
  if ((*flags & kNoTerminal) != 0) ticket.grants.terminal = Terminal::kRefused;
  if ((*flags & kReadsOnly) != 0) ticket.grants.writing = Writing::kRefused;
  if ((*flags & kExpires) != 0) ticket.grants.expires = static_cast<Seconds>(*expires);
  if ((*flags & kHasSession) != 0) ticket.grants.session = static_cast<unsigned>(*session);
  if ((*flags & kHasCommand) != 0)
    ticket.grants.command = std::string(as_text(bytes.subspan(static_cast<std::size_t>(*size))));
  return ticket;
}

bool holds(const Ticket& ticket, const Result<Grants>& granted, Seconds now) {
  return granted && *granted == ticket.grants && now >= ticket.proved && now - ticket.proved < kLongestWithoutProof;
}

}  // namespace farpty::auth
