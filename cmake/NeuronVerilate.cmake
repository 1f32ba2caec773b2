# SPDX-License-Identifier: Apache-2.0
# neuron_verilate(TARGET name TOP module CONFIG config SOURCES files...
#                 [PREFIX Vname] [OPT fast|debug] [TRACE] [COVERAGE] [THREADS n] [SHARDS n]
#                 [PARAMS NAME=value...] [FLAGS verilator-flags...])
#
# Verilates a SystemVerilog top into the static library `name`; who links it includes
# "<PREFIX>.h" (PREFIX is V<TOP> unless given). nc_pkg.sv of CONFIG and the packages under rtl/ are
# read first. Modules that SOURCES do not name are looked for by file name in all directories under
# rtl/, so the top's own file is usually enough. Paths are relative to the current directory or to
# the project.
# Lint warnings are errors, but for the waivers of rtl/lint.vlt.
# All temporal assertions are on. OPT is debug (quick to compile) unless given.
#
# Verilator decides how many C++ files it writes, so they are gathered into SHARDS files (default 3
# for fast, 2 for debug) that CMake compiles like any other source: with ccache, sanitizers and in
# parallel. One static library, verilated_runtime, holds Verilator's own C++ for all models.

set(NEURON_RTL_CXX_FLAGS "" CACHE STRING
    "Further compiler options for the Verilated models, such as those of profile-guided optimisation")

