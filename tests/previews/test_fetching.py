"""Pages are fetched from public addresses alone, within bytes and seconds, whatever a server does."""

import os
import socket
import ssl
import subprocess
import threading
from time import monotonic

import pytest

from chatsite.outbound import connecting
from chatsite.outbound.connecting import Refused, Rules, target_of
from previews.fetching import fetch, jobs
from previews.fetching.fetch import fetched
from tests.previews import hostile_servers

SECONDS = 0.6


@pytest.fixture(scope="module")
def server():
    with hostile_servers.running() as server:
        yield server


@pytest.fixture
def ask(server, tmp_path):
    """`ask(path)` is the job's answer for a link to the server, and whether a picture was written."""

    def ask(path, networks=("127.0.0.0/8",), hosts=(), seconds=SECONDS):
        url = path if path.startswith("http") else f"{server.url}/{path}"
        job = {"url": url, "seconds": seconds, "hosts": list(hosts), "networks": list(networks)}
        with (tmp_path / "picture").open("w+b") as file:
            answer = jobs.handle(job, [file.fileno()])
            assert (os.fstat(file.fileno()).st_size > 0) == answer.get("picture", False)
        return answer

    return ask


@pytest.mark.parametrize(
    ("path", "title", "picture"),
    [
        ("page", "A title", True),
        ("page#fragment", "A title", True),
        ("redirect?to=/page", "A title", True),
        ("redirect?to=other", "Another", False),
        ("chunked", "In pieces", False),
        ("compressed", "A title", True),
        ("with_oembed", "By oEmbed", True),
        ("huge_body", "A title", True),
        ("behind_gzip", "A title", False),
        ("nested", "Kept", False),
        ("unclosed", "Kept", False),
        ("large_picture", "Kept", False),
        ("picture_inside", "Kept", False),
        ("picture_of_text", "Kept", False),
        ("picture_of_file", "Kept", False),
        ("markup", "<script>alert(1)</script>gnp", False),
        ("wrong_charset", "Gr\ufffd\ufffde", False),
        ("latin", "Grüße", False),
    ],
)
def test_what_a_page_says_of_itself(ask, path, title, picture):
    answer = ask(path, seconds=5)
    assert (answer["title"], answer["picture"]) == (title, picture)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("loop", "redirects"),
        ("nowhere", "redirects"),
        ("redirect?to=http://10.0.0.1/", "address"),
        ("redirect?to=http://169.254.169.254/latest/meta-data/", "address"),
        ("redirect?to=http://[::ffff:10.0.0.1]/", "address"),
        ("redirect?to=http://[64:ff9b::7f00:1]/", "address"),
        ("redirect?to=http://2130706433/", "unreachable"),
        ("redirect?to=http://0x0a.1/", "address"),
        ("redirect?to=file:///etc/passwd", "url"),
        ("redirect?to=gopher://127.0.0.1:70/x", "url"),
        ("redirect?to=//user@127.0.0.1/", "url"),
        ("redirect?to=http://[::1/", "url"),
        ("drips_head", "late"),
        ("drips_body", "late"),
        ("silent", "late"),
        ("closes", "broken"),
        ("speaks_else", "broken"),
        ("many_headers", "broken"),
        ("long_header", "size"),
        ("continues", "size"),
        ("huge_head", "nothing"),
        ("bomb", "nothing"),
        ("nothing_packed", "size"),
        ("marks_of_chunks", "size"),
        ("torn_gzip", "broken"),
        ("brotli", "type"),
        ("torn_chunks", "broken"),
        ("binary", "type"),
        ("untyped", "type"),
        ("missing", "status"),
        ("partial", "status"),
        ("empty", "nothing"),
        ("http://127.0.0.1:1/", "unreachable"),
    ],
)
def test_what_has_no_preview(ask, path, reason):
    # Bounded by bytes, and not by the time that a busy machine takes.
    answer = ask(path, seconds=SECONDS if reason == "late" else 5)
    assert answer == {"refused": reason}


