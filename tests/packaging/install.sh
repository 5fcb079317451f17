#!/bin/sh
# install.sh VERSION SCRATCH: installs below SCRATCH (emptied first), builds separate programs
# against the installed copy through pkg-config and through CMake, runs them, and uninstalls.
# $MAKE is the make to use. One step per function; the first that fails ends it.
set -eu

version=$1
rm -rf "$2"
mkdir -p "$2"
scratch=$(cd "$2" && pwd)
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
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-shared"
    expect_version "$scratch/pc-static"
    expect_version env LD_LIBRARY_PATH="$prefix/lib" "$scratch/pc-cpp"
}

through_cmake()
{
    cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DWANTED_VERSION="$version"
    cmake --build "$scratch/cmake"
    for program in cmake-shared cmake-static cmake-cpp; do
        expect_version "$scratch/cmake/$program"
    done
}

# A staged copy holds the same files, lies wholly below DESTDIR, and does not know DESTDIR.
staged()
{
    "$MAKE" install DESTDIR="$scratch/stage" PREFIX=/usr libdir=/usr/lib/deep/er
    [ -e "$scratch/stage/usr/lib/deep/er/libctxcache.so" ] || fail "libdir is not respected"
    (cd "$scratch/stage" && find . -type f) | grep -v '^\./usr/' && fail "outside of the prefix"
    if grep -r "$scratch" "$scratch/stage/usr/lib" --include='*.pc' --include='*.cmake'; then
        fail "an installed file names the stage"
    fi
    PKG_CONFIG_PATH="$scratch/stage/usr/lib/deep/er/pkgconfig" pkg-config \
        --variable=libdir ctxcache | grep -qx /usr/lib/deep/er || fail "libdir in ctxcache.pc"
    "$MAKE" uninstall DESTDIR="$scratch/stage" PREFIX=/usr libdir=/usr/lib/deep/er
}

nothing_left()
{
    left=$(find "$prefix" "$scratch/stage" ! -type d)
    [ -z "$left" ] || fail "uninstall left: $left"
    left=$(find "$prefix" "$scratch/stage" -name '*ctxcache*')
    [ -z "$left" ] || fail "uninstall left folders: $left"
}

"$MAKE" install PREFIX="$prefix"
expect_files="lib/libctxcache.a lib/libctxcache.so.$version include/ctxcache.hpp bin/ctxbench"
for file in $expect_files; do
    [ -e "$prefix/$file" ] || fail "not installed: $file"
done
through_pkg_config
through_cmake
staged
"$MAKE" uninstall PREFIX="$prefix"
nothing_left
