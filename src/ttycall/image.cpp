#include "ttycall/image.hpp"

#include "ttycall/archive_note.hpp"

namespace farpty::ttycall {

namespace {

// elf(5), 64-bit, little-endian.
struct Header {
  std::uint8_t identity[16];
  std::uint16_t type, machine;
  std::uint32_t version;
  std::uint64_t entry, segments_at, sections_at;
  std::uint32_t flags;
  std::uint16_t size, segment_size, segment_count, section_size, section_count, names;
};
struct Segment {
  std::uint32_t type, flags;
  std::uint64_t offset, address, physical, file_size, memory_size, alignment;
};
struct Entry {
  std::uint64_t tag, value;
};
static_assert(sizeof(Header) == 64 && sizeof(Segment) == 56 && sizeof(Entry) == 16);

constexpr std::uint32_t kLoad = 1, kDynamic = 2, kInterpreter = 3, kNote = 4;
constexpr std::uint64_t kEnd = 0, kNeeded = 1, kStrings = 5;
constexpr std::uint16_t kExecutable = 2, kShared = 3;
#if defined(__x86_64__)
constexpr std::uint16_t kMachine = 62;  // EM_X86_64
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = 183;  // EM_AARCH64
#else
#error "images of x86_64 and aarch64 are known"
#endif

// More than any linker makes; what lies behind is not looked at.
constexpr unsigned kMostSegments = 64, kMostEntries = 512, kMostNeeded = 64;
constexpr std::size_t kMostNotes = 1024;

// The file, a piece of it at a time: the parts that matter lie together.
class Reader {
 public:
  explicit Reader(const ImageFile& file) : file_(file) {}

  // Whether all `size` bytes (at most kPiece) were there.
  bool read(std::uint64_t offset, void* to, std::size_t size) {
    if (offset < begin_ || offset - begin_ > size_ || size_ - (offset - begin_) < size) {
      begin_ = offset;
      size_ = file_.read(file_.file, offset, bytes_, kPiece);
      if (size_ < size) return false;
    }
    auto* const target = static_cast<std::uint8_t*>(to);
    for (std::size_t i = 0; i < size; ++i) target[i] = bytes_[offset - begin_ + i];
    return true;
  }

 private:
  static constexpr std::size_t kPiece = 1024;
  const ImageFile& file_;
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
  std::uint8_t bytes_[kPiece];
};

bool is_archive(const ArchiveNote& note) {
  constexpr ArchiveNote kOurs{};
  for (unsigned i = 0; i < sizeof note.name; ++i)
    if (note.name[i] != kOurs.name[i]) return false;
  return note.release[0] == kOurs.release[0] && note.release[1] == kOurs.release[1];
}

class Elf {
 public:
  Elf(Reader& reader, const Header& header) : reader_(reader), header_(header) {}

  [[nodiscard]] Image classify() {
    Segment dynamic{};
    bool is_dynamic = false, has_interpreter = false;
    for (unsigned i = 0; i < segment_count(); ++i) {
      Segment segment;
      if (!read_segment(i, segment)) return Image::kUnknown;
      if (segment.type == kInterpreter) has_interpreter = true;
      if (segment.type == kDynamic) {
        dynamic = segment;
        is_dynamic = true;
      }
    }
    const Note note = find_note();
    if (note == Note::kArchive) return Image::kServed;
    if (!has_interpreter || !is_dynamic || note == Note::kGo) return Image::kRaw;
    return needs_libc(dynamic) ? Image::kServed : Image::kRaw;
  }

 private:
  [[nodiscard]] unsigned segment_count() const {
    return header_.segment_count < kMostSegments ? header_.segment_count : kMostSegments;
  }
  bool read_segment(unsigned i, Segment& to) {
    return reader_.read(header_.segments_at + i * sizeof(Segment), &to, sizeof to);
  }

