# What makes a fault in the program harder to use; tests/security/check_hardening.py holds the result. The sanitizers
# bring their own.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

function(harden target)
  set(CMAKE_REQUIRED_FLAGS -Werror) # clang takes flags of another processor with a warning
  foreach(flag -fstack-protector-strong -fstack-clash-protection)
    string(MAKE_C_IDENTIFIER "takes${flag}" takes)
    check_c_compiler_flag(${flag} ${takes})
    if(${takes})
      target_compile_options(${target} PUBLIC ${flag})
    endif()
  endforeach()
  # It needs an optimizing build. Some compilers define a lesser one themselves.
  target_compile_options(${target} PUBLIC -fPIE "$<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
  target_link_options(${target} PUBLIC -pie)
  # What ELF files have, and others do not.
  set(elf -Wl,-z,relro,-z,now,-z,noexecstack)
  check_linker_flag(C ${elf} links_elf)
  if(links_elf)
    target_link_options(${target} PUBLIC ${elf})
  endif()
endfunction()
