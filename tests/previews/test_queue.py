"""The queue: fetched in a child process, people in turns, by one process, and again if that one was killed."""

import pytest
from django.utils import timezone

from accounts.models import SiteSettings
from chatsite.contract.errors import Unavailable
from chatsite.operations.doctor import children
from chatsite.subprocesses.supervisor import ChildFailed
from previews import queue
from previews.models import Preview
from previews.queue import Fetcher
from tests.previews import hostile_servers
from tests.previews.conftest import PAGE, fetched, shown, titles

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    # 127.0.0.1 is one of the site's own names.
    with hostile_servers.running("127.0.0.2") as server:
        yield server


@pytest.fixture
def asked(monkeypatch):
    """URLs that are fetched, each answered by the test's `answer`."""
    asked = []

    def ask(child, preview, picture):
        asked.append(preview.url)
        return {"title": f"of {preview.url}"}

    monkeypatch.setattr(queue, "ask", ask)
    return asked


def test_a_link_is_fetched_by_a_child_and_shown(say, follow, fetcher, server):
    good, bad, twice = (say(f"{server.url}/{path}") for path in ("markup", "missing", "markup#again"))
    follow()
    fetcher.step()
    assert titles(good) == titles(twice) == ["<script>alert(1)</script>gnp"]
    assert (shown(bad), server.asked) == ([], ["/markup", "/missing"])
    assert not Preview.objects.filter(pending=True).exists()
    fetcher.wake()
    fetcher.step()
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [{}, {"title": 1}, {"title": ["x"]}, {"title": None, "description": "x"}])
def test_what_a_child_makes_up_is_no_preview(say, follow, answer):
    message = say()
    follow()
    preview = Preview.objects.get()
    queue.store(preview, answer, None)
    queue.tell(preview)
    assert shown(message) == []


def test_a_childs_texts_are_cut_and_cleaned_again(say, follow):
    message = say()
    follow()
    fetched(title="a\x00\u202e" + "b" * 10_000, description="\ud800c\n\n d")
    [preview] = shown(message)
    assert (len(preview["title"]), preview["title"][:3], preview["description"]) == (200, "abb", "c d")


def test_people_take_turns(say, follow, fetcher, asked, member):
    for number in range(3):
        say(f"https://example.org/owner-{number}")
    say("https://example.org/member", by=member)
    follow()
    fetcher.step()
    assert [url.rpartition("/")[2] for url in asked] == ["owner-0", "member", "owner-1", "owner-2"]


def test_a_link_is_one_processs_until_its_claim_ends(say, follow, fetcher, asked):
    say()
    follow()
    now = timezone.now()
    Preview.objects.update(claimed_until=now + queue.CLAIMED_FOR)
    fetcher.step()
    assert asked == []
    Preview.objects.update(claimed_until=now)
    fetcher.wake()
    fetcher.step()
    assert asked == [PAGE]


def test_what_was_fetched_and_not_told_is_told_without_fetching(say, follow, fetcher, asked):
    message = say()
    follow()
    queue.store(Preview.objects.get(), {"title": "Before the crash"}, None)
    assert shown(message) == []
    fetcher.step()
    assert (asked, titles(message)) == ([], ["Before the crash"])


def test_a_child_that_fails_leaves_no_preview_and_one_that_cant_start_is_tried_again(
    say, follow, fetcher, monkeypatch
):
    def fails(error):
        def ask(job, files):
            raise error

        return ask

    message = say()
    follow()
    for child in fetcher.children:
        monkeypatch.setattr(child, "ask", fails(Unavailable()))
    for tries in range(1, queue.MAX_TRIES + 1):
        fetcher.wake()
        fetcher.step()
        assert Preview.objects.filter(pending=True, tries=tries, fetched_at=None).exists()
        Preview.objects.update(claimed_until=timezone.now())
    fetcher.wake()
    fetcher.step()
    assert not Preview.objects.filter(pending=True).exists()
    other = say("https://example.org/crashes")
    follow()
    for child in fetcher.children:
        monkeypatch.setattr(child, "ask", fails(ChildFailed("died")))
    fetcher.step()
    assert (shown(message), shown(other), Preview.objects.filter(pending=True).count()) == ([], [], 0)


def test_the_doctor_says_whether_links_can_be_fetched(fetcher, monkeypatch):
    [found] = children.previews()
    assert (found.level, "refuses this machine" in found.sentence) == ("ok", True)
    monkeypatch.setattr(children, "has_certificates", lambda: False)
    [found] = children.previews()
    assert found.level == "wrong"
    SiteSettings.objects.update(link_previews=False)
    [found] = children.previews()
    assert (found.level, found.sentence) == ("ok", "Off: no link is fetched.")


def test_nothing_is_fetched_while_the_site_has_none(say, follow, asked):
    say()
    follow()
    Fetcher().step()
    assert asked == []
