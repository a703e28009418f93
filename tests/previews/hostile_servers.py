"""A server on loopback that does to whoever fetches a link what strangers' servers do. `/NAME` is a behaviour."""

import gzip
import socketserver
import threading
import time
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)
PAGE = b"<html><head><title>A title</title><meta property=og:image content=/picture></head><body>"
# Bytes and seconds in which the behaviours end by themselves.
ENDLESS_BYTES, ENDLESS_SECONDS = 30_000_000, 5


@cache
def photo():
    """A picture of 1000 by 500 pixels, with a text in it."""
    image, said, file = Image.radial_gradient("L").resize((1000, 500)), PngInfo(), BytesIO()
    said.add_text("Comment", "where it was taken")
    image.save(file, "PNG", pnginfo=said)
    return file.getvalue()


class Handler(socketserver.StreamRequestHandler):
    """Answers one request by the behaviour in its path."""

    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n") and (line := self.rfile.readline()):
            head += line
        if not head:
            return
        url = urlsplit(head.split()[1].decode())
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.server.asked.append(url.path)
        self.server.heads.append(head.decode())
        try:
            getattr(self, url.path.lstrip("/"))()
        except (BrokenPipeError, ConnectionResetError):
            self.server.cut.append(url.path)

    def answer(self, body=b"", *headers, status="200 OK", type_="text/html"):
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {type_}", *headers, "Connection: close", "", ""]
        self.wfile.write("\r\n".join(lines).encode() + body)

    def endlessly(self, piece):
        for _ in range(ENDLESS_BYTES // len(piece)):
            self.wfile.write(piece)

    def dripping(self, text):
        until = time.monotonic() + ENDLESS_SECONDS
        while time.monotonic() < until:
            for byte in text:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

    # What is in order

    def page(self):
        self.answer(PAGE)

    def other(self):
        self.answer(b"<title>Another</title>")

    def picture(self):
        self.answer(PICTURE, type_="image/png")

    def photo(self):
        self.answer(photo(), type_="image/png")

    def with_photo(self):
        self.answer(b"<title>With a photo</title><meta property=og:image content=photo></head>")

    def chunked(self):
        self.answer(b"1e\r\n<title>In pieces</title></head>\r\n0\r\n\r\n", "Transfer-Encoding: chunked")

    def compressed(self):
        self.answer(gzip.compress(PAGE), "Content-Encoding: gzip")

    def with_oembed(self):
        self.answer(b'<link rel=alternate type="application/json+oembed" href="/oembed?a=1&amp;b=2">')

    def oembed(self):
        data = b'{"title": "By oEmbed \\ud800", "html": "<script>x</script>", "thumbnail_url": "/picture"}'
        self.answer(data, type_="application/json")

    def redirect(self):
        self.answer(b"", f"Location: {self.query['to']}", status="302 Found")

    # What isn't

    def loop(self):
        self.answer(b"", "Location: /loop", status="301 Moved")

    def nowhere(self):
        self.answer(b"", status="302 Found")

    def drips_head(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
        self.dripping(b"X-A: b\r\n")

    def drips_body(self):
        self.answer()
        self.dripping(b"<meta>")

    def silent(self):
        time.sleep(ENDLESS_SECONDS)

    def closes(self):
        pass

    def speaks_else(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    def many_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.endlessly(b"X-Header: value\r\n")

    def long_header(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self.endlessly(b"x" * 10_000)

    def continues(self):
        self.endlessly(b"HTTP/1.1 100 Continue\r\n\r\n")

    def huge_head(self):
        self.answer(b"<head>")
        self.endlessly(b"<meta name=a content=b>" * 500)

    def huge_body(self):
        self.answer(PAGE)
        self.endlessly(b"x" * 10_000)

    def bomb(self):
        self.answer(gzip.compress(b"<p>" * 2_000_000, 1), "Content-Encoding: gzip")

    def nothing_packed(self):
        self.answer(b"\x1f\x8b\x08\x08" + bytes(6), "Content-Encoding: gzip")
        self.endlessly(b"the name of a file" * 1000)

    def behind_gzip(self):
        self.answer(gzip.compress(b"<title>A title</title>"), "Content-Encoding: gzip")
        self.endlessly(b"x" * 10_000)

    def marks_of_chunks(self):
        self.answer(b"", "Transfer-Encoding: chunked")
        self.endlessly(b"1;" + b"x" * 10_000 + b"\r\n \r\n")

    def torn_gzip(self):
        self.answer(b"not gzip at all", "Content-Encoding: gzip")

    def brotli(self):
        self.answer(b"\x0b\x02\x80", "Content-Encoding: br")

    def torn_chunks(self):
        self.answer(b"ffffffff\r\n<title>x", "Transfer-Encoding: chunked")

    def binary(self):
        self.answer(b"\x7fELF", type_="application/octet-stream")

    def untyped(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE)

    def missing(self):
        self.answer(PAGE, status="404 Not Found")

    def partial(self):
        self.answer(PAGE, status="206 Partial Content")

    def empty(self):
        self.answer(b"<html><head></head></html>")

    def nested(self):
        self.answer(
            b'<link rel=alternate type="application/json+oembed" href="/deep"><title>Kept</title></head>'
        )

    def deep(self):
        self.answer(b"[" * 60_000, type_="application/json")

    def unclosed(self):
        self.answer(b"<title>Kept</title>" + b"<!--" * 60_000)

    def markup(self):
        self.answer("<title>&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp\0</title>".encode())

    def wrong_charset(self):
        self.answer(b"<title>Gr\xfc\xdfe</title>", type_="text/html; charset=unicode_escape")

    def latin(self):
        self.answer(b"<meta charset=iso-8859-1><title>Gr\xfc\xdfe</title>")

    def large_picture(self):
        self.answer(b"<title>Kept</title><meta property=og:image content=/endless_picture></head>")

    def endless_picture(self):
        self.answer(type_="image/png")
        self.endlessly(b"x" * 10_000)

    def picture_inside(self):
        self.answer(b"<title>Kept</title><meta property=og:image content=http://10.0.0.1/a.png></head>")

    def picture_of_text(self):
        self.answer(b"<title>Kept</title><meta property=og:image content=/page></head>")

    def picture_of_file(self):
        self.answer(b"<title>Kept</title><meta property=og:image content=file:///etc/passwd></head>")


class Server(socketserver.ThreadingTCPServer):
    """Counts who asked for what, and which answers were cut off."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host):
        super().__init__((host, 0), Handler)
        self.asked, self.heads, self.cut = [], [], []
        self.url = f"http://{host}:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """Say nothing: the other end is expected to go away."""


@contextmanager
def running(host="127.0.0.1"):
    """Run the server in threads for the block."""
    with Server(host) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield server
        server.shutdown()
