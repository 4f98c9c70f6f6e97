# What `cmake --install` puts where, and the .deb that CPack makes of it (make deb).
#
# The package opens no door by itself: its units lie ready, and nothing enables them.
include(GNUInstallDirs)

install(TARGETS farpty RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS farpty_shim LIBRARY DESTINATION libexec/farpty)  # not lib: CPack would take it for a public library and call ldconfig
install(FILES docs/man/farpty.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES packaging/completions/farpty.bash RENAME farpty
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES packaging/completions/_farpty DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES packaging/completions/farpty.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
install(FILES packaging/systemd/farpty.service packaging/systemd/farpty.socket DESTINATION lib/systemd/user)
install(FILES "packaging/systemd/farpty-public@.service" DESTINATION lib/systemd/system)
install(FILES README.md ARCHITECTURE.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME farpty)
set(CPACK_PACKAGE_VENDOR "the farpty developers")
set(CPACK_PACKAGE_CONTACT "farpty developers <maintainers@farpty.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "terminal on any machine that can run a process")
set(CPACK_PACKAGE_DESCRIPTION
"farpty serve lets people in by netcat, by telnet or by its own client, and
runs a shell or any other program for each of them on a terminal of its own.
farpty connect is the client: it makes your terminal the far program's.
.
The package opens no door by itself. It brings systemd units for a user's
own server and for programs that are open to the public; enable what you want.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "netcat-openbsd, inetutils-telnet")
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/deb/policy.cmake")
include(CPack)
