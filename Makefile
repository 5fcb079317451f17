# ctxcache. `make help` lists the goals. Everything is written below $(BUILD), one folder a variant.

BUILD   ?= build
# release debug asan tsan coverage valgrind fuzz
VARIANT ?= release

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif

# Another compiler than gcc has its own folders: build/release-clang.
B := $(BUILD)/$(VARIANT)$(filter-out -gcc,-$(notdir $(lastword $(CC))))

version = $(shell awk '/define CTX_VERSION_$1 / { print $$3 }' include/ctxcache/status.h)
MAJOR   := $(call version,MAJOR)
MINOR   := $(call version,MINOR)
VERSION := $(MAJOR).$(MINOR).$(call version,PATCH)
SONAME  := libctxcache.so.$(MAJOR)

# ---- competitors of the bench that need a package -----------------------------------------------

# Each has files in bench/*/optional that begin with its name, and the pkg-config modules that it
# needs. What is not found is left out of ctxbench, which then says so; `make bench-peers` installs
# all of it.
BENCH_OPTIONAL := glib memcached python rocksdb uv
BENCH_NEEDS_glib      := glib-2.0
BENCH_NEEDS_memcached := libmemcached
BENCH_NEEDS_python    := 'python3-embed >= 3.10'
# Its interface in C++ changed in 8.0.
BENCH_NEEDS_rocksdb   := 'rocksdb >= 7.8' 'rocksdb < 8'
BENCH_NEEDS_uv        := libuv
BENCH_FIRST_rocksdb   := command -v $(CXX) >/dev/null &&

BENCH_FOUND  := $(foreach p,$(BENCH_OPTIONAL),$(if $(shell $(BENCH_FIRST_$p) pkg-config --exists \
                    $(BENCH_NEEDS_$p) 2>/dev/null && echo yes),$p))
BENCH_NEEDS  := $(foreach p,$(BENCH_FOUND),$(BENCH_NEEDS_$p))
BENCH_CFLAGS := $(shell echo '$(BENCH_FOUND:%=-DBENCH_WITH_%)' | tr a-z A-Z) \
                $(if $(BENCH_NEEDS),$(patsubst -I%,-isystem%,\
                    $(shell pkg-config --cflags $(BENCH_NEEDS))))
BENCH_LIBS   := $(if $(BENCH_NEEDS),$(shell pkg-config --libs $(BENCH_NEEDS)))
BENCH_ABSENT := $(filter-out $(BENCH_FOUND),$(BENCH_OPTIONAL))
bench_files   = $(wildcard $(foreach p,$1,$(foreach e,c cpp,bench/*/optional/$p.$e \
                    bench/*/optional/$p_*.$e)))

# What traces are compressed with; see src/tune.
TUNE_LIBS := -Wl,--as-needed -lz -llzma -lzstd -Wl,--no-as-needed

# ---- adapters -----------------------------------------------------------------------------------

# Each is a library of its own, built where the package is found that it adapts to.
HAVE_UV := $(shell pkg-config --exists 'libuv >= 1.40' 2>/dev/null && echo yes)
UV_LIBS := $(if $(HAVE_UV),$(shell pkg-config --libs libuv))

# ---- flags --------------------------------------------------------------------------------------

FLAGS_release  := -O2 -g
FLAGS_debug    := -O0 -g -DCTX_DEBUG=1
FLAGS_asan     := -O1 -g -DCTX_DEBUG=1 -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan     := -O1 -g -DCTX_DEBUG=1 -fsanitize=thread
FLAGS_coverage := -O0 -g -DCTX_DEBUG=1 --coverage -fprofile-update=atomic
FLAGS_valgrind := -O1 -g -DCTX_DEBUG=1
FLAGS_fuzz     := -O1 -g -DCTX_DEBUG=1 -fsanitize=fuzzer-no-link,address,undefined \
                  -fno-sanitize-recover=all
ifndef FLAGS_$(VARIANT)
$(error VARIANT=$(VARIANT): it is one of release debug asan tsan coverage valgrind fuzz)
endif

# By folder: tests see the internal headers, examples see what a user sees, and so does bench, but for
# the headers of src/tune.
NDEBUG         := $(if $(filter release,$(VARIANT)),-DNDEBUG)
FLAGS_src      := -Iinclude -Isrc $(NDEBUG) $(if $(filter release,$(VARIANT)),-O3)
FLAGS_tests    := -Iinclude -Isrc -Itests
FLAGS_bench    := -Iinclude -Ibench -Isrc -DCTXBENCH_FLAGS="\"$(strip $(FLAGS_$(VARIANT)) $(NDEBUG)$(if $(filter \
                      release,$(VARIANT)),; the library -O3))\"" \
                  $(BENCH_CFLAGS)
