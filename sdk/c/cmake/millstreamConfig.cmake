# find_package(millstream): the SDK for C and C++.
#
# It is sources, compiled with the project's own compiler: for WebAssembly and, for unit tests, for this machine. So the
# same files serve from a checkout, an archive or an installation.
#
#   millstream_add_transform(NAME SOURCES…)
#     With the toolchain wasm.cmake: the core module NAME.wasm, which `millstream build` makes a component of.
#     Without: a library for unit tests.
#   millstream_add_test(NAME TRANSFORM SOURCES…)
#     A unit test of a transform, for ctest. Does nothing with the toolchain wasm.cmake.
include_guard(GLOBAL)

get_filename_component(MILLSTREAM_FOLDER "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
# Looked at because CMake reads it only once, and from then on says that a preset that names it does so in vain.
set(_millstream_toolchain "${CMAKE_TOOLCHAIN_FILE}")

get_property(_millstream_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT "C" IN_LIST _millstream_languages)
  message(FATAL_ERROR "millstream's core is C: say project(… LANGUAGES C CXX)")
endif()

# Unless the project says otherwise: these are programs whose speed counts.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

file(GLOB _millstream_core "${MILLSTREAM_FOLDER}/src/*.c")
list(REMOVE_ITEM _millstream_core "${MILLSTREAM_FOLDER}/src/component.c")
file(GLOB _millstream_testing "${MILLSTREAM_FOLDER}/testing/*.c")

add_library(millstream_headers INTERFACE)
add_library(millstream::headers ALIAS millstream_headers)
target_include_directories(millstream_headers SYSTEM INTERFACE "${MILLSTREAM_FOLDER}/include")
target_compile_features(millstream_headers INTERFACE c_std_11)
if("CXX" IN_LIST _millstream_languages)
  target_compile_features(millstream_headers INTERFACE cxx_std_17)
endif()

if(MILLSTREAM_WASM)
  # wasm.cmake's modules are reactors: functions to call, no main. The stack is what a call needs and a good deal more;
  # zig's own is 16 MB. Names stay, for what the log says of a trap.
  set(_millstream_options -O3 -ffunction-sections -fdata-sections)
  add_library(millstream_core OBJECT ${_millstream_core} "${MILLSTREAM_FOLDER}/src/component.c")
  target_compile_options(millstream_core PRIVATE ${_millstream_options})
else()
  add_library(millstream_core STATIC ${_millstream_core} ${_millstream_testing})
  if(NOT MSVC)
    target_link_libraries(millstream_core PUBLIC m)
  endif()
endif()
target_include_directories(millstream_core PRIVATE "${MILLSTREAM_FOLDER}/src")
target_link_libraries(millstream_core PUBLIC millstream_headers)

function(millstream_add_transform name)
  if(NOT ARGN)
    message(FATAL_ERROR "millstream_add_transform(${name}): name its source files")
  endif()
  if(MILLSTREAM_WASM)
    add_executable(${name} ${ARGN})
    target_compile_options(${name} PRIVATE ${_millstream_options} $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
    target_link_options(${name} PRIVATE -mexec-model=reactor -Wl,-z,stack-size=262144 -Wl,--gc-sections -Wl,--strip-debug)
    set_target_properties(${name} PROPERTIES SUFFIX .wasm RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  else()
    add_library(${name} STATIC ${ARGN})
  endif()
  # An object library's objects are linked as they are: nothing of the exports is left out.
  target_link_libraries(${name} PUBLIC millstream_core)
endfunction()

function(millstream_add_test name transform)
  if(MILLSTREAM_WASM)
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${transform})
  add_test(NAME ${name} COMMAND ${name})
endfunction()

set(millstream_FOUND TRUE)
