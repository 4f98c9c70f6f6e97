#include "telnet/encoder.hpp"

#include "telnet/protocol.hpp"
#include "telnet/scan.hpp"

namespace farpty::telnet {

void Encoder::set_newlines(Newlines newlines) noexcept {
  if (newlines == newlines_) return;
  newlines_ = newlines;
  after_cr_ = false;
}

void Encoder::complete(std::vector<std::byte>& out) {
  if (newlines_ != Newlines::kScreen || !after_cr_) return;
  out.push_back(kNul);
  after_cr_ = false;
}

void Encoder::encode(Bytes data, std::vector<std::byte>& out) {
  if (data.empty()) return;
  if (newlines_ == Newlines::kLines) {
    encode_lines(data, out);
    return;
  }
  const bool cr_matters = newlines_ != Newlines::kVerbatim;
  if (after_cr_ && data[0] != kLf) out.push_back(kNul);
  after_cr_ = newlines_ == Newlines::kScreen && data.back() == kCr;

  std::size_t start = 0;  // everything before it is written
  const auto write_to = [&](std::size_t end) {
    out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(start),
               data.begin() + static_cast<std::ptrdiff_t>(end));
    start = end;
  };
  std::size_t iac = find(data, kIacByte);
  std::size_t cr = cr_matters ? find(data, kCr) : data.size();
  while (iac < data.size() || cr < data.size()) {
    if (iac < cr) {
      write_to(iac + 1);
      out.push_back(kIacByte);
      iac = find(data, kIacByte, iac + 1);
      continue;
    }
    const std::size_t next = cr + 1;
    const bool open = newlines_ == Newlines::kScreen && (next == data.size() || data[next] == kLf);
    if (!open) {
      write_to(next);
      out.push_back(kNul);
    }
    cr = find(data, kCr, next);
  }
  write_to(data.size());
}

void Encoder::encode_lines(Bytes data, std::vector<std::byte>& out) {
  for (const std::byte byte : data) {
    const bool lf_of_cr = byte == kLf && after_cr_;
    after_cr_ = byte == kCr;
    if (lf_of_cr) continue;
    if (byte == kCr || byte == kLf) {
      out.insert(out.end(), {kCr, kLf});
    } else {
      out.push_back(byte);
      if (byte == kIacByte) out.push_back(kIacByte);
    }
  }
}

}  // namespace farpty::telnet