FLAGS_examples  = -Iinclude -Iexamples $(call example_packages,--cflags,$(notdir $*))
folder_flags    = $(FLAGS_$(firstword $(subst /, ,$1)))

DEFINES  := -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
COMMON   := $(DEFINES) $(WARNINGS) -fexceptions -fvisibility=hidden -fPIC -pthread \
            $(FLAGS_$(VARIANT))
compile_c   = $(CC) -std=c11 $(COMMON) $(folder_flags) $(CPPFLAGS) $(CFLAGS)
compile_cxx = $(CXX) -std=c++17 $(COMMON) $(folder_flags) $(CPPFLAGS) $(CXXFLAGS)
link_c      = $(CC) -pthread $(FLAGS_$(VARIANT)) $(CFLAGS) $(LDFLAGS)
link_cxx    = $(CXX) -pthread $(FLAGS_$(VARIANT)) $(CXXFLAGS) $(LDFLAGS)

# ---- what there is ------------------------------------------------------------------------------

objects = $(patsubst %,$(B)/obj/%.o,$(wildcard $1))
# The programs of a folder of tests, one per file.
programs = $(patsubst tests/%,$(B)/%,$(basename $(wildcard tests/$1/*.c tests/$1/*.cpp)))

# What reads traces is in ctxbench and the tests; the library has no use for it.
TUNE_OBJECTS    := $(call objects,src/tune/*.c src/tune/*/*.c src/recording/decode.c)
LIB_OBJECTS     := $(filter-out $(TUNE_OBJECTS),$(call objects,src/*/*.c))
BENCH_OBJECTS   := $(call objects,bench/*.c bench/*/*.c $(call bench_files,$(BENCH_FOUND)))
UV_OBJECTS      := $(if $(HAVE_UV),$(call objects,src/adapters/uv/*.c))
SUPPORT_OBJECTS := $(call objects,tests/support/*.c)
STATIC := $(B)/libctxcache.a
TUNE   := $(B)/libtune.a
SHARED := $(B)/libctxcache.so.$(VERSION)
LINKS  := $(B)/$(SONAME) $(B)/libctxcache.so
BENCH  := $(B)/ctxbench

UV        := $(B)/libctxcache-uv
UV_SONAME := $(notdir $(UV)).so.$(MAJOR)
UV_STATIC := $(if $(HAVE_UV),$(UV).a)
UV_SHARED := $(if $(HAVE_UV),$(UV).so.$(VERSION))
UV_LINKS  := $(if $(HAVE_UV),$(B)/$(UV_SONAME) $(UV).so)

UV_PROGRAMS  := $(foreach d,unit leak stress,$(filter $(B)/$d/%_uv $(B)/$d/test_uv_%,$(call programs,$d))) \
                $(B)/differential/async
NOT_BUILT    := $(if $(HAVE_UV),,$(UV_PROGRAMS))
UNIT         := $(filter-out $(NOT_BUILT),$(call programs,unit))
LEAK         := $(filter-out $(NOT_BUILT),$(call programs,leak))
STRESS       := $(filter-out $(NOT_BUILT),$(call programs,stress))
FUZZERS      := $(call programs,fuzz)
DIFFERENTIAL := $(filter-out $(NOT_BUILT),\
                    $(patsubst tests/%/,$(B)/%,$(sort $(dir $(wildcard tests/differential/*/*.c)))))
MODELS       := $(basename $(notdir $(wildcard tests/model/*.pml)))
HEADERS_C    := $(filter-out $(if $(HAVE_UV),,include/ctxcache/uv.h),\
                    $(sort $(wildcard include/*.h include/*/*.h)))
HEADERS_CXX  := $(HEADERS_C) $(sort $(wildcard include/*.hpp include/*/*.hpp))

