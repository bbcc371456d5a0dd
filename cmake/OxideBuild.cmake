# oxide_add_kernels: GPU kernels as targets of a CMake build, without a CUDA toolkit or any compiler of CMake's.
#
#   oxide_add_kernels(<target>
#     [MODULES <module>...]                       # as Python imports them; a trailing .* takes a whole package
#     [PACKAGE <package> SOURCES <file>...]       # or by file, in the package that they are installed in
#     [TARGETS <sm target>...]
#     [SETTINGS <key>=<value>...]                 # other keys of [tool.oxide]
#     [DESTINATION <directory>]                   # what the package's directory is installed in; default: .
#     [ROOT <directory>])                         # where pyproject.toml is; default: CMAKE_SOURCE_DIR
#
# What is not said here comes from the environment (OXIDE_TARGETS), then from [tool.oxide] of pyproject.toml, where
# there is one. A kernel module is compiled again when it, a module it imports from, or its settings have changed.
#
# The Python is the one that this file is installed in, else Python_EXECUTABLE, else python3 on the PATH;
# -DOxideBuild_PYTHON=<file> names another.

cmake_policy(VERSION 3.20...4.4) # for the functions here, whatever the project that calls them has
set_property(GLOBAL PROPERTY OXIDE_BUILD_DIRECTORY "${CMAKE_CURRENT_LIST_DIR}")

function(oxide_add_kernels target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;DESTINATION;ROOT" "MODULES;SOURCES;TARGETS;SETTINGS")
  _oxide_check_arguments()
  if(NOT arg_ROOT)
    set(arg_ROOT "${CMAKE_SOURCE_DIR}")
  endif()
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION .)
  endif()

  _oxide_find_python(python)
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/${target}.oxide")
  _oxide_plan(modules)
  set(manifests "")
  foreach(module IN LISTS modules)
    _oxide_add_module("${module}" manifest)
    list(APPEND manifests "${manifest}")
  endforeach()
  add_custom_target("${target}" ALL DEPENDS ${manifests})
endfunction()

macro(_oxide_check_arguments)
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "oxide_add_kernels(${target}): cannot read ${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}; "
                        "it takes MODULES, PACKAGE, SOURCES, TARGETS, SETTINGS, DESTINATION and ROOT, each with a value")
  endif()
  if(arg_PACKAGE AND NOT arg_SOURCES OR arg_SOURCES AND NOT arg_PACKAGE OR arg_SOURCES AND arg_MODULES)
    message(FATAL_ERROR "oxide_add_kernels(${target}): write MODULES, or PACKAGE and SOURCES together")
  endif()
endmacro()

# Which modules there are to compile, and in `always` what makes each build do so; leaves the settings of each in
# ${directory}/<module>.json, which changes only when they do.
function(_oxide_plan result)
  set(command "${python}" -m oxide_build.cmake_step plan --root "${arg_ROOT}" --out "${directory}")
  foreach(module IN LISTS arg_MODULES)
    list(APPEND command "--module=${module}")
  endforeach()
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(source "${source}" ABSOLUTE)
    list(APPEND command "--source=${source}")
  endforeach()
  if(arg_PACKAGE)
    list(APPEND command "--package=${arg_PACKAGE}")
  endif()
  if(arg_TARGETS)
    list(JOIN arg_TARGETS "," targets)
    list(APPEND command "--setting=targets=${targets}")
  endif()
  foreach(setting IN LISTS arg_SETTINGS)
    list(APPEND command "--setting=${setting}")
  endforeach()

  if(SKBUILD_METADATA_DIR)
    list(APPEND command --wheel "${SKBUILD_PROJECT_NAME}" "${SKBUILD_PROJECT_VERSION_FULL}")
  endif()

  execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE lines ERROR_VARIABLE said)
  string(STRIP "${said}" said)
  string(REPLACE "-C oxide." "setting " said "${said}")
  string(REPLACE "\n" "\n  " said "${said}") # CMake leaves indented lines as they are
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "oxide_add_kernels(${target}):\n  ${said}")
  elseif(said)
    message(STATUS "${said}")
  endif()
  string(REGEX MATCHALL "module [^\n]+" modules "${lines}")
  list(TRANSFORM modules REPLACE "^module " "")
  set(${result} "${modules}" PARENT_SCOPE)
  set(always "")
  if(lines MATCHES "(^|\n)always\n")
    set(always "${directory}/always") # git, not the time of a file, says whether the commit is another
    add_custom_command(OUTPUT "${always}" COMMAND "${CMAKE_COMMAND}" -E true COMMENT "Asking git for the commit")
    set_source_files_properties("${always}" PROPERTIES SYMBOLIC TRUE)
  endif()
  set(always "${always}" PARENT_SCOPE)
  if(lines MATCHES "(^|\n)sbom ([^\n]+)")
    install(FILES "${CMAKE_MATCH_2}" DESTINATION "${SKBUILD_METADATA_DIR}/sboms" RENAME "oxide-build-${target}.cdx.json")
  endif()
  string(REGEX MATCHALL "watch [^\n]+" watched "${lines}")
  list(TRANSFORM watched REPLACE "^watch " "")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${watched})
endfunction()

# The rule for one kernel module, and where its files are installed; gives its manifest.
function(_oxide_add_module module result)
  string(REGEX MATCH "^(.+)\\.([^.]+)$" _ "${module}")
  set(name "${CMAKE_MATCH_2}")
  string(REPLACE "." "/" package "${CMAKE_MATCH_1}")
  set(job "${directory}/${module}.json")
  set(out "${directory}/${module}")
  set(manifest "${out}/_oxide/${name}.json")
  add_custom_command(
    OUTPUT "${manifest}"
    COMMAND "${python}" -m oxide_build.cmake_step compile "${job}" --out "${out}" --depfile "${out}.d"
    DEPENDS "${job}" ${always}
    DEPFILE "${out}.d"
    COMMENT "Compiling the kernels of ${module}"
    VERBATIM)
  install(DIRECTORY "${out}/_oxide" DESTINATION "${arg_DESTINATION}/${package}")
  set(${result} "${manifest}" PARENT_SCOPE)
endfunction()

function(_oxide_find_python result)
  get_property(here GLOBAL PROPERTY OXIDE_BUILD_DIRECTORY)
  if(here MATCHES "^(.+)/lib(64)?/(python3\\.[0-9]+)/[a-z]+-packages/oxide_build/cmake$")
    set(own "${CMAKE_MATCH_1}/bin/${CMAKE_MATCH_3}")
  elseif(here MATCHES "^(.+)/Lib/site-packages/oxide_build/cmake$")
    set(own "${CMAKE_MATCH_1}/Scripts/python.exe")
  endif()
  if(OxideBuild_PYTHON)
    set(python "${OxideBuild_PYTHON}")
  elseif(own AND EXISTS "${own}")
    set(python "${own}")
  elseif(Python_EXECUTABLE)
    set(python "${Python_EXECUTABLE}")
  else()
    set(python python3)
  endif()
  execute_process(COMMAND "${python}" -c "import oxide_build" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "oxide-build is not installed for ${python}: name the Python that has it with "
                        "-DOxideBuild_PYTHON=<file>")
  endif()
  set(${result} "${python}" PARENT_SCOPE)
endfunction()
