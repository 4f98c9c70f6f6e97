// Strings without a libc, as far as this module and the shim meet them: names of devices, entries of the environment.
#pragma once

#include <cstddef>

namespace farpty::ttycall {

inline std::size_t length(const char* text) {
  std::size_t n = 0;
  while (text[n] != 0) ++n;
  return n;
}

inline bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

// What follows `start` in `text`; null where it does not begin so.
inline const char* after(const char* text, const char* start) {
  while (*start != 0)
    if (*text++ != *start++) return nullptr;
  return text;
}

inline bool contains(const char* text, const char* part) {
  for (; *text != 0; ++text)
    if (after(text, part) != nullptr) return true;
  return *part == 0;
}

// A whole decimal number of at most 9 digits that ends at `stop`; -1 where it is none. `rest` becomes what follows it.
inline int number(const char* text, char stop = 0, const char** rest = nullptr) {
  int value = 0, digits = 0;
  for (; *text >= '0' && *text <= '9'; ++text) {
    if (++digits > 9) return -1;
    value = value * 10 + (*text - '0');
  }
  if (digits == 0 || *text != stop) return -1;
  if (rest != nullptr) *rest = text + 1;
  return value;
}

// Writes `value` and a NUL; returns the end.
inline char* print(char* to, int value) {
  char digits[12];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}

inline char* print(char* to, const char* text) {
  while (*text != 0) *to++ = *text++;
  *to = 0;
  return to;
}

}  // namespace farpty::ttycall
