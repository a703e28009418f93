"""Locks and locals of `threading` that greenlets and real threads share: in a process of its own, patched as the server."""

from tests.support.servers.harness import apart

START = """
import warnings
warnings.simplefilter("ignore")
from chatsite.realtime.worker.eventlet_worker import patch
patch()
import sys, threading
import eventlet
from eventlet import hubs, patcher, tpool
from chatsite.realtime.scheduling import threads
# What nobody wakes is forgotten.
threads.UNTOLD_SECONDS = 1000
real = patcher.original("time")

class Box:
    def __init__(self):
        self.lock, self.order = threading.Lock(), []

    def take(self, name, seconds=0.0, timeout=-1):
        if not self.lock.acquire(timeout=timeout):
            self.order.append(f"{name} gave up")
            return
        try:
            self.order.append(name)
            eventlet.sleep(seconds)
        finally:
            self.lock.release()

    def take_in_thread(self, name, seconds):
        with self.lock:
            self.order.append(name)
            real.sleep(seconds)

    def wait_for(self, name):
        while name not in self.order:
            eventlet.sleep(0.001)

    def wait_for_thread(self):
        # Until a thread waits for the lock.
        while not self.lock._in_threads:
            eventlet.sleep(0.001)
        real.sleep(0.05)

    def told(self):
        print(*self.order, sep=",")

box = Box()
"""
# The interpreter passes from thread to thread so often that what comes once in some thousand comes at once.
OFTEN = "sys.setswitchinterval(1e-5)\n"


def told(script):
    return apart(START + script).strip().splitlines()[-1]


def test_greenlets_and_threads_take_turns_and_nobody_waits_for_ever():
    """eventlet's own lock hung within a second."""
    script = """
count, reentrant, plain = [0], threading.RLock(), threading.Lock()

def add(times):
    for turn in range(times):
        with plain, reentrant, reentrant:
            seen = count[0]
            [None for _ in range(5)]
            count[0] = seen + 1

def in_turns(times):
    for _ in range(times // 10):
        add(10)
        eventlet.sleep(0)

with eventlet.Timeout(100):
    greens = [eventlet.spawn(in_turns, 4000) for _ in range(3)]
    greens += [eventlet.spawn(tpool.execute, add, 4000) for _ in range(3)]
    [green.wait() for green in greens]
print(count[0])
"""
    assert told(OFTEN + script) == "24000"


def test_each_has_its_own_connection_to_the_database_whoever_else_opens_one():
    """A thread was given the loop's connection, or none, and its wait for Django's lock never ended."""
    script = """
import django
django.setup()
from django.db import connection
from chatsite.web import query_deadline

def ask():
    return connection.cursor().execute("SELECT 1").fetchone()

def search(times):
    for _ in range(times):
        assert query_deadline.read(60, ask) == (1,)

def open_and_close(times):
    for _ in range(times):
        connection.ensure_connection()
        assert connection.connection is not None
        connection.close()
        eventlet.sleep(0)

with eventlet.Timeout(100):
    greens = [eventlet.spawn(search, 300) for _ in range(3)]
    greens += [eventlet.spawn(open_and_close, 2000) for _ in range(3)]
    [green.wait() for green in greens]
print("all")
"""
    assert told(OFTEN + script) == "all"


def test_a_local_has_values_for_each_and_a_subclass_is_made_for_each():
    script = """
class Mine(threading.local):
    limit = 5
    def __init__(self, name):
        self.name = name
    @property
    def loud(self):
        return self.name.upper()
    @loud.setter
    def loud(self, name):
        self.name = name.lower()

mine, seen = Mine("ada"), []

def use(name):
    seen.append((mine.name, mine.limit, mine.loud, hasattr(mine, "more")))
    mine.loud, mine.more = name, 1
    eventlet.sleep(0)
    seen.append((mine.name, mine.more, sorted(mine.__dict__)))
    del mine.more
    seen.append(hasattr(mine, "more"))
    try:
        del mine.more
    except AttributeError as error:
        seen.append(str(error))

use("ME")
for run in (eventlet.spawn(use, "GREEN"), eventlet.spawn(tpool.execute, use, "THREAD")):
    run.wait()
assert mine.name == "me", mine.name
fresh = ("ada", 5, "ADA", False)
for place, name in enumerate(("me", "green", "thread")):
    assert seen[place * 4 : place * 4 + 4] == [fresh, (name, 1, ["more", "name"]), False, "more"], seen
print("right")
"""
    assert told(script) == "right"


