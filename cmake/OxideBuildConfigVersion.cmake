# find_package(OxideBuild <version>): any version not older than that. The package's own file says which this is.

set(_oxide_init "${CMAKE_CURRENT_LIST_DIR}/../__init__.py")
if(NOT EXISTS "${_oxide_init}") # in the source tree
  set(_oxide_init "${CMAKE_CURRENT_LIST_DIR}/../oxide_build/__init__.py")
endif()
file(STRINGS "${_oxide_init}" _oxide_line REGEX "^__version__ = ")
string(REGEX MATCH "[0-9][0-9.]*" PACKAGE_VERSION "${_oxide_line}")

if(NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
