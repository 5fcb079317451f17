#!/bin/sh
# install.sh STEP VERSION SCRATCH: what a stranger does with the library, below the folder SCRATCH.
# The steps, in this order: fresh_install, through_pkg_config and through_cmake (build and run
# separate programs against the installed copy), staged_install, uninstall.
# $MAKE is the make to use.
set -eu

step=$1
version=$2
scratch=$(mkdir -p "$3" && cd "$3" && pwd)
prefix=$scratch/prefix
here=tests/packaging
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"

fail()
{
    echo "$*"
    exit 1
}

# expect_version PROGRAM: it runs, and the library it found is of this version.
expect_version()
{
    answer=$("$@") || fail "$*: failed"
    [ "$answer" = "$version" ] || fail "$*: the version is $answer, not $version"
    echo "$*: $answer"
}

fresh_install()
{
    rm -rf "$prefix" "$scratch/stage" "$scratch/cmake"
    "$MAKE" install PREFIX="$prefix"
    for file in lib/libctxcache.a "lib/libctxcache.so.$version" include/ctxcache.hpp bin/ctxbench \
        share/man/man1/ctxbench.1; do
        [ -e "$prefix/$file" ] || fail "not installed: $file"
    done
    grep -q "ctxcache $version" "$prefix/share/man/man1/ctxbench.1" || fail "a manual of another version"
}

# The adapter for libuv, where libuv was found when the library was built. Its header asks for POSIX.
through_pkg_config_uv()
{
    pkg-config --exists libuv || return 0
    [ "$(pkg-config --modversion ctxcache-uv)" = "$version" ] || fail "pkg-config: ctxcache-uv"
    # shellcheck disable=SC2046 # lists of words
    {
        gcc -std=gnu11 "$here/consumer_uv.c" -o "$scratch/pc-uv" \
            $(pkg-config --cflags --libs ctxcache-uv)
        g++ -std=c++17 -x c++ "$here/consumer_uv.c" -o "$scratch/pc-uv-cpp" \
            $(pkg-config --cflags --libs ctxcache-uv)
    }
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-uv"
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-uv-cpp"
}

through_pkg_config()
{
    [ "$(pkg-config --modversion ctxcache)" = "$version" ] || fail "pkg-config: another version"
    # shellcheck disable=SC2046 # lists of words
    {
        gcc -std=c11 -fexceptions "$here/consumer.c" -o "$scratch/pc-shared" \
            $(pkg-config --cflags --libs ctxcache)
        gcc -std=c11 -fexceptions -static "$here/consumer.c" -o "$scratch/pc-static" \
            $(pkg-config --cflags --static --libs ctxcache)
        g++ -std=c++17 "$here/consumer.cpp" -o "$scratch/pc-cpp" \
            $(pkg-config --cflags --libs ctxcache)
    }
    through_pkg_config_uv
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-shared"
    expect_version "$scratch/pc-static"
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-cpp"
}

through_cmake()
{
    cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DWANTED_VERSION="$version"
    cmake --build "$scratch/cmake"
    for program in cmake-shared cmake-static cmake-cpp $(pkg-config --exists libuv && echo cmake-uv); do
        expect_version "$scratch/cmake/$program"
    done
}

# A staged copy lies wholly below DESTDIR, in the folders asked for, and does not know DESTDIR.
staged_install()
{
    stage=$scratch/stage
    deep=/usr/lib/deep/er
    "$MAKE" install DESTDIR="$stage" PREFIX=/usr libdir=$deep
    [ -e "$stage$deep/libctxcache.so" ] || fail "libdir is not respected"
    if (cd "$stage" && find . -type f) | grep -v '^\./usr/'; then fail "outside of the prefix"; fi
    if grep -rI "$scratch" "$stage"; then fail "an installed file names the stage"; fi
    libdir=$(PKG_CONFIG_PATH="$stage$deep/pkgconfig" pkg-config --variable=libdir ctxcache)
    [ "$libdir" = $deep ] || fail "ctxcache.pc says libdir=$libdir"
    "$MAKE" uninstall DESTDIR="$stage" PREFIX=/usr libdir=$deep
    expect_nothing_in "$stage"
}

uninstall()
{
    "$MAKE" uninstall PREFIX="$prefix"
    expect_nothing_in "$prefix"
}

expect_nothing_in()
{
    left=$(find "$1" ! -type d -o -name '*ctxcache*')
    [ -z "$left" ] || fail "uninstall left: $left"
}

"$step"
