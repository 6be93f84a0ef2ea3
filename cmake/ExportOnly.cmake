# arraymorph_export_only(TARGET SYMBOL...): the library shows these symbols to the process (a trailing *
# is allowed) and nothing else. Hidden visibility does not cover the weak template symbols of
# libstdc++, which would bind to another library's.
function(arraymorph_export_only target)
  if(APPLE)
    list(TRANSFORM ARGN PREPEND "LINKER:-exported_symbol,_" OUTPUT_VARIABLE options)
    target_link_options(${target} PRIVATE ${options} LINKER:-dead_strip)
    return()
  endif()
  string(JOIN "; " symbols ${ARGN})
  set(script "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  file(CONFIGURE OUTPUT "${script}" CONTENT "{ global: @symbols@; local: *; };\n" @ONLY)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${script}" LINKER:--exclude-libs,ALL LINKER:--gc-sections)
endfunction()