def test_values_end_with_their_greenlet():
    script = """
local = threading.local()
def use():
    local.value = threading.Lock()
[eventlet.spawn(use).wait() for _ in range(10)]
eventlet.sleep(0)
print(len(object.__getattribute__(local, "_values")))
"""
    # The last greenlet may still be referred to.
    assert int(told(script)) <= 1


def test_greenlets_wait_in_the_order_of_their_coming():
    script = """
greens = [eventlet.spawn(box.take, name, 0.02) for name in ("one", "two", "three", "four")]
[green.wait() for green in greens]
box.told()
"""
    assert told(script) == "one,two,three,four"


def test_who_takes_it_again_and_again_keeps_nobody_waiting():
    script = """
def again_and_again(name):
    for _ in range(5):
        box.take(name, 0.01)

greens = [eventlet.spawn(again_and_again, name) for name in ("one", "two", "three")]
[green.wait() for green in greens]
box.told()
"""
    assert told(script) == ",".join(["one", "two", "three"] * 5)


def test_who_gives_up_leaves_the_others_in_their_order():
    script = """
greens = [eventlet.spawn(box.take, "long", 0.2)]
eventlet.sleep(0)
for name in ("one", "two"):
    greens.append(eventlet.spawn(box.take, name))
greens.insert(1, eventlet.spawn(box.take, "impatient", 0, 0.05))
greens.append(eventlet.spawn(box.take, "three"))
[green.wait() for green in greens]
box.told()
"""
    assert told(script) == "long,impatient gave up,one,two,three"


def test_a_garbage_collector_that_releases_in_a_thread_delays_and_ends_nothing():
    """Nothing wakes the hub from another thread."""
    script = """
threads.UNTOLD_SECONDS = 0.1
box.lock.acquire()
green = eventlet.spawn(box.take, "green")
eventlet.sleep(0)
tpool.execute(box.lock.release)
with eventlet.Timeout(5):
    green.wait()
box.told()
"""
    assert told(script) == "green"


def test_who_gives_up_or_is_killed_takes_no_turn():
    script = """
def give_up():
    box.take("impatient", 0, 0.05)
    began = real.monotonic()
    eventlet.sleep(0.3)
    box.order.append("slept" if real.monotonic() - began > 0.2 else "woken")

greens = [eventlet.spawn(box.take, "long", 0.2)]
eventlet.sleep(0)
greens.append(eventlet.spawn(give_up))
killed = eventlet.spawn(box.take, "killed")
greens.append(eventlet.spawn(box.take, "last"))
eventlet.sleep(0.1)
killed.kill()
[green.wait() for green in greens]
box.told()
"""
    assert told(script) == "long,impatient gave up,last,slept"


def test_who_is_killed_in_the_moment_of_their_turn_passes_it_on():
    script = """
green = eventlet.spawn(box.take, "long", 0.05)
eventlet.sleep(0)
killed = eventlet.spawn(box.take, "killed")
last = eventlet.spawn(box.take, "last")
eventlet.sleep(0)
green.link(lambda _: killed.kill())
with eventlet.Timeout(5):
    last.wait()
box.told()
"""
    assert told(script) == "long,last"


def test_greenlets_wait_for_a_thread_and_a_thread_for_them():
    script = """
greens = [eventlet.spawn(tpool.execute, box.take_in_thread, "thread", 0.5)]
box.wait_for("thread")
greens += [eventlet.spawn(box.take, "green", 0.05), eventlet.spawn(box.take, "impatient", 0, 0.02)]
ticks = 0
while not greens[1].dead:
    eventlet.sleep(0.005)
    ticks += 1
assert ticks > 5, ticks
box.lock = threading.Lock()
greens.append(eventlet.spawn(box.take, "holder", 0.1))
eventlet.sleep(0)
greens.append(eventlet.spawn(tpool.execute, box.take_in_thread, "thread again", 0))
box.wait_for_thread()
[green.wait() for green in greens]
box.told()
"""
    assert told(script) == "thread,impatient gave up,green,holder,thread again"


def test_who_leaves_while_a_thread_has_it_wakes_who_waits_behind():
    """Who waited since no thread had ever had it is woken by a greenlet's release only."""
    script = """
def hold():
    with box.lock:
        box.order.append("long")
        box.wait_for_thread()
    # The thread that waits for the system's lock gets it before the first greenlet is woken.
    real.sleep(0.05)

green = eventlet.spawn(hold)
eventlet.sleep(0)
first = eventlet.spawn(box.take, "impatient", 0, 0.5)
second = eventlet.spawn(box.take, "patient")
eventlet.sleep(0)
thread = eventlet.spawn(tpool.execute, box.take_in_thread, "thread", 1)
with eventlet.Timeout(20):
    [one.wait() for one in (green, thread, first, second)]
box.told()
"""
    assert told(script) == "long,thread,impatient gave up,patient"