def test_what_is_compressed_comes_in_small_pieces(server):
    rules = Rules(monotonic() + 5, networks=jobs.networks_of(["127.0.0.0/8"]))
    with fetched(f"{server.url}/bomb", ["text/html"], rules) as answer:
        sizes = [len(piece) for piece, _ in zip(answer.pieces, range(200), strict=False)]
    assert (len(sizes), max(sizes)) == (200, fetch.PIECE_BYTES)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/page",
        "http://127.0.0.1:{port}/page",
        "http://127.1:{port}/page",
        "http://0x7f000001:{port}/page",
        "http://[::ffff:127.0.0.1]:{port}/page",
        "http://0:{port}/page",
    ],
)
def test_without_a_tests_network_nothing_of_this_machine_is_asked(ask, server, url):
    asked = len(server.asked)
    answer = ask(url.format(port=server.server_address[1]), networks=())
    assert answer in ({"refused": "address"}, {"refused": "unreachable"})
    assert len(server.asked) == asked


def test_the_sites_own_hosts_are_never_asked_also_not_by_a_redirect(ask, server):
    asked = len(server.asked)
    for host in ("127.0.0.1", ".0.0.1"):
        assert ask("page", hosts=[host]) == {"refused": "host"}
    assert len(server.asked) == asked
    assert ask("http://[2A00:0::1]/", hosts=["[2a00::1]"]) == {"refused": "host"}
    to = f"redirect?to=http://localhost:{server.server_address[1]}/page"
    assert ask(to, hosts=["localhost"]) == {"refused": "host"}


def test_the_address_that_was_judged_is_the_one_that_is_asked(monkeypatch, ask, server):
    """A name server that answers differently the second time is asked once."""
    answers = iter(["127.0.0.1", "10.0.0.1"])
    asked = []

    def resolve(host, port, **details):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(connecting.socket, "getaddrinfo", resolve)
    url = f"http://rebinding.example:{server.server_address[1]}/other"
    assert ask(url)["title"] == "Another"
    assert asked == ["rebinding.example"]
    assert ask(url) == {"refused": "address"}


def test_a_host_with_one_private_address_is_refused_whole(monkeypatch, ask):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(connecting.socket, "getaddrinfo", lambda *arguments, **details: both)
    monkeypatch.setattr(connecting.socket, "socket", lambda *arguments: pytest.fail("a connection"))
    assert ask("http://two.example/") == {"refused": "address"}


def test_this_machine_by_its_public_address_is_refused(monkeypatch, ask, server):
    monkeypatch.setattr(connecting, "may_connect", lambda *arguments: True)
    asked = len(server.asked)
    assert ask("page", networks=()) == {"refused": "address"}
    assert len(server.asked) == asked


def test_the_request_tells_nothing_of_people_and_of_the_site(monkeypatch, ask, server):
    monkeypatch.setenv("http_proxy", "http://10.0.0.1:3128")
    assert ask("page?q=ü ä", seconds=5)["title"] == "A title"
    head = server.heads[-2]
    names = [line.partition(":")[0] for line in head.splitlines()[1:] if line]
    assert names == ["Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"]
    assert head.startswith("GET /page?q=%C3%BC%20%C3%A4 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "//a.example", "http://", "http://u:p@a.example/", "http://a.example:99999/", "javascript:x",
     "http://" + "a" * 64 + ".example/", "http://a.example/" + "x" * 2000, "http://a..example/", "http://[x]/"],
)  # fmt: skip
def test_what_is_no_address_of_the_web(url):
    with pytest.raises(Refused, match="url"):
        target_of(url)


def test_names_in_any_script_and_redirects_never_from_https_to_http():
    assert target_of("HTTP://Bücher.example./a b?ü#c").url == "http://xn--bcher-kva.example/a%20b?%C3%BC"
    with pytest.raises(Refused, match="redirects"):
        fetch.next_target(target_of("https://a.example/"), "http://a.example/")
    assert fetch.next_target(target_of("https://a.example/b"), "../c").url == "https://a.example/c"


def test_a_server_must_prove_its_name(tmp_path):
    """One whose certificate nobody signed is refused; with that certificate trusted, by its own name alone."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        [*("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
         *("-days", "1", "-subj", "/CN=x"),
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    rules = Rules(monotonic() + 5, networks=jobs.networks_of(["127.0.0.0/8"]))
    with hostile_servers.Server("127.0.0.1") as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        port = server.server_address[1]

        def title(host):
            with fetched(f"https://{host}:{port}/other", ["text/html"], rules) as answer:
                return answer.read(1000)

        connecting.tls.cache_clear()
        with pytest.raises(Refused, match="broken"):
            title("localhost")
        connecting.tls().load_verify_locations(certificate)
        assert b"Another" in title("localhost")
        with pytest.raises(Refused, match="broken"):
            title("127.0.0.1")
        server.shutdown()
    connecting.tls.cache_clear()
