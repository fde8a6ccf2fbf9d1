# The toolchain that makes core modules: `cmake -DCMAKE_TOOLCHAIN_FILE=…/wasm.cmake`.
#
# It takes the first that is there of: zig named by MILLSTREAM_ZIG (a cache variable or in the environment), wasi-sdk in
# WASI_SDK_PATH, `zig` on the PATH, and zig from PyPI's package `ziglang`, in the project's `.venv` or elsewhere.
cmake_minimum_required(VERSION 3.21)

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(MILLSTREAM_WASM ON)

# CMake runs this file again in projects of its own (to try the compiler): they get what was found from here.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MILLSTREAM_ZIG)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

if(NOT MILLSTREAM_ZIG AND DEFINED ENV{MILLSTREAM_ZIG})
  set(MILLSTREAM_ZIG "$ENV{MILLSTREAM_ZIG}")
endif()

if(NOT MILLSTREAM_ZIG AND DEFINED ENV{WASI_SDK_PATH})
  set(_wasi "$ENV{WASI_SDK_PATH}")
  if(NOT EXISTS "${_wasi}/bin/clang")
    message(FATAL_ERROR "WASI_SDK_PATH is ${_wasi}, where there is no bin/clang: name the folder that wasi-sdk was unpacked to")
  endif()
  set(CMAKE_C_COMPILER "${_wasi}/bin/clang")
  set(CMAKE_CXX_COMPILER "${_wasi}/bin/clang++")
  set(CMAKE_AR "${_wasi}/bin/llvm-ar")
  set(CMAKE_RANLIB "${_wasi}/bin/llvm-ranlib")
  set(CMAKE_C_COMPILER_TARGET wasm32-wasip1)
  set(CMAKE_CXX_COMPILER_TARGET wasm32-wasip1)
  set(CMAKE_SYSROOT "${_wasi}/share/wasi-sysroot")
  return()
endif()

if(NOT MILLSTREAM_ZIG)
  find_program(_zig zig NO_CACHE)
  set(_pythons "${CMAKE_SOURCE_DIR}/.venv/bin/python3" "$ENV{VIRTUAL_ENV}/bin/python3" python3 python)
  foreach(_python IN LISTS _pythons)
    if(NOT _zig)
      execute_process(
        COMMAND "${_python}" -c "import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), 'zig'))"
        OUTPUT_VARIABLE _zig
        OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_QUIET
        RESULT_VARIABLE _ignored)
    endif()
  endforeach()
  if(NOT _zig)
    message(FATAL_ERROR "there is no compiler for WebAssembly: in the project's folder run `python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1`, or set WASI_SDK_PATH to a wasi-sdk")
  endif()
  set(MILLSTREAM_ZIG "${_zig}")
endif()

# CMake wants one program each, so zig's second word is its first argument.
set(CMAKE_C_COMPILER "${MILLSTREAM_ZIG}" cc)
set(CMAKE_CXX_COMPILER "${MILLSTREAM_ZIG}" c++)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_AR "${MILLSTREAM_ZIG}")
set(CMAKE_RANLIB "${MILLSTREAM_ZIG}")
foreach(_language C CXX)
  set(CMAKE_${_language}_ARCHIVE_CREATE "<CMAKE_AR> ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${_language}_ARCHIVE_APPEND "<CMAKE_AR> ar q <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${_language}_ARCHIVE_FINISH "<CMAKE_RANLIB> ranlib <TARGET>")
endforeach()
