#include "pty/carried_library.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace farpty::pty {
namespace {

TEST(CarriedLibrary, BecomesAFileThatNobodyCanChange) {
  std::string content(200'000, 'x');
  content += "the end";
  const auto file = library_in_memory(as_bytes(content));
  ASSERT_TRUE(file) << file.error().message();

  std::string read(content.size() + 1, '\0');
  EXPECT_EQ(::pread(file->get(), read.data(), read.size(), 0), static_cast<ssize_t>(content.size()));
  read.resize(content.size());
  EXPECT_EQ(read, content);

  EXPECT_EQ(::pwrite(file->get(), "y", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(file->get(), 0), -1);
  EXPECT_EQ(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(CarriedLibrary, IsNotInTheDynamicExecutable) { EXPECT_FALSE(carried_library().has_value()); }

}  // namespace
}  // namespace farpty::pty