# One example per file, and the tenant server twice, with threads and on libuv: a folder for each, and one for
# what they share.
EXAMPLE_NAMES  := $(sort $(basename $(notdir $(wildcard examples/*.c examples/*.cpp))))
EXAMPLES       := $(addprefix $(B)/examples/,$(EXAMPLE_NAMES))
REPORT_OBJECTS := $(call objects,examples/tenant_reports/*.c)
SERVER         := $(B)/examples/tenant_server
SERVER_OBJECTS := $(call objects,examples/tenant_server/*.c) $(REPORT_OBJECTS)
SERVER_LIBS    := libmicrohttpd sqlite3
SERVER_UV         := $(B)/examples/tenant_server_uv
SERVER_UV_OBJECTS := $(call objects,examples/tenant_server_uv/*.c) $(REPORT_OBJECTS)
SERVER_UV_LIBS    := libuv sqlite3

# Examples that need a package, and the pkg-config modules that it is.
EXAMPLE_NEEDS_glib     := 'glib-2.0 >= 2.74'
EXAMPLE_NEEDS_libevent := libevent
EXAMPLE_NEEDS_event_loop := libuv
example_packages = $(if $(EXAMPLE_NEEDS_$2),$(patsubst -I%,-isystem%,\
                       $(shell pkg-config $1 $(EXAMPLE_NEEDS_$2) 2>/dev/null)))
EXAMPLES_LACKING := $(foreach e,$(EXAMPLE_NAMES),$(if $(EXAMPLE_NEEDS_$e),$(if $(call \
                        example_packages,--modversion,$e),,$e)))

# What cannot be built for want of a package is named and left out; `make test` installs it.
HAVE_SERVER    := $(shell pkg-config --exists $(SERVER_LIBS) 2>/dev/null && echo yes)
HAVE_SERVER_UV := $(shell pkg-config --exists $(SERVER_UV_LIBS) 2>/dev/null && \
                      echo '\#include <http_parser.h>' | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)
HAVE_CXX       := $(shell command -v $(CXX))
EXAMPLES_CXX   := $(addprefix $(B)/examples/,$(basename $(notdir $(wildcard examples/*.cpp))))
LEFT_OUT       := $(if $(HAVE_SERVER),,$(SERVER)) $(if $(HAVE_SERVER_UV),,$(SERVER_UV)) \
                  $(if $(HAVE_CXX),,$(EXAMPLES_CXX)) \
                  $(addprefix $(B)/examples/,$(EXAMPLES_LACKING))

# ---- goals --------------------------------------------------------------------------------------

.PHONY: all lib examples programs demo test unit collide leak stress model differential headers symbols \
        install-check examples-check server-check server-long fuzz fuzz-run bench bench-peers bench-server \
        bench-check report-check asan tsan valgrind coverage coverage-report lint format format-check tidy \
        cppcheck shellcheck install uninstall deps \
        clean help FORCE
MAKEFLAGS += --no-builtin-rules
.SECONDARY:
.SECONDEXPANSION:
.DELETE_ON_ERROR:

all: lib $(BENCH) examples ## Builds the library, ctxbench and the examples (the default goal)

lib: $(STATIC) $(SHARED) $(LINKS) $(UV_STATIC) $(UV_SHARED) $(UV_LINKS) ## Builds the libraries, static and shared
	@$(if $(HAVE_UV),,echo "left out: $(notdir $(UV) $(UV_PROGRAMS)) need libuv, which 'make deps' installs")

examples: $(filter-out $(LEFT_OUT),$(EXAMPLES) $(SERVER) $(SERVER_UV)) ## Builds the examples
	@for e in $(notdir $(LEFT_OUT)); do \
	    echo "left out: example $$e needs packages that 'make deps' installs"; done

programs: all $(UNIT) $(LEAK) $(STRESS) $(DIFFERENTIAL) ## Builds everything, but for the fuzzers

demo: ## Runs a tenant server over a real database and calls it, installing what is missing
	@.ci/deps build server demo
	@$(MAKE) $(J) $(SERVER)
	@examples/demo.sh $(SERVER)

# ---- tests --------------------------------------------------------------------------------------

# Sub-makes build with all cores, unless make was given a -j of its own.
J = $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
CHECK := CHECK_DIR=$(BUILD)/checks tests/check

test: ## Installs what is missing, builds everything and runs every test
	@.ci/deps build bench test uv server examples demo
	@$(CHECK) suite "$(MAKE) $(J) programs" "$(MAKE) headers" "$(MAKE) symbols" \
	    "$(MAKE) $(J) unit" "$(MAKE) $(J) collide" "$(MAKE) $(J) VARIANT=asan unit" \
	    "$(MAKE) $(J) VARIANT=asan leak" "$(MAKE) $(J) stress" "$(MAKE) $(J) differential" \
	    "$(MAKE) $(J) examples-check" "$(MAKE) $(J) server-check" "$(MAKE) $(J) bench-check" \
	    "$(MAKE) $(J) install-check"

# Verbose: the log tells which tests are skipped and why, and which test did not end.
unit: $(UNIT) ## Runs the unit tests of a variant: make VARIANT=debug unit
	@CHECK_ARGS=--verbose $(CHECK) each "$(VARIANT) unit" $(UNIT)

collide: $(UNIT) ## Runs the unit tests with all hashes forced equal
	@CTX_TEST_HASH_BITS=0 CHECK_ARGS=--verbose $(CHECK) each "$(VARIANT) collide" $(UNIT)

leak: $(LEAK) ## Runs the leak programs of a variant (leaks show with VARIANT=asan)
	@$(CHECK) each "$(VARIANT) leak" $(LEAK)

stress: $(STRESS) ## Runs the stress programs of a variant
	@$(CHECK) each "$(VARIANT) stress" $(STRESS)

model: ## Checks the models of readers without a lock over all interleavings, and that faults are found
	@.ci/deps model || true
	@status=0; for model in $(MODELS); do \
	    $(CHECK) run "model $$model" tests/model/run.sh $(BUILD)/model $$model || status=1; done; \
	exit $$status

# All of them together take about a minute.
FUZZ_SECONDS ?= 7

fuzz: ## Fuzzes each reader of traces for FUZZ_SECONDS (7), under ASan and UBSan
	@.ci/deps build bench fuzz
	@$(MAKE) $(J) VARIANT=fuzz CC=clang fuzz-run

fuzz-run: $(FUZZERS)
	@status=$(if $(FUZZERS),0,1); for program in $(FUZZERS); do \
	    $(CHECK) run "fuzz $${program##*/fuzz_}" tests/fuzz/run.sh $$program $(FUZZ_SECONDS) || status=1; \
	done; exit $$status

differential: $(DIFFERENTIAL) ## Compares with CPython's contextvars, asyncio and functools.lru_cache
	@status=$(if $(DIFFERENTIAL),0,1); for program in $(DIFFERENTIAL); do \
	    name=$${program##*/}; \
	    $(CHECK) run "$(VARIANT) differential $$name" \
	        python3 tests/differential/$$name/run.py $$program || status=1; done; \
	$(if $(HAVE_UV),,$(CHECK) run "$(VARIANT) differential async" \
	    sh -c 'echo "needs libuv, which make deps installs"; exit 77';) exit $$status

headers: ## Compiles every public header alone, as C11 and C++17, and what must not compile
	@status=0; for cc in gcc clang; do \
	    $(CHECK) run "headers with $$cc" tests/packaging/headers.sh c $(HEADERS_C) \
	        -- $$cc -std=c11 || status=1; done; \
	for cc in gcc clang; do \
	    $(CHECK) run "what $$cc must refuse" tests/packaging/refused.sh $$cc -std=c11 || status=1; done; \
	for cxx in g++ clang++; do \
	    $(CHECK) run "headers with $$cxx" tests/packaging/headers.sh c++ $(HEADERS_CXX) \
	        -- $$cxx -std=c++17 || status=1; done; exit $$status

symbols: lib ## Checks what the shared library exports and needs
	@status=0; \
	$(CHECK) run "exported symbols" tests/packaging/symbols.sh $(SHARED) ctxcache.h ctx_ || status=1; \
	$(CHECK) run "needs libc and libgcc_s alone" tests/packaging/dynamic.sh $(SHARED) $(SONAME) || status=1; \
	$(if $(HAVE_UV),$(CHECK) run "exported symbols of the adapter for libuv" \
	    tests/packaging/symbols.sh $(UV_SHARED) ctxcache/uv.h ctx_uv_ || status=1; \
	$(CHECK) run "needs ctxcache and libuv besides" \
	    tests/packaging/dynamic.sh $(UV_SHARED) $(UV_SONAME) libctxcache libuv || status=1;) \
	exit $$status

install-check: lib $(BENCH) ## Installs into a scratch folder and uses the copy as a stranger would
	@status=0; for step in fresh_install through_pkg_config through_cmake staged_install uninstall; do \
	    MAKE="$(MAKE)" $(CHECK) run "packaging $$step" \
	        tests/packaging/install.sh $$step $(VERSION) $(B)/install-check || status=1; done; \
	exit $$status

examples-check: $(filter-out $(LEFT_OUT),$(EXAMPLES)) ## Runs the examples and compares what they print
	@status=0; for name in $(EXAMPLE_NAMES); do \
	    $(CHECK) run "example $$name" tests/packaging/example.sh \
	        $(B)/examples/$$name examples/expected/$$name.txt || status=1; done; \
	$(CHECK) run "README shows what runs" \
	    tests/packaging/readme.sh README.md examples/event_loop.c || status=1; exit $$status

check_server = status=0; for check in $1; do \
    $(CHECK) run "$(VARIANT) server $$check$(if $2, $2)" \
        $(if $(HAVE_SERVER_UV),python3 -B tests/server/$$check.py $(SERVER_UV) $2,\
             sh -c 'echo "packages are missing that make deps installs"; exit 77') || status=1; \
    done; exit $$status

server-check: $(if $(HAVE_SERVER_UV),$(SERVER_UV)) ## Calls the server on libuv with curl, wrk, and a client that pipelines
	@$(call check_server,pages protocol ending load)

server-long: $(if $(HAVE_SERVER_UV),$(SERVER_UV)) ## The same until wrk and that client have had a million right answers each
	@$(call check_server,load,1000000)

bench: $(BENCH) ## Traces through every command, with a page for each, and some single operations
	@bench/run.sh $(BENCH) $(BUILD)/bench

bench-peers: ## Installs what competitors of the bench need, and measures against all of them
	@.ci/deps build bench peers uv
	@$(MAKE) $(J) $(BENCH)
	$(BENCH) throughput

bench-server: ## Requests a second of both tenant servers, with the cache and without
	@.ci/deps build uv server demo
	@$(MAKE) $(J) $(SERVER_UV) $(SERVER)
	@bench/server.sh $(SERVER_UV) $(SERVER)

bench-check: $(BENCH) $(if $(HAVE_SERVER_UV),$(SERVER_UV)) ## Checks the options of ctxbench and that its JSON is JSON, not its figures
	@status=0; \
	$(CHECK) run "bench options" tests/bench/options.sh $(BENCH) || status=1; \
	$(CHECK) run "bench manual" tests/bench/manual.sh $(BENCH) bench/ctxbench.1 || status=1; \
	$(CHECK) run "bench advice" tests/bench/advice.sh $(BENCH) || status=1; \
	$(CHECK) run "bench sampled" tests/bench/sampled.sh $(BENCH) || status=1; \
	$(CHECK) run "bench report" tests/bench/report.sh $(BENCH) || status=1; \
	$(CHECK) run "bench recorded" tests/bench/recorded.sh $(BENCH) || status=1; \
	$(CHECK) run "bench run" tests/bench/run.sh $(BENCH) || status=1; \
	$(if $(HAVE_SERVER_UV),$(CHECK) run "bench server" tests/bench/server.sh $(SERVER_UV) || status=1;) \
	$(CHECK) run "bench smoke" sh -c \
	    '$(BENCH) throughput --seconds 0.01 --keys 1000 --json >$(B)/bench.json && \
	     python3 -m json.tool $(B)/bench.json' || status=1; \
	exit $$status

report-check: ## Opens the page of ctxbench report in a headless Chromium
	@.ci/deps build bench
	@.ci/deps browser || true
	@$(MAKE) $(J) $(BENCH)
	@$(CHECK) run "report in a browser" tests/bench/report_browser.sh $(BENCH)

# ---- sanitizers, valgrind, coverage -------------------------------------------------------------

asan: ## Unit, leak and stress programs and the server under AddressSanitizer and UBSan
	@.ci/deps build bench test uv server demo
	@$(CHECK) suite "$(MAKE) $(J) VARIANT=asan unit" "$(MAKE) $(J) VARIANT=asan leak" \
	    "$(MAKE) $(J) VARIANT=asan stress" "$(MAKE) $(J) VARIANT=asan server-check"

tsan: ## Stress and leak programs and the server under ThreadSanitizer (Criterion does not start there)
	@.ci/deps build bench uv server demo
	@$(CHECK) suite "$(MAKE) $(J) VARIANT=tsan stress" "$(MAKE) $(J) VARIANT=tsan leak" \
	    "$(MAKE) $(J) VARIANT=tsan server-check"

# Threads take turns there, and without the fair scheduler one may wait a minute for its own.
valgrind: ## Leak programs and unit tests under valgrind
	@.ci/deps build bench test uv valgrind
	@CTX_TEST_SLOW=1 CHECK_WRAPPER="valgrind --leak-check=full --fair-sched=try" $(CHECK) suite \
	    "$(MAKE) $(J) VARIANT=valgrind leak" \
	    "VALGRIND_OPTS=--show-leak-kinds=definite $(MAKE) $(J) VARIANT=valgrind unit"

coverage: ## Line coverage of src/ and the lines that no test reaches; fails below 95 %
	@.ci/deps build bench test uv coverage
	@mkdir -p $(BUILD)/coverage && find $(BUILD)/coverage -name '*.gcda' -delete
	@$(CHECK) suite "$(MAKE) $(J) VARIANT=coverage unit" "$(MAKE) VARIANT=coverage collide" \
	    "$(MAKE) $(J) VARIANT=coverage leak" "CTX_TEST_SLOW=1 $(MAKE) $(J) VARIANT=coverage stress" \
	    "$(MAKE) $(J) VARIANT=coverage differential" "$(MAKE) VARIANT=coverage coverage-report"

coverage-report:
	gcovr --root . --filter src/ --exclude-unreachable-branches --sort-uncovered \
	    --fail-under-line 95 $(B)

# ---- lint ---------------------------------------------------------------------------------------

sources    = $(sort $(shell find include src tests bench examples $1))
C_FILES    = $(filter-out $(call bench_files,$(BENCH_ABSENT)),$(call sources,-name '*.c'))
CXX_FILES  = $(filter-out $(call bench_files,$(BENCH_ABSENT)),$(call sources,-name '*.cpp'))
ALL_FILES  = $(call sources,-name '*.[ch]' -o -name '*.[ch]pp')
SCRIPTS    = .ci/deps .ci/run tests/check $(call sources,-name '*.sh')
TIDY_FLAGS = $(DEFINES) $(FLAGS_tests) -Ibench -Iexamples $(BENCH_CFLAGS) -DCTX_DEBUG=1 -pthread

lint: ## Format, clang-tidy, cppcheck and shellcheck; warnings are errors
	@.ci/deps build bench test uv server examples lint
	@$(CHECK) suite "$(MAKE) format-check" "$(MAKE) tidy" "$(MAKE) cppcheck" "$(MAKE) shellcheck"

format: ## Formats all sources in place
	clang-format -i $(ALL_FILES)

format-check:
	@$(CHECK) run format clang-format --dry-run -Werror $(ALL_FILES)

# One file a process: the analyzer of clang 14 confuses the va_lists of several.
tidy:
	@CHECK_TIMEOUT=1800 $(CHECK) run "clang-tidy, C" sh -c 'echo $(C_FILES) | xargs -n 1 -P $(shell nproc) sh -c \
	    "clang-tidy --quiet \"\$$@\" -- -std=c11 $(TIDY_FLAGS)" tidy'
	@$(CHECK) run "clang-tidy, C++" clang-tidy --quiet $(CXX_FILES) -- -std=c++17 $(TIDY_FLAGS)

# cppcheck cannot expand CTX_VAR; and a union with a double in it that is zeroed bytewise is zero.
cppcheck:
	@$(CHECK) run cppcheck cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability --library=.ci/cppcheck.cfg -j $(shell nproc) \
	    -D__GNUC__ -DCTX_DEBUG=1 -Iinclude -Isrc -Ibench -Iexamples --suppress=memsetClassFloat \
	    --suppress=preprocessorErrorDirective:include/ctxcache/variable.h src bench examples

shellcheck:
	@$(CHECK) run shellcheck shellcheck $(SCRIPTS)

# ---- install ------------------------------------------------------------------------------------

PREFIX     ?= /usr/local
prefix     ?= $(PREFIX)
exec_prefix ?= $(prefix)
bindir     ?= $(exec_prefix)/bin
libdir     ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
MANDIR     ?= $(prefix)/share/man
mandir     ?= $(MANDIR)
pkgconfigdir ?= $(libdir)/pkgconfig
cmakedir     ?= $(libdir)/cmake/ctxcache
INSTALL      ?= install

# Until 1.0.0 a minor version may break the interface.
COMPATIBLE := $(if $(filter 0,$(MAJOR)),0.$(MINOR).0,$(MAJOR).0.0)
fill = sed -e 's|@PREFIX@|$(prefix)|' -e 's|@LIBDIR@|$(libdir)|' -e 's|@MAJOR@|$(MAJOR)|' \
           -e 's|@INCLUDEDIR@|$(includedir)|' -e 's|@VERSION@|$(VERSION)|' \
           -e 's|@COMPATIBLE@|$(COMPATIBLE)|' \
           -e "s|@TO_LIBDIR@|$$(realpath -m --relative-to=$(cmakedir) $(libdir))|" \
           -e "s|@TO_INCLUDEDIR@|$$(realpath -m --relative-to=$(cmakedir) $(includedir))|"
D = $(DESTDIR)

install: lib $(BENCH) ## Installs below $(DESTDIR)$(PREFIX), /usr/local by default
	$(INSTALL) -d $D$(bindir) $D$(libdir) $D$(includedir)/ctxcache $D$(pkgconfigdir) $D$(cmakedir) \
	    $D$(mandir)/man1
	$(INSTALL) -m 644 $(wildcard include/*.h include/*.hpp) $D$(includedir)
	$(INSTALL) -m 644 $(filter include/ctxcache/%,$(HEADERS_CXX)) $D$(includedir)/ctxcache
	$(INSTALL) -m 644 $(STATIC) $(SHARED) $(UV_STATIC) $(UV_SHARED) $D$(libdir)
	ln -sf $(notdir $(SHARED)) $D$(libdir)/$(SONAME)
	ln -sf $(SONAME) $D$(libdir)/libctxcache.so
	$(if $(HAVE_UV),ln -sf $(notdir $(UV_SHARED)) $D$(libdir)/$(UV_SONAME) && \
	    ln -sf $(UV_SONAME) $D$(libdir)/$(notdir $(UV)).so && \
	    $(fill) src/packaging/ctxcache-uv.pc.in >$D$(pkgconfigdir)/ctxcache-uv.pc)
	$(INSTALL) -m 755 $(BENCH) $D$(bindir)
	$(fill) bench/ctxbench.1 >$D$(mandir)/man1/ctxbench.1
	$(fill) src/packaging/ctxcache.pc.in >$D$(pkgconfigdir)/ctxcache.pc
	for f in ctxcacheConfig ctxcacheConfigVersion; do \
	    $(fill) src/packaging/$$f.cmake.in >$D$(cmakedir)/$$f.cmake || exit 1; done
	@case "$D$(libdir)" in /usr/lib* | /usr/local/lib*) /sbin/ldconfig || true ;; esac

uninstall: ## Removes what install put there, given the same folders
	rm -rf $D$(includedir)/ctxcache $D$(cmakedir)
	rm -f $D$(includedir)/ctxcache.h $D$(includedir)/ctxcache.hpp $D$(bindir)/ctxbench \
	    $D$(mandir)/man1/ctxbench.1 $(addprefix $D$(pkgconfigdir)/,ctxcache.pc ctxcache-uv.pc) \
	    $(addprefix $D$(libdir)/,$(notdir $(STATIC) $(SHARED) $(LINKS) \
	        $(addprefix $(UV),.a .so .so.$(MAJOR) .so.$(VERSION))))

# ---- the rest -----------------------------------------------------------------------------------

deps: ## Installs what building, testing and the demo need
	@.ci/deps build bench test uv server examples demo

clean: ## Removes $(BUILD)
	rm -rf $(BUILD)

help: ## Lists the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

# ---- how things are made ------------------------------------------------------------------------

# V=1 shows the whole commands.
Q := $(if $(V),,@)
make_dir = @mkdir -p $(@D)

# Two files that change, and so remake what depends on them, when the compilers or their flags do,
# and when the library loses a source.
$(B)/flags: NOW = $(CC) $(CXX) $(COMMON) $(FLAGS_src) $(FLAGS_tests) $(FLAGS_bench) $(CPPFLAGS) \
                  $(CFLAGS) $(CXXFLAGS) $(LDFLAGS)
$(B)/sources: NOW = $(LIB_OBJECTS) $(TUNE_OBJECTS) $(UV_OBJECTS)
$(B)/flags $(B)/sources: FORCE
	$(make_dir)
	@echo '$(NOW)' | cmp -s - $@ || echo '$(NOW)' >$@

# Say what to type when a header of the system is missing.
$(B)/found $(B)/found-bench:
	@.ci/deps --check build $(if $(findstring bench,$@),bench)
	$(make_dir)
	@touch $@

# Nobody who builds the library alone needs what traces are compressed with.
$(TUNE_OBJECTS): | $(B)/found-bench

$(B)/obj/%.c.o: %.c $(B)/flags | $(B)/found
	$(make_dir)
	@echo "  CC   $<"
	$(Q)$(call compile_c,$<) -MMD -MP -c $< -o $@

$(B)/obj/%.cpp.o: %.cpp $(B)/flags | $(B)/found
	$(make_dir)
	@echo "  CXX  $<"
	$(Q)$(call compile_cxx,$<) -MMD -MP -c $< -o $@

$(SERVER_OBJECTS): FLAGS_examples += $(shell pkg-config --cflags $(SERVER_LIBS) 2>/dev/null)
$(SERVER_UV_OBJECTS): FLAGS_examples += $(shell pkg-config --cflags $(SERVER_UV_LIBS) 2>/dev/null)

$(STATIC): $(LIB_OBJECTS) $(B)/sources
	@rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJECTS)

$(TUNE): $(TUNE_OBJECTS) $(B)/sources
	@rm -f $@
	$(Q)$(AR) rcs $@ $(TUNE_OBJECTS)

$(SHARED): $(LIB_OBJECTS) $(B)/sources src/libctxcache.map
	@echo "  LINK $@"
	$(Q)$(link_c) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=src/libctxcache.map \
	    -Wl,-z,nodelete -Wl,--no-undefined $(LIB_OBJECTS) -o $@

$(LINKS): $(SHARED)
	@ln -sf $(notdir $(SHARED)) $@

ifdef HAVE_UV
$(UV_STATIC): $(UV_OBJECTS) $(B)/sources
	@rm -f $@
	$(Q)$(AR) rcs $@ $(UV_OBJECTS)

$(UV_SHARED): $(UV_OBJECTS) $(B)/sources src/adapters/uv/libctxcache-uv.map | $(SHARED) $(LINKS)
	@echo "  LINK $@"
	$(Q)$(link_c) -shared -Wl,-soname,$(UV_SONAME) \
	    -Wl,--version-script=src/adapters/uv/libctxcache-uv.map -Wl,-z,nodelete -Wl,--no-undefined \
	    -Wl,--as-needed $(UV_OBJECTS) -L$(B) -lctxcache $(UV_LIBS) -o $@

$(UV_LINKS): $(UV_SHARED)
	@ln -sf $(notdir $(UV_SHARED)) $@

# The adapter's archive comes before that of what it needs.
$(UV_PROGRAMS): LIBS += $(UV_STATIC) $(STATIC) $(UV_LIBS)
$(UV_PROGRAMS): $(UV_STATIC)

$(B)/examples/event_loop: ADAPTERS = -L$(B) -lctxcache-uv
$(B)/examples/event_loop: | $(UV_SHARED) $(UV_LINKS)
endif

$(BENCH): $(BENCH_OBJECTS) $(TUNE) $(UV_STATIC) $(STATIC)
	@echo "  LINK $@"
	$(Q)$(if $(filter %.cpp.o,$^),$(link_cxx),$(link_c)) $^ $(BENCH_LIBS) $(TUNE_LIBS) -lm -o $@

# Tests link the static library: hidden symbols are within their reach.
$(B)/unit/%: LIBS := -lcriterion
$(B)/fuzz/%: LIBS := -fsanitize=fuzzer
$(B)/%: $(B)/obj/tests/%.c.o $(SUPPORT_OBJECTS) $(TUNE) $(STATIC)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_c) $^ $(LIBS) $(TUNE_LIBS) -lm -o $@

$(B)/%: $(B)/obj/tests/%.cpp.o $(SUPPORT_OBJECTS) $(TUNE) $(STATIC)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_cxx) $^ $(LIBS) $(TUNE_LIBS) -lm -o $@

# One program per folder of tests/differential.
$(DIFFERENTIAL): $(B)/%: $$(call objects,tests/$$*/*.c) $(SUPPORT_OBJECTS) $(TUNE) $(STATIC)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_c) $^ $(LIBS) $(TUNE_LIBS) -lm -o $@

# Examples link the shared library, which has the public functions alone.
link_shared = $(ADAPTERS) -L$(B) -lctxcache -Wl,-rpath,'$$ORIGIN/..' -lm -o $@

$(B)/examples/%: $(B)/obj/examples/%.c.o | $(SHARED) $(LINKS)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_c) $< $(call example_packages,--libs,$*) $(link_shared)

$(B)/examples/%: $(B)/obj/examples/%.cpp.o | $(SHARED) $(LINKS)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_cxx) $< $(link_shared)

$(SERVER): $(SERVER_OBJECTS) | $(SHARED) $(LINKS)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_c) $(SERVER_OBJECTS) $(shell pkg-config --libs $(SERVER_LIBS)) $(link_shared)

$(SERVER_UV): $(SERVER_UV_OBJECTS) | $(SHARED) $(LINKS) $(UV_SHARED) $(UV_LINKS)
	$(make_dir)
	@echo "  LINK $@"
	$(Q)$(link_c) $(SERVER_UV_OBJECTS) -L$(B) -lctxcache-uv $(shell pkg-config --libs $(SERVER_UV_LIBS)) \
	    -lhttp_parser $(link_shared)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
