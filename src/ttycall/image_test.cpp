// Executables of this machine, and files made here.
#include "ttycall/image.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ttycall/archive_note.hpp"

namespace farpty::ttycall {

namespace {

std::size_t read_string(void* file, std::uint64_t offset, void* to, std::size_t size) {
  const auto& bytes = *static_cast<const std::string*>(file);
  if (offset >= bytes.size()) return 0;
  return bytes.copy(static_cast<char*>(to), size, offset);
}

struct Looked {
  Image image;
  std::string interpreter;
};

Looked look(std::string bytes) {
  char interpreter[kInterpreterRoom] = {};
  const Image image = classify({read_string, &bytes}, interpreter);
  return {image, interpreter};
}

Image image_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return look(std::string(std::istreambuf_iterator<char>(file), {})).image;
}

constexpr Elf64_Half kThisMachine =
#if defined(__x86_64__)
    EM_X86_64;
#else
    EM_AARCH64;
#endif

// A file with the parts that are looked at: segments, notes, the dynamic section and its strings.
struct Made {
  bool has_interpreter = true;
  std::vector<std::string> needed = {"libm.so.6", "libc.so.6"};
  std::string note_name = "GNU";
  std::string note_behind = {};
  Elf64_Half machine = kThisMachine;
  unsigned char bits = ELFCLASS64;

  [[nodiscard]] std::string bytes() const {
    constexpr std::uint64_t kBase = 0x400000;
    std::string strings(1, 0), dynamic, note;
    for (const std::string& name : needed) {
      append(dynamic, Elf64_Dyn{.d_tag = DT_NEEDED, .d_un = {.d_val = strings.size()}});
      strings += name + std::string(1, 0);
    }
    append(note, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 4, .n_type = 4});
    note += note_name + std::string(4 - note_name.size() % 4, 0) + "1234";
    note += note_behind;
    const unsigned count = 3 + has_interpreter;
    const std::uint64_t note_at = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr), dynamic_at = note_at + note.size(),
                        strings_at = dynamic_at + dynamic.size() + 2 * sizeof(Elf64_Dyn);
    append(dynamic, Elf64_Dyn{.d_tag = DT_STRTAB, .d_un = {.d_val = kBase + strings_at}});
    append(dynamic, Elf64_Dyn{});
    const std::uint64_t end = strings_at + strings.size();

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = bits;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = machine;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(count);
    std::string all;
    append(all, header);
    const auto segment = [&](Elf64_Word type, std::uint64_t at, std::uint64_t size) {
      append(all, Elf64_Phdr{.p_type = type, .p_offset = at, .p_vaddr = kBase + at, .p_filesz = size});
    };
    segment(PT_LOAD, 0, end);
    segment(PT_NOTE, note_at, note.size());
    segment(PT_DYNAMIC, dynamic_at, dynamic.size());
    if (has_interpreter) segment(PT_INTERP, 0, 1);
    return all + note + dynamic + strings;
  }

 private:
  template <typename T>
  static void append(std::string& to, const T& what) {
    to.append(reinterpret_cast<const char*>(&what), sizeof what);
  }
};

TEST(ImageTest, programs_of_this_machine) {
  EXPECT_EQ(image_of("/bin/sh"), Image::kServed);
  EXPECT_EQ(image_of("/proc/self/exe"), Image::kServed);
  EXPECT_EQ(image_of("/etc/passwd"), Image::kUnknown);
}

TEST(ImageTest, dynamic_programs) {
  EXPECT_EQ(look(Made{}.bytes()).image, Image::kServed);
  EXPECT_EQ(look(Made{.needed = {"libc.musl-x86_64.so.1"}}.bytes()).image, Image::kServed);
  EXPECT_EQ(look(Made{.needed = {"libc.so"}}.bytes()).image, Image::kServed);
}

TEST(ImageTest, programs_that_make_their_calls_themselves) {
  EXPECT_EQ(look(Made{.has_interpreter = false}.bytes()).image, Image::kRaw);
  EXPECT_EQ(look(Made{.needed = {}}.bytes()).image, Image::kRaw);
  EXPECT_EQ(look(Made{.needed = {"libcap.so.2", "libc++.so"}}.bytes()).image, Image::kRaw);
  EXPECT_EQ(look(Made{.note_name = "Go"}.bytes()).image, Image::kRaw);
}

TEST(ImageTest, programs_that_bring_the_archive) {
  const auto made_by = [](const ArchiveNote& note) {
    const std::string bytes(reinterpret_cast<const char*>(&note), sizeof note);
    return look(Made{.has_interpreter = false, .note_behind = bytes}.bytes()).image;
  };
  EXPECT_EQ(made_by({}), Image::kServed);
  EXPECT_EQ(made_by({.release = {'f', 0}}), Image::kRaw) << "of another release";
  EXPECT_EQ(made_by({.name = "farptz"}), Image::kRaw);
  EXPECT_EQ(made_by({.size = 4}), Image::kRaw);
}

TEST(ImageTest, programs_for_other_machines) {
  EXPECT_EQ(look(Made{.machine = EM_RISCV}.bytes()).image, Image::kForeign);
  EXPECT_EQ(look(Made{.machine = EM_386, .bits = ELFCLASS32}.bytes()).image, Image::kForeign);
}

TEST(ImageTest, scripts) {
  EXPECT_EQ(look("#!/bin/sh\n").interpreter, "/bin/sh");
  EXPECT_EQ(look("#! \t/bin/busybox sh -e\n").interpreter, "/bin/busybox");
  EXPECT_EQ(look("#!/no/newline").interpreter, "/no/newline");
  EXPECT_EQ(look("#!/" + std::string(1000, 'x')).interpreter.size(), kInterpreterRoom - 1);
  EXPECT_EQ(look("#!/bin/sh\n").image, Image::kScript);
  EXPECT_EQ(look("#!\n").image, Image::kUnknown);
  EXPECT_EQ(look("#!").image, Image::kUnknown);
}

TEST(ImageTest, what_is_none) {
  EXPECT_EQ(look("").image, Image::kUnknown);
  EXPECT_EQ(look("\x7f").image, Image::kUnknown);
  EXPECT_EQ(look("\x7f"
                 "ELF")
                .image,
            Image::kUnknown);
  EXPECT_EQ(look(Made{}.bytes().substr(0, 100)).image, Image::kUnknown);
}

// Whatever stands in the file: an answer, and no read outside.
TEST(ImageTest, damaged_files) {
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE(seed);
  const std::string whole = Made{}.bytes();
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    for (int changes = static_cast<int>(random() % 8); changes >= 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    bytes.resize(bytes.size() - random() % 16);
    static_cast<void>(look(bytes));
  }
}

}  // namespace

}  // namespace farpty::ttycall
