# What makes the optimized program faster, by what GCC offers. The program is optimized as a whole when it is linked; the
# library's objects hold ordinary code as well, which the tests link in less time.
include(CheckCCompilerFlag)

function(optimize library program)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL GNU OR NOT CMAKE_BUILD_TYPE STREQUAL Release)
    return()
  endif()
  target_compile_options(${library} PRIVATE -flto=auto -ffat-lto-objects)
  target_link_options(${library} INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:OPTIMIZED_AS_A_WHOLE>>>:-fno-lto>)
  set_target_properties(${program} PROPERTIES OPTIMIZED_AS_A_WHOLE ON)
  target_compile_options(${program} PRIVATE -flto=auto)
  target_link_options(${program} PRIVATE -flto=auto)
  # x86-64: structs of some hundred bytes are cleared and copied by the C library, as `rep` takes long to begin.
  set(CMAKE_REQUIRED_FLAGS -Werror)
  foreach(what memset memcpy)
    set(strategy -m${what}-strategy=unrolled_loop:128:noalign,libcall:-1:noalign)
    check_c_compiler_flag(${strategy} takes_${what}_strategy)
    if(takes_${what}_strategy)
      target_compile_options(${library} PRIVATE ${strategy})
      target_link_options(${program} PRIVATE ${strategy})
    endif()
  endforeach()
endfunction()
