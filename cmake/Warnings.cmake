# One interface target that every ArrayMorph target links: warnings and sanitizers.
add_library(arraymorph_options INTERFACE)
target_compile_options(arraymorph_options INTERFACE -Wall -Wextra -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms inside std::string (GCC bugs 105651 and 105762).
  target_compile_options(arraymorph_options INTERFACE -Wno-restrict -Wno-array-bounds)
endif()
if(ARRAYMORPH_WERROR)
  target_compile_options(arraymorph_options INTERFACE -Werror)
endif()
if(ARRAYMORPH_SANITIZE)
  target_compile_options(arraymorph_options INTERFACE -fsanitize=${ARRAYMORPH_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(arraymorph_options INTERFACE -fsanitize=${ARRAYMORPH_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's manual: with sanitizers this warning gives false alarms. Other builds have it.
    target_compile_options(arraymorph_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(ARRAYMORPH_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "ARRAYMORPH_FUZZ needs clang, the compiler that brings libFuzzer")
  endif()
  # Not through ARRAYMORPH_SANITIZE: the S3 engine below would be built anew for it.
  target_compile_options(arraymorph_options INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
  target_link_options(arraymorph_options INTERFACE -fsanitize=address,undefined)
endif()
