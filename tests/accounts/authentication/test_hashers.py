import subprocess
import sys
import threading

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts.authentication import hashers
from accounts.authentication.hashers import ThreadedArgon2PasswordHasher, in_hash_thread
from chatsite.contract.errors import Unavailable


@pytest.fixture
def argon(settings):
    settings.PASSWORD_HASHERS = ["accounts.authentication.hashers.ThreadedArgon2PasswordHasher"]


@pytest.mark.django_db(transaction=True)
def test_a_password_is_argon2id_and_checks(argon):
    stored = make_password("correct horse")
    assert stored.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse", stored)
    assert not check_password("wrong horse", stored)


@pytest.mark.django_db(transaction=True)
def test_a_hash_with_other_parameters_is_known_and_renewed(argon):
    class Old(ThreadedArgon2PasswordHasher):
        memory_cost = 8 * 1024

    stored, renewed = Old().encode("correct horse", "saltsaltsalt"), []
    assert check_password("correct horse", stored, setter=renewed.append)
    assert renewed == ["correct horse"]


@pytest.mark.django_db(transaction=True)
def test_hashes_go_through_the_pool_at_most_two_at_once(monkeypatch):
    running, most = set(), []
    two, go = threading.Event(), threading.Event()

    def hashing():
        running.add(threading.get_ident())
        most.append(len(running))
        if len(running) > 1:
            two.set()
        two.wait(30)
        go.wait(0.05)
        running.discard(threading.get_ident())
        return "hash"

    pooled = []
    monkeypatch.setattr(hashers, "in_thread", lambda func, *args: pooled.append(1) or func(*args))
    threads = [threading.Thread(target=in_hash_thread, args=(hashing,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(pooled), max(most)) == (6, 2)


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_hashes_is_refused_and_not_queued_for_ever(monkeypatch):
    monkeypatch.setattr(hashers, "queued", hashers.MAX_WAITING_HASHES)
    with pytest.raises(Unavailable) as refused:
        in_hash_thread(lambda: "hash")
    assert refused.value.retry_after


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nobody_gives_way(monkeypatch):
    monkeypatch.setattr(hashers, "in_thread", lambda *args: pytest.fail("gave way inside a transaction"))
    with transaction.atomic():
        assert in_hash_thread(lambda: "hash") == "hash"


TICKING = """
import eventlet
eventlet.monkey_patch()
import time, django
from statistics import median
django.setup()
from accounts.authentication.hashers import ThreadedArgon2PasswordHasher as Hasher

class Slow(Hasher):
    time_cost, memory_cost = 12, 64 * 1024

began = time.perf_counter()
Slow().encode("a password", "saltsaltsalt")
one = time.perf_counter() - began

pauses = []
def tick():
    while True:
        began = time.perf_counter()
        eventlet.sleep(0.005)
        pauses.append(time.perf_counter() - began)

eventlet.spawn(tick)
pool = eventlet.GreenPool()
list(pool.imap(lambda n: Slow().encode(f"password {n}", "saltsaltsalt"), range(4)))
print(one, median(pauses), len(pauses))
"""


def test_the_servers_loop_goes_on_while_a_password_is_hashed():
    done = subprocess.run([sys.executable, "-c", TICKING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, pause, ticks = map(float, done.stdout.split())
    assert pause < one / 4, "a hash in the loop would hold it up for as long as it takes"
    assert ticks > 10