  // Go makes its system calls itself, also where it is linked to a libc (cgo). Who is linked to libfarpty.a of this release
  // brings along what the preloaded library would be.
  enum class Note : std::uint8_t { kNone, kGo, kArchive };
  Note find_note() {
    struct {
      std::uint32_t name_size, size, type;
      char name[4];
    } note;
    const auto padded = [](std::uint32_t size) { return (std::uint64_t{size} + 3) & ~std::uint64_t{3}; };
    for (unsigned i = 0; i < segment_count(); ++i) {
      Segment segment;
      if (!read_segment(i, segment) || segment.type != kNote) continue;
      const std::uint64_t end = segment.file_size < kMostNotes ? segment.file_size : kMostNotes;
      for (std::uint64_t at = 0; at + sizeof note <= end;) {
        if (!reader_.read(segment.offset + at, &note, sizeof note)) break;
        if (note.name_size == 4 && note.name[0] == 'G' && note.name[1] == 'o' && note.name[2] == 0) return Note::kGo;
        if (note.name_size == sizeof ArchiveNote::name && note.size == sizeof ArchiveNote::release) {
          ArchiveNote found;
          if (reader_.read(segment.offset + at, &found, sizeof found) && is_archive(found)) return Note::kArchive;
        }
        at += 12 + padded(note.name_size) + padded(note.size);
      }
    }
    return Note::kNone;
  }

  // The place in the file of what is loaded at `address`.
  bool find(std::uint64_t address, std::uint64_t& offset) {
    for (unsigned i = 0; i < segment_count(); ++i) {
      Segment segment;
      if (!read_segment(i, segment) || segment.type != kLoad) continue;
      if (address < segment.address || address - segment.address >= segment.file_size) continue;
      offset = segment.offset + (address - segment.address);
      return true;
    }
    return false;
  }

  bool needs_libc(const Segment& dynamic) {
    std::uint64_t needed[kMostNeeded], strings = 0, offset = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < kMostEntries && (i + 1) * sizeof(Entry) <= dynamic.file_size; ++i) {
      Entry entry;
      if (!reader_.read(dynamic.offset + i * sizeof entry, &entry, sizeof entry) || entry.tag == kEnd) break;
      if (entry.tag == kNeeded && count < kMostNeeded) needed[count++] = entry.value;
      if (entry.tag == kStrings) strings = entry.value;
    }
    if (!find(strings, offset)) return false;
    for (unsigned i = 0; i < count; ++i)
      if (is_libc(offset + needed[i])) return true;
    return false;
  }

  // "libc.so.6", "libc.so", "libc.musl-x86_64.so.1"
  bool is_libc(std::uint64_t name) {
    char text[8];
    if (!reader_.read(name, text, sizeof text)) return false;
    constexpr char kStart[] = "libc.";
    for (unsigned i = 0; i < sizeof kStart - 1; ++i)
      if (text[i] != kStart[i]) return false;
    return text[5] == 's' || text[5] == 'm';
  }

  Reader& reader_;
  const Header& header_;
};

// binfmt_script.c: load_script
Image script(Reader& reader, char* interpreter) {
  std::size_t at = 2, size = 0;
  char c = 0;
  while (reader.read(at, &c, 1) && (c == ' ' || c == '\t')) ++at;
  while (size < kInterpreterRoom - 1 && reader.read(at, &c, 1) && c > ' ') {
    interpreter[size++] = c;
    ++at;
  }
  interpreter[size] = 0;
  return size > 0 ? Image::kScript : Image::kUnknown;
}

}  // namespace

Image classify(const ImageFile& file, char* interpreter) {
  Reader reader(file);
  char magic[4];
  if (!reader.read(0, magic, 2)) return Image::kUnknown;
  if (magic[0] == '#' && magic[1] == '!') return script(reader, interpreter);
  if (!reader.read(0, magic, 4) || magic[0] != 0x7f || magic[1] != 'E' || magic[2] != 'L' || magic[3] != 'F')
    return Image::kUnknown;
  Header header;
  if (!reader.read(0, &header, sizeof header)) return Image::kUnknown;
  constexpr std::uint8_t k64Bits = 2, kLittleEndian = 1;
  if (header.identity[4] != k64Bits || header.identity[5] != kLittleEndian || header.machine != kMachine)
    return Image::kForeign;
  if ((header.type != kExecutable && header.type != kShared) || header.segment_size != sizeof(Segment))
    return Image::kUnknown;
  return Elf(reader, header).classify();
}

}  // namespace farpty::ttycall
