"""Random call streams through functools.lru_cache(maxsize=n, typed=True) and through ctxcache.

Usage: python3 run.py path/to/driver

Both must give the same results and exceptions, and after every call the same hits, misses and
current size. CTX_TEST_SEED repeats a run; CTX_TEST_STREAMS says how many streams to play. On a
difference it prints the seed and the shortest prefix of the stream that shows it.

Left out: NaN, because Python compares it by identity and ctxcache makes one key of all of them; and
-0.0, which is the same key as 0.0 in Python and another one here.
"""

import functools
import os
import random
import struct
import subprocess
import sys
import time

MAXSIZES = [0, 1, 2, 3, 7, 50, None]
PLAIN, RAISING, RECURSIVE = range(3)


class Failure(Exception):
    """What the functions raise; the driver returns its code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def make_function(kind, maxsize):
    """The functions of driver.c; a result tells which execution made it."""
    serial = 0

    @functools.lru_cache(maxsize=maxsize, typed=True)
    def memoized(*args):
        nonlocal serial
        serial += 1
        value = mine = serial
        if kind == RAISING and mine % 3 == 0:
            raise Failure(100 + mine % 5)
        if kind == RECURSIVE and len(args) == 1 and type(args[0]) is int:
            if mine % 7 == 0:
                raise Failure(200)
            for below in (1, 2):
                if args[0] >= below:
                    value += memoized(args[0] - below)
        return value % 1000000007

    return memoized


def play(stream):
    """What the driver must print for each step of a stream."""
    maxsize, kind, steps = stream
    memoized = make_function(kind, maxsize)
    for step in steps:
        if step == "clear":
            memoized.cache_clear()
            answer = "cleared"
        else:
            try:
                answer = f"v{memoized(*step)}"
            except Failure as failure:
                answer = f"e{failure.code}"
        info = memoized.cache_info()
        yield f"{answer} {info.hits} {info.misses} {info.currsize}"


# ---- random streams ----------------------------------------------------------------------------

# Values that are equal, or look equal, in one language or the other.
ALIKE = [0, 1, 0.0, 1.0, False, True, None, "", b"", "0", "1", b"1", "a", b"a", "\0", b"\0", -1]


def random_argument(rng):
    which = rng.randrange(8)
    if which < 4:
        return rng.choice(ALIKE)
    if which == 4:
        return rng.choice([rng.randrange(5), rng.randrange(-(2**63), 2**63), 2**63 - 1, -(2**63)])
    if which == 5:
        return rng.choice([rng.randrange(5) / 4, rng.uniform(-1e300, 1e300), float("inf"), 5e-324])
    if which == 6:
        return "".join(rng.choice("ab\0é€𝄞") for _ in range(rng.randrange(4)))
    return bytes(rng.randrange(3) for _ in range(rng.randrange(4)))


def random_call(rng, kind, pool):
    if kind == RECURSIVE and rng.randrange(3):
        return (rng.randrange(30),)
    if rng.randrange(4):
        return rng.choice(pool)
    return tuple(random_argument(rng) for _ in range(rng.randrange(5)))


def random_stream(rng):
    kind = rng.choice([PLAIN, RAISING, RECURSIVE])
    pool = [
        tuple(random_argument(rng) for _ in range(rng.randrange(5)))
        for _ in range(rng.choice([2, 5, 20, 80]))
    ]
    steps = [
        "clear" if rng.randrange(60) == 0 else random_call(rng, kind, pool)
        for _ in range(rng.randrange(1, 150))
    ]
    return rng.choice(MAXSIZES), kind, steps


# ---- the driver's language ---------------------------------------------------------------------


def encode(argument):
    if argument is None:
        return "N"
    if argument is True:
        return "T"
    if argument is False:
        return "F"
    if isinstance(argument, int):
        return f"i{argument}"
    if isinstance(argument, float):
        return "f" + struct.pack(">d", argument).hex()
    if isinstance(argument, str):
        return "s" + argument.encode().hex()
    return "b" + argument.hex()


def write(stream):
    maxsize, kind, steps = stream
    lines = [f"stream {-1 if maxsize is None else maxsize} {kind}"]
    for step in steps:
        lines.append("clear" if step == "clear" else " ".join(["call", *map(encode, step)]))
    return lines


def report(seed, number, stream, length, expected, got):
    print(f"CTX_TEST_SEED={seed}: stream {number} differs at step {length}")
    print(f"  functools: {expected}\n  ctxcache:  {got}")
    print("  (answer hits misses currsize)\nThe shortest failing prefix:")
    for line in write((stream[0], stream[1], stream[2][:length])):
        print("  " + line)


def compare(seed, streams, answers):
    """0 if all lines are as expected; a stream is deterministic, so its first difference is the
    end of the shortest prefix that fails."""
    lines = iter(answers)
    for number, stream in enumerate(streams):
        for length, expected in enumerate(play(stream), start=1):
            got = next(lines, "(nothing)")
            if got != expected:
                report(seed, number, stream, length, expected, got)
                return 1
    extra = next(lines, None)
    if extra is not None:
        print(f"the driver said more than it was asked: {extra}")
        return 1
    return 0


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    seed = int(os.environ.get("CTX_TEST_SEED") or str(time.time_ns()), 0)
    count = int(os.environ.get("CTX_TEST_STREAMS", "4000"))
    rng = random.Random(seed)
    streams = [random_stream(rng) for _ in range(count)]
    text = "\n".join(line for stream in streams for line in write(stream)) + "\n"
    print(f"lru_cache: CTX_TEST_SEED={seed}, {count} streams, "
          f"{sum(len(stream[2]) for stream in streams)} steps", file=sys.stderr)
    driver = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=False)
    if driver.returncode:
        print(f"CTX_TEST_SEED={seed}: the driver ended with {driver.returncode}\n{driver.stderr}")
        return 1
    return compare(seed, streams, driver.stdout.splitlines())


if __name__ == "__main__":
    sys.exit(main())
