"""Random programs: trees of tasks, callbacks, timers and jobs that set and show variables.

A program is a list of operations, each (name, a, b, [bodies]), where a body is a list of operations:

    set V VALUE            show K                prints what all variables have, on the line numbered K
    soon BODY              later MS BODY         call_soon, call_later; their bodies await nothing
    task BODY              sleep MS              create_task, which nobody awaits; asyncio.sleep
    gather BODY...                               tasks that are awaited together
    job BODY                                     run_in_executor(copy_context().run): sets and shows
    within K BODY                                a task that is awaited, in an explicit context; then
                                                 prints what that has kept

Whatever their order, each line has one right content: contexts are shared by nobody, but for an explicit
one, whose maker awaits the other. So the lines, which have numbers, are compared sorted.
"""
import asyncio
import contextvars

VARS = 4


class Maker:
    """Makes one random program."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = 0

    def line(self):
        self.lines += 1
        return self.lines

    def program(self, size=16):
        return [("task", 0, 0, [self.body(0, True)]) for _ in range(size)]

    def body(self, depth, awaits):
        length = self.rng.randrange(2, 9)
        return [self.operation(depth, awaits) for _ in range(length)] + [self.show()]

    def simple_body(self):
        return [self.setting() if self.rng.random() < 0.5 else self.show() for _ in range(4)]

    def setting(self):
        return ("set", self.rng.randrange(VARS), self.rng.randrange(1, 1000), [])

    def show(self):
        return ("show", self.line(), 0, [])

    def operation(self, depth, awaits):
        roll = self.rng.random()
        if roll < 0.45 or depth > 3:
            return self.setting()
        if roll < 0.55:
            return self.show()
        if roll < 0.70 or not awaits:
            return self.handing_over(depth + 1)
        if roll < 0.80:
            return ("sleep", self.rng.randrange(3), 0, [])
        return self.awaiting(depth + 1)

    def handing_over(self, depth):
        kind = self.rng.choice(["soon", "later", "task"])
        delay = self.rng.randrange(3) if kind == "later" else 0
        return (kind, delay, 0, [self.body(depth, kind == "task")])

    def awaiting(self, depth):
        kind = self.rng.choice(["gather", "job", "within"])
        if kind == "job":
            return (kind, 0, 0, [self.simple_body()])
        if kind == "within":
            return (kind, self.line(), 0, [self.body(depth, True)])
        return (kind, 0, 0, [self.body(depth, True) for _ in range(self.rng.randrange(1, 4))])


def text_of(program):
    """What trees.c reads: a line for each operation, with the number of its bodies, each up to `end`."""
    return "".join(f"{name} {a} {b} {len(bodies)}\n" + "".join(text_of(body) for body in bodies)
                   for name, a, b, bodies in program) + "end 0 0 0\n"


class Reference:
    """Executes a program with asyncio."""

    def __init__(self):
        self.vars = [contextvars.ContextVar(f"v{i}") for i in range(VARS)]
        self.lines = []
        self.open = 0  # tasks and callbacks that nobody awaits
        self.idle = asyncio.Event()

    async def execute(self, program):
        await self.run(program)
        if self.open:
            await self.idle.wait()
        return self.lines

    async def run(self, body):
        for op in body:
            self.run_here(op) or await getattr(self, "op_" + op[0])(*op[1:])

    def run_here(self, op):
        """What needs no await; False if the operation does."""
        name, a, b, bodies = op
        if name == "set":
            self.vars[a].set(b)
        elif name == "show":
            self.show(a, lambda var: var.get("-"))
        elif name in ("soon", "later", "task"):
            self.hand_over(name, a, bodies[0])
        return name in ("set", "show", "soon", "later", "task")

    def show(self, line, read):
        self.lines.append(f"{line}: " + " ".join(str(read(var)) for var in self.vars))

    def hand_over(self, kind, delay, body):
        loop = asyncio.get_running_loop()
        self.open += 1
        if kind == "task":
            loop.create_task(self.run(body)).add_done_callback(self.close)
        elif kind == "soon":
            loop.call_soon(self.run_callback, body)
        else:
            loop.call_later(delay / 1000, self.run_callback, body)

    def run_callback(self, body):
        self.run_simple(body)
        self.close()

    def close(self, task=None):
        if task:
            task.result()
        self.open -= 1
        if self.open == 0:
            self.idle.set()

    def run_simple(self, body):
        for op in body:
            self.run_here(op)

    async def op_sleep(self, milliseconds, _b, _bodies):
        await asyncio.sleep(milliseconds / 1000)

    async def op_gather(self, _a, _b, bodies):
        await asyncio.gather(*map(self.run, bodies))

    async def op_job(self, _a, _b, bodies):
        job = contextvars.copy_context().run, self.run_simple, bodies[0]
        await asyncio.get_running_loop().run_in_executor(None, *job)

    async def op_within(self, line, _b, bodies):
        context = contextvars.copy_context()
        await asyncio.create_task(self.run(bodies[0]), context=context)
        self.show(line, lambda var: context.get(var, "-"))


def execute(program):
    """The lines of a program, which it runs in an empty context."""
    async def main():
        return await Reference().execute(program)

    return contextvars.Context().run(asyncio.run, main())


def smaller(program):
    """The same program without one of its operations, in every way there is."""
    for i, (name, a, b, bodies) in enumerate(program):
        yield program[:i] + program[i + 1:]
        for j, body in enumerate(bodies):
            for less in smaller(body):
                changed = bodies[:j] + [less] + bodies[j + 1:]
                yield program[:i] + [(name, a, b, changed)] + program[i + 1:]
