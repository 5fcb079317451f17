"""Programs as users of asyncio write them. programs.c has each once more, on libuv.

Each has a process and an empty context for itself. run.py says whose lines are sorted.
"""
import asyncio
import concurrent.futures
import contextvars
import os
import signal
import threading

user = contextvars.ContextVar("user", default="-")
session = contextvars.ContextVar("session", default=0)
number = contextvars.ContextVar("number", default=0)


def say(line):
    os.write(1, f"{line}\n".encode())  # whole, from any thread


def in_copy(function, *args):
    """What run_in_executor() is given so that the context goes along."""
    return contextvars.copy_context().run, function, *args


# ---- the two that everybody knows --------------------------------------------------------------

async def classic():
    def inside():
        number.set(100)
        say(f"inside: {number.get()}")

    number.set(42)
    say(f"before: {number.get()}")
    contextvars.copy_context().run(inside)
    say(f"after: {number.get()}")


async def handlers():
    async def log(what):
        await asyncio.sleep(0.001)
        say(f"{what}: {user.get()} in session {session.get()}")

    async def helper(what):
        await asyncio.sleep(0.001)
        await log(what)

    async def handle(name, its_session):
        user.set(name)
        session.set(its_session)
        await helper("begun")
        await helper("ended")

    await asyncio.gather(handle("ann", 11), handle("bob", 22))
    say(f"main: {user.get()} in session {session.get()}")


# ---- tasks -------------------------------------------------------------------------------------

async def create_task():
    async def child(name):
        say(f"{name} begins as {user.get()}")
        user.set(name)
        await asyncio.sleep(0)
        say(f"{name} goes on as {user.get()}")

    user.set("main")
    tasks = [asyncio.create_task(child(name)) for name in ("ann", "bob", "cid")]
    user.set("changed")
    say(f"main goes on as {user.get()}")
    for task in tasks:
        await task
    say(f"main ends as {user.get()}")


async def gather():
    async def times(factor):
        number.set(number.get() * factor)
        await asyncio.sleep(0.001 * (4 - factor))
        return number.get()

    number.set(7)
    say(f"results: {await asyncio.gather(times(1), times(2), times(3))}")
    say(f"main: {number.get()}")


async def nested():
    async def descend(path):
        say(f"{path}: from {user.get()}")
        user.set(path)
        if len(path) < 4:
            await asyncio.gather(descend(path + "l"), descend(path + "r"))
        say(f"{path}: still {user.get()}")

    await descend("t")
    say(f"main: {user.get()}")


async def token():
    token = user.set("ann")
    await asyncio.sleep(0.001)
    say(f"set: {user.get()}")
    user.reset(token)
    say(f"reset: {user.get()}")


# ---- callbacks ---------------------------------------------------------------------------------

async def call_soon():
    def show_and_set(what):
        say(f"{what}: {number.get()}")
        number.set(0)

    loop = asyncio.get_running_loop()
    for i in 1, 2, 3:
        number.set(i)
        loop.call_soon(show_and_set, f"handed over at {i}")
    number.set(4)
    await asyncio.sleep(0)
    say(f"main: {number.get()}")


async def call_later():
    def show(what):
        say(f"{what}: {number.get()}")
        shown[what].set()

    loop, shown = asyncio.get_running_loop(), {}
    for what, its_number, delay in ("late", 3, 0.003), ("early", 1, 0.001), ("between", 2, 0.002):
        shown[what] = asyncio.Event()
        number.set(its_number)
        loop.call_later(delay, show, what)
    number.set(4)
    loop.call_later(0.001, show, "never").cancel()
    number.set(5)
    for event in shown.values():
        await event.wait()
    say(f"main: {number.get()}")


async def repeated():
    def show_and_set(event):
        say(f"tick: {number.get()}")
        number.set(number.get() + 1)
        event.set()

    number.set(5)
    ticks = [asyncio.Event() for _ in range(3)]
    for i, event in enumerate(ticks):
        asyncio.get_running_loop().call_later(0.001 * i, show_and_set, event)
    number.set(9)
    for event in ticks:
        await event.wait()
    say(f"main: {number.get()}")


