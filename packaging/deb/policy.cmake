# Run by CPack when the files of the .deb are in place: what Debian wants and no other system does (Debian Policy 12.1,
# 12.5, 12.7): a compressed man page, a copyright file, compressed changelogs.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr")
set(source "${CMAKE_CURRENT_LIST_DIR}/../..")
set(doc "${root}/share/doc/farpty")

configure_file("${CMAKE_CURRENT_LIST_DIR}/copyright" "${doc}/copyright" COPYONLY)
configure_file("${source}/CHANGELOG.md" "${doc}/changelog" COPYONLY)
configure_file("${CMAKE_CURRENT_LIST_DIR}/changelog" "${doc}/changelog.Debian" @ONLY)
foreach(file IN ITEMS "${root}/share/man/man1/farpty.1" "${doc}/changelog" "${doc}/changelog.Debian")
  execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
