# How a module of farpty is built: farpty_module(), and the settings that all of them share.

# g++ 12 miscompiles coroutines: a capturing lambda or a braced aggregate inside a co_await expression is destroyed twice.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines. "
    "Use clang 19: run scripts/bootstrap, then cmake --preset release.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Names in messages, symbols and sanitizer reports start at the source root: the same binary from every checkout, and
# ccache (told the root by the presets) shares objects between checkouts.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
# The target all_verify_interface_header_sets compiles each header alone; scripts/lint builds it.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

option(FARPTY_FUZZ "build the fuzz targets (clang, libFuzzer)" OFF)
if(FARPTY_FUZZ)
  add_custom_target(fuzzers)  # all of them and nothing else
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

# Flags of every target of ours. Warnings are errors in the presets (CMAKE_COMPILE_WARNING_AS_ERROR).
add_library(farpty_flags INTERFACE)
target_include_directories(farpty_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(farpty_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers)
target_compile_definitions(farpty_flags INTERFACE
  FARPTY_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL _GNU_SOURCE)

# The table of layers: FARPTY_MODULES in build order, FARPTY_USES_<module> the modules it may use.
file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/layers.txt" layers REGEX "^[a-z]+:")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/layers.txt")
foreach(line IN LISTS layers)
  string(REGEX MATCH "^([a-z]+): *(.*)$" _ "${line}")
  set(module "${CMAKE_MATCH_1}")
  string(REPLACE " " ";" uses "${CMAKE_MATCH_2}")
  list(APPEND FARPTY_MODULES "${module}")
  set(FARPTY_USES_${module} "${uses}")
endforeach()

# Where the operating systems differ, a module has linux/X.cpp and macos/X.cpp for one and the same X.hpp. That is the only
# place for such code: no source asks the compiler for the system's name (scripts/lint-source).
set(FARPTY_SYSTEM linux)
if(APPLE)
  set(FARPTY_SYSTEM macos)
endif()

# farpty_module(NAME [SOURCES source...] [LIBRARIES lib...]): the module in the current folder.
#   *.cpp, or the SOURCES named, and SYSTEM/*.cpp are the library farpty::NAME, linked to what layers.txt allows;
#   *_test.cpp becomes the test program NAME_test (label unit);
#   X_fuzz.cpp becomes the fuzz target X_fuzz, with its seed corpus in corpus/X (label fuzz).
function(farpty_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cpp$")
  if(arg_SOURCES)
    set(sources ${arg_SOURCES})
  endif()
  file(GLOB system_sources CONFIGURE_DEPENDS ${FARPTY_SYSTEM}/*.cpp)
  list(APPEND sources ${system_sources})

  set(kind PUBLIC)
  if(sources)
    add_library(farpty_${name} STATIC ${sources})
  else()
    add_library(farpty_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  add_library(farpty::${name} ALIAS farpty_${name})
  file(GLOB headers CONFIGURE_DEPENDS *.hpp *.h)
  if(headers)
    target_sources(farpty_${name} ${kind} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${headers})
  endif()
  list(TRANSFORM FARPTY_USES_${name} PREPEND "farpty_" OUTPUT_VARIABLE uses)
  set(linked "")
  foreach(use IN LISTS uses)
    if(TARGET ${use})
      list(APPEND linked ${use})
    endif()
  endforeach()
  target_link_libraries(farpty_${name} ${kind} farpty_flags ${linked} ${arg_LIBRARIES})

  if(tests AND BUILD_TESTING)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE farpty_${name} GTest::gtest_main GTest::gmock)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
  if(FARPTY_FUZZ)
    foreach(fuzzer IN LISTS fuzzers)
      cmake_path(GET fuzzer STEM target)
      string(REGEX REPLACE "_fuzz$" "" subject "${target}")
      add_executable(${target} ${fuzzer})
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${target} PRIVATE farpty_${name})
      add_dependencies(fuzzers ${target})
      # Found inputs go to the build tree; the corpus in git is only read.
      file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/found/${subject}")
      add_test(NAME fuzz-${subject} COMMAND ${target} -runs=200000 -max_total_time=30 -timeout=10
        "${CMAKE_CURRENT_BINARY_DIR}/found/${subject}" "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${subject}")
      set_tests_properties(fuzz-${subject} PROPERTIES LABELS fuzz TIMEOUT 300)
    endforeach()
  endif()
endfunction()

# carry(SOURCE DEFINITION FILE): SOURCE, which is given the path by DEFINITION, puts FILE's bytes into the object, where constants are:
# FARPTY_CARRIED_SECTION is the assembler's word for that.
function(carry source definition file)
  set(section ".section .rodata")
  if(APPLE)
    set(section ".const")
  endif()
  set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS "${definition}=\"${file}\";FARPTY_CARRIED_SECTION=\"${section}\"" OBJECT_DEPENDS "${file}")
endfunction()
