#!/usr/bin/env python3
"""Compares programs on libuv, whose callbacks are handed over through ctxcache/uv.h, with asyncio's.

    run.py DRIVER

runs each program of programs.py, and DRIVER's program of the same name, and compares their lines; then
random ones (trees.py). Environment: CTX_TEST_SEED repeats a run, CTX_TEST_PROGRAMS sets how many random
programs, CTX_TEST_SLOW=1 makes it a tenth.

What is not compared because it is meant to differ: asyncio's readers, signal handlers and tasks have one
context for all their runs; here each run of a callback has a copy of what was captured, unless a context is
named. Programs that need asyncio's way name one.
"""
import os
import random
import subprocess
import sys

if sys.version_info < (3, 11):
    print("asyncio's create_task(context=) needs Python 3.11")
    sys.exit(77)

sys.dont_write_bytecode = True  # beside the sources

import programs
import trees

# Whose lines are sorted before they are compared, and why either runtime may print them as it likes.
UNORDERED = {
    "handlers": "two timers of the same millisecond are due",
    "nested": "a task goes on an iteration or two after what it awaits, which is the runtime's affair",
    "call_later": "a timer that starts late may be due with one that was started after it",
    "executor": "two jobs run at the same time",
}


class DriverFailed(Exception):
    """The driver ended with another status than 0."""


def show_difference(name, theirs, ours):
    print("asyncio and libuv differ in", name)
    print("asyncio:", *theirs, sep="\n    ")
    print("libuv:", *ours, sep="\n    ")


def lines_of(command, text=None):
    done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise DriverFailed(f"{command} ended with {done.returncode}\n{done.stderr}")
    return done.stdout.splitlines()


def reference_of(name):
    here = os.path.dirname(os.path.abspath(__file__))
    code = f"import asyncio, programs; asyncio.run(programs.{name}())"
    return lines_of(["env", f"PYTHONPATH={here}", sys.executable, "-B", "-c", code])


# ---- the programs of programs.py ---------------------------------------------------------------

def compare_program(driver, name):
    theirs = reference_of(name)
    try:
        ours = lines_of([driver, name])
    except DriverFailed as failure:
        ours = [str(failure)]
    if name in UNORDERED:
        theirs.sort()
        ours.sort()
    if not theirs or theirs != ours:
        show_difference(name, theirs, ours)
    return theirs and theirs == ours


# ---- random ones -------------------------------------------------------------------------------

def by_number(line):
    return int(line.split(":")[0])


def results_of_tree(driver, program):
    theirs = sorted(trees.execute(program), key=by_number)
    try:
        return theirs, sorted(lines_of([driver, "tree"], trees.text_of(program)), key=by_number)
    except DriverFailed as failure:
        return theirs, [str(failure)]


def differs(driver, program):
    theirs, ours = results_of_tree(driver, program)
    return theirs != ours


def minimised(driver, program):
    while True:
        less = next((p for p in trees.smaller(program) if differs(driver, p)), None)
        if less is None:
            return program
        program = less


def report(driver, program):
    program = minimised(driver, program)
    show_difference("this program:\n" + trees.text_of(program), *results_of_tree(driver, program))


def compare_trees(driver, rng, count):
    lines = 0
    for _ in range(count):
        program = trees.Maker(rng).program()
        theirs, ours = results_of_tree(driver, program)
        if theirs != ours:
            report(driver, program)
            return False
        lines += len(theirs)
    print(f"{count} random programs, the same {lines} lines")
    return lines > count


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: run.py DRIVER")
    driver = sys.argv[1]
    seed = int(os.environ.get("CTX_TEST_SEED", "0"), 0) or random.SystemRandom().getrandbits(48)
    count = int(os.environ.get("CTX_TEST_PROGRAMS", "50"))
    if os.environ.get("CTX_TEST_SLOW"):
        count = max(count // 10, 1)
    print(f"async: CTX_TEST_SEED={seed}")
    names = [program.__name__ for program in programs.PROGRAMS]
    same = [compare_program(driver, name) for name in names]
    print(f"{same.count(True)} of {len(names)} programs print the same lines")
    return 0 if compare_trees(driver, random.Random(seed), count) and all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
