# cmake -P embed.cmake OUT NAME=FILE...
# Writes a C file with each FILE as a byte array; string literals over 4,095 bytes are not portable C.
set(out "${CMAKE_ARGV3}")
set(text "#include \"cdclite/embedded.h\"\n\n")
set(rows "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
  string(REGEX MATCH "^([^=]*)=(.*)$" ignored "${CMAKE_ARGV${i}}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  # The closing zero lets text files be used as C strings.
  string(APPEND text "static const unsigned char file_${i}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", (const char *)file_${i}, ${size}},\n")
endforeach()
string(APPEND text "\nconst struct embedded_file embedded_files[] = {\n${rows}    {0, 0, 0},\n};\n")
file(WRITE "${out}" "${text}")
