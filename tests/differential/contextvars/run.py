#!/usr/bin/env python3
"""Compares the context store with CPython's contextvars.

    run.py DRIVER

makes random programs of context operations (driver.c describes them), executes each with contextvars
and all of them with DRIVER, and compares the results line by line. On the first difference it prints
the smallest program it can find that still shows one, and ends with status 1. The environment:
CTX_TEST_SEED repeats a run, CTX_TEST_PROGRAMS sets how many programs, CTX_TEST_SLOW=1 makes it a
tenth.

One thing is not compared because it is meant to differ: a token of CPython keeps its context alive,
so no program gives a context up.
"""
import contextvars
import os
import random
import subprocess
import sys

TOKENS = 24
WORDS = ["null", "acme", "globex", "x"]


# ---- programs: a list of operations; a run is ("run", context, [operations]) -------------------

class Maker:
    """Makes one random program."""

    def __init__(self, rng):
        self.rng = rng
        self.var_count = rng.choice([1, 2, 3, 5, 8, 40, 60])
        self.contexts = 0
        self.made = []  # (variable, token) of each set, so that most resets are of something made

    def value(self):
        return self.rng.choice(WORDS) if self.rng.random() < 0.3 else str(self.rng.randrange(-9, 99))

    def var(self):
        return str(self.rng.randrange(self.var_count))

    def context(self):
        return str(self.rng.randrange(self.contexts + 1))

    def new_context(self):
        self.contexts += 1
        return str(self.contexts)

    def token(self):
        return str(self.rng.randrange(TOKENS))

    def program(self):
        declared = [("var", str(v)) + ((self.value(),) if self.rng.random() < 0.3 else ())
                    for v in range(self.var_count)]
        return declared + self.body(0, self.rng.choice([5, 20, 80]))

    def body(self, depth, length):
        return [self.operation(depth) for _ in range(self.rng.randrange(length + 1))]

    def operation(self, depth):
        roll = self.rng.random()
        if roll < 0.30:
            return self.setting()
        if roll < 0.50:
            return self.resetting()
        if roll < 0.62:
            return ("get", self.var())
        if roll < 0.66:
            return ("getd", self.var(), self.value())
        if roll < 0.78 and self.contexts < 60:
            return self.making()
        if roll < 0.90 and depth < 5:
            return ("run", self.context(), self.body(depth + 1, 12))
        return self.looking()

    def setting(self):
        if self.rng.random() < 0.3:
            return ("set", self.var(), self.value())
        self.made.append((self.var(), self.token()))
        var, token = self.made[-1]
        return ("set", var, self.value(), token)

    def resetting(self):
        if not self.made or self.rng.random() < 0.1:
            return ("reset", self.var(), self.token())
        return ("reset",) + self.rng.choice(self.made[-8:])

    def making(self):
        kind = self.rng.choice(["new", "copy", "copy", "copyof"])
        source = (self.context(),) if kind == "copyof" else ()
        return (kind, self.new_context()) + source

    def looking(self):
        kind = self.rng.choice(["len", "contains", "cget", "dump"])
        return (kind, self.context()) + ((self.var(),) if kind in ("contains", "cget") else ())


def text_of(program):
    lines = []

    def write(operations):
        for op in operations:
            if op[0] == "run":
                lines.append(f"run {op[1]}")
                write(op[2])
                lines.append("end")
            else:
                lines.append(" ".join(op))

    lines.append("program")
    write(program)
    lines.append("end")
    return "\n".join(lines) + "\n"


# ---- contextvars -------------------------------------------------------------------------------

