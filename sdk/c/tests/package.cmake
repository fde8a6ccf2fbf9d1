# Builds the archive, unpacks it into an empty prefix, and builds and tests a project that finds the SDK there.
#   cmake -DBUILD=… -DWORK=… -P package.cmake
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/project" "${WORK}/prefix")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE failed OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(failed)
    message(FATAL_ERROR "${ARGN}: ${text}")
  endif()
endfunction()

get_filename_component(_bin "${CMAKE_COMMAND}" DIRECTORY)
run("${_bin}/cpack" --config "${BUILD}/CPackConfig.cmake" -B "${WORK}")
run("${CMAKE_COMMAND}" -E chdir "${WORK}/prefix" "${CMAKE_COMMAND}" -E tar xzf "${WORK}/millstream-c-0.1.0.tar.gz")

file(WRITE "${WORK}/project/CMakeLists.txt" [[
cmake_minimum_required(VERSION 3.21)
project(packaged LANGUAGES C CXX)
find_package(millstream 0.1 REQUIRED)
enable_testing()
millstream_add_transform(in_c c.c)
millstream_add_transform(in_cpp cpp.cpp)
millstream_add_test(c_test in_c c_test.c)
millstream_add_test(cpp_test in_cpp c_test.c)
]])
file(WRITE "${WORK}/project/c.c" [[
#include <millstream.h>
static const char *const outputs[] = {"all"};
static ms_status all(const ms_record *record, ms_emitter *out, void *state)
{
    (void)record, (void)state;
    ms_forward(out, 0);
    return MS_OK;
}
static const ms_transform transform = {.outputs = MS_LIST(outputs), .record = all};
MILLSTREAM_EXPORT(transform);
]])
file(WRITE "${WORK}/project/cpp.cpp" [[
#include <millstream.hpp>
struct All : millstream::Transform {
    millstream::Output everything = output("all");
    millstream::Result apply(const millstream::Record &, millstream::Emitter &out)
    {
        out.forward(everything);
        return millstream::ok();
    }
};
MILLSTREAM_TRANSFORM(All)
]])
file(WRITE "${WORK}/project/c_test.c" [[
#include <millstream/testing.h>
int main(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "x");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 1);
    MS_CHECK_TEXT(ms_text(outcome->emitted[0].output), "all");
    ms_test_free(test);
    return 0;
}
]])
# Where the SDK lies must come from the prefix alone.
get_filename_component(_prefix "${WORK}/prefix/millstream-c-0.1.0" ABSOLUTE)
run("${CMAKE_COMMAND}" -S project -B build "-DCMAKE_PREFIX_PATH=${_prefix}")
file(STRINGS "${WORK}/build/CMakeCache.txt" _found REGEX "^millstream_DIR")
if(NOT _found MATCHES "${_prefix}/share/millstream/cmake")
  message(FATAL_ERROR "the SDK was found elsewhere: ${_found}")
endif()
run("${CMAKE_COMMAND}" --build build)
run("${_bin}/ctest" --test-dir build --output-on-failure --no-tests=error)
