# shellcheck shell=bash disable=SC2034
# What ./demo, ./check and .ci/run share: installing packages and building. Sourced, from the
# repository's root.

say() { printf '\n==> %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# packages SECTION...: the names listed in .ci/packages before the first section and in those named.
packages() {
  awk -v wanted=" $* " '
    /^#/ || /^$/ { next }
    /^\[/ { section = substr($0, 2, length($0) - 2); next }
    section == "" || index(wanted, " " section " ") { print }' .ci/packages
}

installed() {
  dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# any_installed NAME|NAME...: whether one of them is.
any_installed() {
  local package
  for package in ${1//|/ }; do
    ! installed "$package" || return 0
  done
  return 1
}

# first_known NAME|NAME...: the first that this system's package lists have.
first_known() {
  local package
  for package in ${1//|/ }; do
    ! apt-cache show "$package" >/dev/null 2>&1 || break
  done
  echo "$package"
}

# install_missing SECTION...: installs what is not there yet; asks for nothing.
install_missing() {
  local missing=() package
  command -v dpkg-query >/dev/null || die "this script installs Debian/Ubuntu packages; on another \
system install what .ci/packages lists and build with CMake (README.md, Building by hand)"
  for package in $(packages "$@"); do
    any_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "All packages are there"
    return
  fi
  say "Installing ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "needs root or sudo to install: ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  local chosen=()
  for package in "${missing[@]}"; do
    chosen+=("$(first_known "$package")")
  done
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${chosen[@]}" >/dev/null
}

# For builds that are not for use: many sources in one, so that what they all include is read and
# compiled once. ./check compiles each by itself, and so sees that each includes what it needs.
together=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16)
# Highway's kernels for one instruction set only.
one_instruction_set=-DCMAKE_CXX_FLAGS=-DHWY_COMPILE_ONLY_STATIC

# configure DIRECTORY [CMAKE_OPTION...]. With ccache where it is installed; other folders of the same
# sources then share what has been compiled.
configure() {
  local directory=$1
  shift
  if command -v ccache >/dev/null; then
    set -- -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  fi
  cmake -S . -B "$directory" -G Ninja "$@" >"$directory.log" 2>&1 || {
    cat "$directory.log" >&2
    die "CMake could not configure"
  }
  rm -f "$directory.log"
}

# build DIRECTORY TARGETS [CMAKE_OPTION...]: TARGETS is one word list, "all" for everything.
build() {
  local directory=$1 targets=$2
  shift 2
  say "Building in $directory/"
  configure "$directory" "$@"
  # shellcheck disable=SC2086 # a list of targets
  cmake --build "$directory" --target $targets
}