async def reader():
    def on_readable():
        byte = os.read(source, 1)
        number.set(number.get() + 1)
        say(f"{byte.decode()}: {user.get()}, {number.get()}")
        if byte == b"c":
            asyncio.get_running_loop().remove_reader(source)
            done.set()

    source, sink = os.pipe()
    done = asyncio.Event()
    user.set("ann")
    asyncio.get_running_loop().add_reader(source, on_readable)
    user.set("bob")
    os.write(sink, b"abc")
    await done.wait()
    say(f"main: {user.get()}, {number.get()}")


async def signals():
    def on_signal():
        say(f"signal: {user.get()}")
        done.set()

    done = asyncio.Event()
    user.set("ann")
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, on_signal)
    user.set("bob")
    os.kill(os.getpid(), signal.SIGUSR1)
    await done.wait()
    say(f"main: {user.get()}")


# ---- other threads -----------------------------------------------------------------------------

async def executor():
    def job(what):
        say(f"{what}: {user.get()}")
        user.set("worker")

    async def handle(name):
        user.set(name)
        await loop.run_in_executor(None, *in_copy(job, f"job of {name}"))
        say(f"after: {user.get()}")

    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, job, "job of nobody")
    await asyncio.gather(handle("ann"), handle("bob"))
    say(f"main: {user.get()}")


# ---- explicit contexts -------------------------------------------------------------------------

async def explicit():
    def add(what):
        number.set(number.get() + 1)
        say(f"{what}: {number.get()}")

    def add_soon(what):
        add(what)
        loop.call_later(0.001, add_last, "later", context=context)

    def add_last(what):
        add(what)
        done.set()

    async def add_twice(what):
        add(what)
        await asyncio.sleep(0.001)
        add(what)

    loop, done = asyncio.get_running_loop(), asyncio.Event()
    number.set(10)
    context = contextvars.copy_context()
    number.set(0)
    await asyncio.create_task(add_twice("task"), context=context)
    loop.call_soon(add_soon, "soon", context=context)
    await done.wait()
    context.run(add, "run")
    say(f"context: {context[number]}")
    say(f"main: {number.get()}")


# ---- what ends early ---------------------------------------------------------------------------

async def cancellation():
    async def sleeper(name):
        user.set(name)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            say(f"cancelled: {user.get()}")
            user.set("cleaning")
            await asyncio.sleep(0.001)
            say(f"cleaned: {user.get()}")
            raise

    user.set("main")
    task = asyncio.create_task(sleeper("ann"))
    await asyncio.sleep(0)
    user.set("changed")
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        say(f"main: {user.get()}")


async def cancelled_job():
    async def handle(name):
        user.set(name)
        jobs.append(loop.run_in_executor(pool, *in_copy(say, "must not run")))
        try:
            await jobs[0]
        except asyncio.CancelledError:
            say(f"cancelled: {user.get()}")

    loop, jobs, gate = asyncio.get_running_loop(), [], threading.Event()
    pool = concurrent.futures.ThreadPoolExecutor(1)
    user.set("main")
    blocking = loop.run_in_executor(pool, gate.wait)
    task = asyncio.create_task(handle("ann"))
    await asyncio.sleep(0)
    jobs[0].cancel()
    await task
    gate.set()
    await blocking
    say(f"main: {user.get()}")


async def exceptions():
    async def fail(name):
        user.set(name)
        await asyncio.sleep(0.001)
        say(f"fails: {user.get()}")
        raise ValueError(user.get())

    async def succeed(name):
        user.set(name)
        await asyncio.sleep(0.003)
        return user.get()

    def job():
        user.set("job")
        raise ValueError(user.get())

    def tell(outcome):
        what = "caught" if isinstance(outcome, ValueError) else "was answered"
        say(f"{user.get()} {what} {outcome}")

    user.set("main")
    try:
        await asyncio.create_task(fail("ann"))
    except ValueError as error:
        tell(error)
    for outcome in await asyncio.gather(fail("bob"), succeed("cid"), return_exceptions=True):
        tell(outcome)
    try:
        await asyncio.get_running_loop().run_in_executor(None, *in_copy(job))
    except ValueError as error:
        tell(error)


PROGRAMS = [classic, handlers, create_task, gather, nested, token, call_soon, call_later, repeated,
            reader, signals, executor, explicit, cancellation, cancelled_job, exceptions]