class Reference:
    """Executes a program with contextvars."""

    def __init__(self):
        self.vars, self.tokens, self.contexts, self.lines = {}, {}, {}, []

    def execute(self, program):
        contextvars.Context().run(self.execute_all, program)
        self.lines.append("done")
        return self.lines

    def execute_all(self, operations):
        for op in operations:
            self.lines.append(self.execute_one(op))

    def execute_one(self, op):
        try:
            return getattr(self, "op_" + op[0])(*op[1:])
        except KeyError as error:
            return "unset" if isinstance(error.args[0], contextvars.ContextVar) else "none"
        except LookupError:
            return "unset"
        except ValueError as error:
            return "variable" if "different ContextVar" in str(error) else "context"
        except RuntimeError as error:
            return "used" if "already been used" in str(error) else "entered"

    @staticmethod
    def value(word):
        if word == "null":
            return None
        try:
            return int(word)
        except ValueError:
            return word

    @staticmethod
    def show(value):
        return "null" if value is None else str(value)

    def op_var(self, v, *default):
        defaults = {"default": self.value(word) for word in default}
        self.vars[v] = contextvars.ContextVar(v, **defaults)
        return "ok"

    def op_set(self, v, word, token=None):
        made = self.vars[v].set(self.value(word))
        if token is not None:
            self.tokens[token] = made
        return "ok"

    def op_get(self, v):
        return self.show(self.vars[v].get())

    def op_getd(self, v, word):
        return self.show(self.vars[v].get(self.value(word)))

    def op_reset(self, v, token):
        self.vars[v].reset(self.tokens[token])
        return "ok"

    def op_new(self, c):
        self.contexts[c] = contextvars.Context()
        return "ok"

    def op_copy(self, c):
        self.contexts[c] = contextvars.copy_context()
        return "ok"

    def op_copyof(self, c, source):
        self.contexts[c] = self.contexts[source].copy()
        return "ok"

    def op_run(self, c, operations):
        self.contexts[c].run(self.execute_all, operations)
        return "ok"

    def op_len(self, c):
        return str(len(self.contexts[c]))

    def op_contains(self, c, v):
        return "yes" if self.vars[v] in self.contexts[c] else "no"

    def op_cget(self, c, v):
        return self.show(self.contexts[c][self.vars[v]])

    def op_dump(self, c):
        entries = {var.name: value for var, value in self.contexts[c].items()}
        return " ".join([f"{v}={self.show(entries[v])}" for v in sorted(entries, key=int)] + ["ok"])


# ---- comparing ---------------------------------------------------------------------------------

class DriverFailed(Exception):
    """The driver ended with another status than 0."""


def results_of_driver(driver, programs):
    """The lines of each program."""
    done = subprocess.run([driver], input="".join(map(text_of, programs)), text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise DriverFailed(f"{driver} ended with {done.returncode}\n{done.stderr}")
    results, lines = [], []
    for line in done.stdout.splitlines():
        # The store visits variables in order of ids, which are used again; sort as the reference.
        if "=" in line:
            *entries, status = line.split()
            line = " ".join(sorted(entries, key=lambda e: int(e.split("=")[0])) + [status])
        lines.append(line)
        if line == "done":
            results.append(lines)
            lines = []
    return results


def differs(driver, program):
    try:
        ours = results_of_driver(driver, [program])
    except DriverFailed:
        return True
    return ours != [Reference().execute(program)]


def smaller(program):
    """All programs that lack one operation of this one."""
    for i, op in enumerate(program):
        yield program[:i] + program[i + 1:]
        if op[0] == "run":
            for body in smaller(op[2]):
                yield program[:i] + [("run", op[1], body)] + program[i + 1:]


def minimised(driver, program):
    found = True
    while found:
        found = False
        for candidate in smaller(program):
            if differs(driver, candidate):
                program, found = candidate, True
                break
    return program


def report(driver, program):
    program = minimised(driver, program)
    print("The store and contextvars differ in this program:\n" + text_of(program))
    print("contextvars:", Reference().execute(program))
    try:
        print("the store:  ", *results_of_driver(driver, [program]))
    except DriverFailed as failure:
        print("the store:  ", failure)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: run.py DRIVER")
    driver = sys.argv[1]
    seed = int(os.environ.get("CTX_TEST_SEED", "0"), 0) or random.SystemRandom().getrandbits(48)
    count = int(os.environ.get("CTX_TEST_PROGRAMS", "4000"))
    if os.environ.get("CTX_TEST_SLOW"):
        count //= 10
    print(f"contextvars: CTX_TEST_SEED={seed}")
    rng = random.Random(seed)
    programs = [Maker(rng).program() for _ in range(count)]
    expected = [Reference().execute(program) for program in programs]
    try:
        results = results_of_driver(driver, programs)
    except DriverFailed as failure:
        print(failure)
        results = []
    for i, program in enumerate(programs):
        if i >= len(results) or results[i] != expected[i]:
            report(driver, program)
            return 1
    tally = {}
    for line in (line for lines in expected for line in lines):
        word = line if line.isalpha() else "value"
        tally[word] = tally.get(word, 0) + 1
    print(f"{count} programs, the same results:", tally)
    return 0


if __name__ == "__main__":
    sys.exit(main())