def test_a_callback_of_the_hub_waits_for_a_thread_and_not_for_a_greenlet():
    script = """
threads.CALLBACK_SECONDS = 20
def in_callback():
    for timeout in (0.01, -1):
        began = real.monotonic()
        try:
            got = box.lock.acquire(timeout=timeout)
        except RuntimeError:
            got = "refused"
        if real.monotonic() - began > 10:
            got = "late"
        box.order.append(str(got))
        if got is True:
            box.lock.release()

green = eventlet.spawn(box.take, "green", 3)
eventlet.sleep(0)
hubs.get_hub().schedule_call_global(0, in_callback)
green.wait()
thread = eventlet.spawn(tpool.execute, box.take_in_thread, "thread", 0.4)
box.wait_for("thread")
hubs.get_hub().schedule_call_global(0, in_callback)
thread.wait()
eventlet.sleep(0.05)
box.told()
"""
    assert told(script) == "green,False,refused,thread,False,True"


def test_it_is_used_as_pythons_own():
    script = """
lock, reentrant = threading.Lock(), threading.RLock()
states = [lock.locked(), lock.acquire(), lock.locked(), lock.acquire(False), lock.release(), lock.locked()]
try:
    lock.release()
except RuntimeError:
    states.append("free")
with lock as taken:
    states.append(taken)
states.append(repr(lock))
lock.acquire()
lock._at_fork_reinit()
states.append(lock.locked())
for arguments in ((True, -5), (False, 1)):
    try:
        lock.acquire(*arguments)
    except ValueError:
        states.append("wrong")
states += [lock.acquire(timeout=None), lock.release()]
condition, heard = threading.Condition(), []

def hear():
    with condition:
        heard.append(condition.wait(5))

green = eventlet.spawn(hear)
eventlet.sleep(0)
with condition:
    condition.notify()
green.wait()
event = threading.Event()
eventlet.spawn(event.set)
states += [*heard, event.wait(5), type(reentrant._block) is type(lock)]
print(states)
"""
    states = [False, True, True, False, None, False, "free", True, "<unlocked SharedLock, 0 greenlets wait>"]
    assert told(script) == str([*states, False, "wrong", "wrong", True, None, True, True, True])


def test_a_thread_of_the_pool_may_start_threads():
    """They are greenlets of that thread, which waits for them."""
    script = """
from concurrent.futures import ThreadPoolExecutor

def work():
    done = []
    started = threading.Thread(target=done.append, args=(1,))
    started.start()
    started.join()
    with ThreadPoolExecutor(1) as pool:
        return [*done, pool.submit(sum, [3, 4]).result()]

with eventlet.Timeout(20):
    print(tpool.execute(work))
"""
    assert told(script) == "[1, 7]"


def test_work_stays_in_threads_while_one_of_them_imports():
    """eventlet did it in the loop then: everybody waited for a search, whose end closed the loop's connection."""
    script = """
import _imp
from chatsite.realtime.scheduling.background import in_thread
loop = patcher.original("_thread").get_ident()

def is_loop():
    return patcher.original("_thread").get_ident() == loop

in_thread(is_loop)
_imp.acquire_lock()
try:
    print(in_thread(is_loop))
finally:
    _imp.release_lock()
"""
    assert told(script) == "False"


def test_work_that_ends_its_thread_is_told_to_who_waits_for_it():
    script = """
from chatsite.realtime.scheduling.background import in_thread
said = []
for error in (SystemExit(3), GeneratorExit(), KeyError("ordinary"), eventlet.Timeout()):
    def work():
        raise error
    try:
        with eventlet.Timeout(5, TimeoutError("forgotten")):
            in_thread(work)
    except BaseException as answer:
        said.append(str(answer) if isinstance(answer, RuntimeError) else type(answer).__name__)
print(said, sum(thread.is_alive() for thread in tpool._threads))
"""
    ended = "Work in a thread ended with"
    assert (
        told(script)
        == str([f"{ended} SystemExit(3)", f"{ended} GeneratorExit()", "KeyError", "Timeout"]) + " 20"
    )
