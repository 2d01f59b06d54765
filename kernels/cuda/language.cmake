# The language CUDA for the folder that includes this; CMAKE_CUDA_COMPILER is empty where there is no
# nvcc, or GRAMGRAD_CUDA is off. gramgrad_cuda_target(NAME): how a target with .cu files is compiled.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  if(GRAMGRAD_CUDA_ALL_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES OFF)  # the flags below
  else()
    set(CMAKE_CUDA_ARCHITECTURES 75-virtual 80-virtual)
  endif()
endif()
if(GRAMGRAD_CUDA)
  include(CheckLanguage)
  list(APPEND CMAKE_PROGRAM_PATH /usr/local/cuda/bin)
  check_language(CUDA)
endif()
if(NOT GRAMGRAD_CUDA OR NOT CMAKE_CUDA_COMPILER)
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
enable_language(CUDA)
# There are two kinds of code, for 7.5 and from 8.0 on (device_nvcc.cuh): each is compiled once, and
# assembled for every architecture of its kind.
if(GRAMGRAD_CUDA_ALL_ARCHITECTURES AND NOT CMAKE_CUDA_ARCHITECTURES)
  string(APPEND CMAKE_CUDA_FLAGS " -gencode=arch=compute_75,code=sm_75")
  foreach(real sm_80 sm_86 sm_89 sm_90 sm_100 sm_120 compute_80)
    string(APPEND CMAKE_CUDA_FLAGS " -gencode=arch=compute_80,code=${real}")
  endforeach()
  set(gramgrad_cuda_architectures "75 80 86 89 90 100 120")
else()
  set(gramgrad_cuda_architectures "${CMAKE_CUDA_ARCHITECTURES}")
endif()
find_package(CUDAToolkit REQUIRED)
# CMake before 3.25.2 does not know the flag for C++20, and its check of the compiler would refuse
# the standard: hence after enable_language.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()

function(gramgrad_cuda_target name)
  set_target_properties(${name} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON)
  # fmt 9 takes nvcc for a compiler without constexpr functions.
  target_compile_definitions(${name} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>)
  if(GRAMGRAD_WERROR)
    target_compile_options(${name} PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings -Xcompiler=-Werror>)
  endif()
endfunction()
