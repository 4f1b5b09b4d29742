# What `cmake --install` puts where. Paths of the prefix stand in the systemd unit: it is chosen when configuring.
include(GNUInstallDirs)
find_program(GZIP gzip)
mark_as_advanced(GZIP)

# Compresses a file to what the same bytes always become: compressed_file(FROM TO)
function(compressed_file from to)
  add_custom_command(
    OUTPUT ${to}
    COMMAND ${GZIP} -9nc ${from} > ${to}
    DEPENDS ${from}
    VERBATIM)
endfunction()

# The manual page is what the program itself prints: where it runs.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  set(page ${CMAKE_BINARY_DIR}/cdclite.1)
  add_custom_command(
    OUTPUT ${page}
    COMMAND cdclite man > ${page}
    DEPENDS cdclite
    COMMENT "Printing the manual page"
    VERBATIM)
  if(GZIP)
    compressed_file(${page} ${page}.gz)
    set(page ${page}.gz)
  endif()
  add_custom_target(manual ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

install(TARGETS cdclite RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY queries DESTINATION ${CMAKE_INSTALL_DATADIR}/cdclite)

# Debian's zsh looks into the one below /usr/local, into the other below /usr.
if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
  set(zsh_completions vendor-completions)
else()
  set(zsh_completions site-functions)
endif()
set(CDCLITE_ZSH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/zsh/${zsh_completions} CACHE STRING "Where zsh looks for completions")
install(FILES completions/cdclite.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME cdclite)
install(FILES completions/cdclite.zsh DESTINATION ${CDCLITE_ZSH_COMPLETIONS} RENAME _cdclite)
install(FILES completions/cdclite.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The service: what systemd reads, and its user.
file(READ deploy/cdclite.service unit)
string(REPLACE /usr/local/bin/ ${CMAKE_INSTALL_FULL_BINDIR}/ unit "${unit}")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/cdclite.service CONTENT "${unit}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS deploy/cdclite.service)
install(FILES ${CMAKE_BINARY_DIR}/cdclite.service DESTINATION lib/systemd/system)
install(FILES deploy/cdclite.sysusers DESTINATION lib/sysusers.d RENAME cdclite.conf)

# The pages as they link to each other.
install(FILES README.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/connector.json deploy/register.sh DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy)
if(CDCLITE_DEBIAN)
  include(cmake/debian.cmake)
else()
  install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