function(_neuron_find_verilator)
  if(TARGET verilated_runtime)
    return()
  endif()
  find_program(VERILATOR_EXECUTABLE verilator REQUIRED)
  execute_process(COMMAND ${VERILATOR_EXECUTABLE} --getenv VERILATOR_ROOT
                  OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(include ${root}/include)
  find_package(ZLIB REQUIRED)
  add_library(verilated_runtime STATIC EXCLUDE_FROM_ALL
              ${include}/verilated.cpp ${include}/verilated_threads.cpp
              ${include}/verilated_cov.cpp ${include}/verilated_fst_c.cpp)
  target_include_directories(verilated_runtime SYSTEM PUBLIC ${include} ${include}/vltstd)
  target_compile_options(verilated_runtime PRIVATE -O2 -w)
  # Tracing and coverage are decided by each model; the runtime serves both.
  target_compile_definitions(verilated_runtime PUBLIC VM_TRACE=1 VM_TRACE_FST=1 VM_COVERAGE=1
                                                      VL_TIME_CONTEXT)
  target_link_libraries(verilated_runtime PUBLIC Threads::Threads ${ZLIB_LIBRARIES}
                                                 $<$<CXX_COMPILER_ID:Clang>:atomic>)
endfunction()

# Every directory under rtl/, for verilator -y.
function(_neuron_rtl_directories result)
  file(GLOB_RECURSE files LIST_DIRECTORIES true CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rtl/*)
  set(directories "")
  foreach(entry IN LISTS files)
    if(IS_DIRECTORY ${entry})
      list(APPEND directories ${entry})
    endif()
  endforeach()
  set(${result} "${directories}" PARENT_SCOPE)
endfunction()

function(_neuron_resolve result)
  set(paths "")
  foreach(source IN LISTS ARGN)
    cmake_path(IS_ABSOLUTE source absolute)
    if(absolute)
      list(APPEND paths ${source})
    elseif(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      list(APPEND paths ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    elseif(EXISTS ${PROJECT_SOURCE_DIR}/${source})
      list(APPEND paths ${PROJECT_SOURCE_DIR}/${source})
    else()
      message(FATAL_ERROR "neuron_verilate: no file ${source} here or in the project")
    endif()
  endforeach()
  set(${result} "${paths}" PARENT_SCOPE)
endfunction()

function(neuron_verilate)
  cmake_parse_arguments(ARG "TRACE;COVERAGE" "TARGET;TOP;CONFIG;PREFIX;OPT;THREADS;SHARDS"
                        "SOURCES;PARAMS;FLAGS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_TARGET OR NOT ARG_TOP OR NOT ARG_CONFIG OR NOT ARG_SOURCES)
    message(FATAL_ERROR "neuron_verilate: needs TARGET, TOP, CONFIG and SOURCES; "
                        "unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  _neuron_find_verilator()
  if(NOT ARG_PREFIX)
    set(ARG_PREFIX V${ARG_TOP})
  endif()
  set(optimisation -O1)
  set(shards 2)
  if(ARG_OPT STREQUAL "fast")
    set(optimisation -O2)
    set(shards 3)
  endif()
  if(ARG_SHARDS)
    set(shards ${ARG_SHARDS})
  endif()

  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.verilated)
  set(package ${PROJECT_BINARY_DIR}/isa/sv/${ARG_CONFIG}/nc_pkg.sv)
  _neuron_resolve(sources ${ARG_SOURCES})
  # Packages must be read before what uses them and are not looked for by name.
  file(GLOB_RECURSE packages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rtl/*_pkg.sv)
  list(PREPEND sources ${packages})
  list(REMOVE_DUPLICATES sources)
  # Waivers, each with its reason.
  if(EXISTS ${PROJECT_SOURCE_DIR}/rtl/lint.vlt)
    list(PREPEND sources ${PROJECT_SOURCE_DIR}/rtl/lint.vlt)
  endif()
  _neuron_rtl_directories(rtl_directories)

  # SYNCASYNCNET: assertions are disabled by the reset that also resets flip-flops.
  set(flags --cc --assert -Wall -Wno-SYNCASYNCNET -O3 --x-assign unique --x-initial unique
            --no-timing
            --output-split 5000 --output-split-cfuncs 500
            --prefix ${ARG_PREFIX} --top-module ${ARG_TOP} --Mdir ${directory}
            -I${PROJECT_SOURCE_DIR}/rtl/prim)
  foreach(rtl_directory IN LISTS rtl_directories)
    list(APPEND flags -y ${rtl_directory})
  endforeach()
  foreach(parameter IN LISTS ARG_PARAMS)
    list(APPEND flags -G${parameter})
  endforeach()
  if(ARG_TRACE)
    list(APPEND flags --trace-fst --trace-structs)
  endif()
  if(ARG_COVERAGE)
    list(APPEND flags --coverage-line --coverage-toggle)
  endif()
  if(ARG_THREADS)
    list(APPEND flags --threads ${ARG_THREADS})
  endif()
  list(APPEND flags ${ARG_FLAGS})

  set(shard_files "")
  math(EXPR last "${shards} - 1")
  foreach(i RANGE ${last})
    list(APPEND shard_files ${directory}/shards/shard${i}.cpp)
  endforeach()
  set(slow_file ${directory}/shards/slow.cpp)
  set(header ${directory}/${ARG_PREFIX}.h)
  set(script ${PROJECT_SOURCE_DIR}/cmake/VerilatorShards.cmake)
  set(depfile ${directory}/shards/depfile.d)
  add_custom_command(
    OUTPUT ${slow_file} ${shard_files}
    BYPRODUCTS ${header}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${directory}
    COMMAND ${VERILATOR_EXECUTABLE} ${flags} ${package} ${sources}
    COMMAND ${CMAKE_COMMAND} -DDIRECTORY=${directory} -DPREFIX=${ARG_PREFIX} -DSHARDS=${shards}
            -P ${script}
    DEPENDS ${package} ${sources} ${script}
    DEPFILE ${depfile}
    COMMENT "Verilating ${ARG_TOP} (${ARG_CONFIG})"
    VERBATIM)

  add_library(${ARG_TARGET} STATIC EXCLUDE_FROM_ALL ${slow_file} ${shard_files})
  add_dependencies(${ARG_TARGET} neuron_isa_generated)
  target_include_directories(${ARG_TARGET} SYSTEM PUBLIC ${directory})
  target_link_libraries(${ARG_TARGET} PUBLIC verilated_runtime)
  target_compile_options(${ARG_TARGET} PRIVATE -w)
  set_source_files_properties(${shard_files} PROPERTIES
                              COMPILE_OPTIONS "${optimisation};${NEURON_RTL_CXX_FLAGS}")
  set_source_files_properties(${slow_file} PROPERTIES COMPILE_OPTIONS -O0)
endfunction()
