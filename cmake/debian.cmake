# What the Debian package holds beside what is installed everywhere, and how cpack makes it (scripts/package.sh).
set(revision 1)
set(debian ${CMAKE_BINARY_DIR}/debian)
set(maintainer "The cdclite developers <developers@cdclite.invalid>") # an address that never is anyone's (RFC 2606)

# Its changelog has the version and the day of the newest release in CHANGELOG.md.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS CHANGELOG.md)
file(STRINGS CHANGELOG.md releases REGEX "^## \\[[0-9]")
list(GET releases 0 release)
if(NOT release MATCHES "^## \\[${PROJECT_VERSION}\\] - ([0-9-]+)$")
  message(FATAL_ERROR "CHANGELOG.md: the newest release, '${release}', is not ${PROJECT_VERSION}")
endif()
execute_process(COMMAND date --utc --rfc-email --date=${CMAKE_MATCH_1} OUTPUT_VARIABLE released
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${debian}/changelog "cdclite (${PROJECT_VERSION}-${revision}) bookworm; urgency=medium

  * Release ${PROJECT_VERSION}: what is new stands in changelog.gz.

 -- ${maintainer}  ${released}
")
configure_file(packaging/debian/copyright ${debian}/copyright COPYONLY)
compressed_file(${debian}/changelog ${debian}/changelog.Debian.gz)
compressed_file(${CMAKE_SOURCE_DIR}/CHANGELOG.md ${debian}/changelog.gz)
add_custom_target(debian ALL DEPENDS ${debian}/changelog.Debian.gz ${debian}/changelog.gz)
install(FILES ${debian}/copyright ${debian}/changelog.Debian.gz ${debian}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/debian/load.env DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/cdclite)
# Passwords stand in it.
install(FILES packaging/debian/kafka.properties DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/cdclite
  PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES packaging/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME cdclite)

set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT ${maintainer})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${revision})
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS sqlite3)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus-node-exporter, python3-pandas")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Loads change events that Debezium captured, from Kafka, files and pipes,
each exactly once, and answers questions on them. Every table has its typed
history and views in one SQLite file, which any sqlite3 shell opens; canned
queries tell what happened to a row, and how a table stood at any time.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
  ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
