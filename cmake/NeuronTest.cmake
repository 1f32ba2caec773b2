# SPDX-License-Identifier: Apache-2.0
# neuron_test(NAME name SOURCES files... [LIBRARIES targets...] [LABELS labels...] [TIMEOUT s])
#
# A GoogleTest program bin/<name>, its cases listed one by one in CTest as <name>.<Suite>.<Case>.
# Cases run in the project's source directory, with NEURON_PYTHON (a Python that has the packages
# of requirements.txt) and, when there is a model zoo, NEURON_ZOO in the environment. The default
# label is "unit": the sanitizer run takes exactly those (target neuron_unit_tests), so give tests
# that need minutes another one (rtl, system).
#
# A test that needs a library of a part that is not built is left out, and said so; with
# NEURON_ALL_TESTS that is an error.
include(GoogleTest)

option(NEURON_ALL_TESTS "Fail to configure when a test cannot be built" OFF)
set(NEURON_PYTHON ${PROJECT_SOURCE_DIR}/build/venv/bin/python CACHE FILEPATH
    "Python with the packages of requirements.txt")
set(NEURON_ZOO "$ENV{NEURON_ZOO}" CACHE PATH
    "Directory of trained models with reference outputs; tests that need it are skipped without")
if(NOT NEURON_ZOO AND EXISTS ${PROJECT_SOURCE_DIR}/../shared/zoo)
  cmake_path(SET NEURON_ZOO NORMALIZE ${PROJECT_SOURCE_DIR}/../shared/zoo)
endif()
add_custom_target(neuron_unit_tests)

function(neuron_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  foreach(library IN LISTS ARG_LIBRARIES)
    if(library MATCHES "^neuron_" AND NOT TARGET ${library})
      if(NEURON_ALL_TESTS)
        message(FATAL_ERROR "Test ${ARG_NAME} needs ${library}, which this build does not have")
      endif()
      message(STATUS "Leaving out test ${ARG_NAME}: no target ${library}")
      return()
    endif()
  endforeach()
  find_package(GTest REQUIRED)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest
                                            GTest::gtest_main)
  if("unit" IN_LIST ARG_LABELS)
    add_dependencies(neuron_unit_tests ${ARG_NAME})
  endif()
  gtest_discover_tests(
    ${ARG_NAME}
    TEST_PREFIX ${ARG_NAME}.
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    NO_PRETTY_VALUES
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  # Properties that are lists do not survive gtest_discover_tests, so CTest sets them itself, once
  # the cases are known.
  set(environment NEURON_PYTHON=${NEURON_PYTHON})
  if(NEURON_ZOO)
    list(APPEND environment NEURON_ZOO=${NEURON_ZOO})
  endif()
  set(properties ${CMAKE_CURRENT_BINARY_DIR}/${ARG_NAME}.properties.cmake)
  file(WRITE ${properties}
       "foreach(test IN LISTS ${ARG_NAME}_TESTS)\n"
       "  set_tests_properties(\"\${test}\" PROPERTIES LABELS \"${ARG_LABELS}\" "
       "ENVIRONMENT \"${environment}\")\n"
       "endforeach()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${properties})
endfunction()
