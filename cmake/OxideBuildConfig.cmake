# find_package(OxideBuild CONFIG) ends here; what it brings is in the file beside this one.
#
# Its own file because CMake looks for a package by this name; include(OxideBuild) does without.

if(CMAKE_VERSION VERSION_LESS 3.20)
  set(OxideBuild_FOUND FALSE)
  set(OxideBuild_NOT_FOUND_MESSAGE "OxideBuild needs CMake 3.20 or newer, this is ${CMAKE_VERSION}")
  return()
endif()

include("${CMAKE_CURRENT_LIST_DIR}/OxideBuild.cmake")
