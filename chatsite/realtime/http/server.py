"""HTTP/1 connections, from their first byte to their last: gunicorn parses and writes, and nothing waits in
it unbounded.

gunicorn's own loop reads, parses, answers and reads on without ever giving way. Here each request comes whole
(`request_reader.py`), waits for its turn (`request_queue.py`), and is taken at a least rate
(`client_socket.py`).
"""

import errno
import socket
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http import errors, get_parser

from chatsite.contract.errors import ChatError
from chatsite.observability.addresses import client_address, network
from chatsite.realtime.engineio import fast_handshake
from chatsite.realtime.http import refused_request, request_reader
from chatsite.realtime.http.connections import HttpConnection, HttpConnections, State
from chatsite.realtime.scheduling.hub_turns import HubTurns

# Seconds that a client may take for a whole head.
HEAD_SECONDS = 10
# Requests on one connection, as nginx has it.
REQUESTS_PER_CONNECTION = 1000
# Connections whose first request is parsed in one turn of the hub: 0.3 ms each, and two thousand may come at
# once.
BEGINNINGS_A_TURN = 8
# Ends of a connection that aren't logged.
GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EBADF)


class HttpServer:
    """Serves the worker's connections; `worker.handle_request` answers a whole request."""

    def __init__(self, worker: Any, connections: HttpConnections) -> None:
        self.worker, self.connections = worker, connections
        self._beginnings = HubTurns(BEGINNINGS_A_TURN)

    def admit(self, client: Any, address: Any) -> HttpConnection | None:
        """Return the new connection; None where its address has too many. A proxy's clients aren't known yet."""
        peer = network(address[0]) if isinstance(address, tuple) else ""
        if not settings.TRUST_PROXY and not self.connections.admits(peer):
            return None
        connection = HttpConnection(client, peer)
        self.connections.add(connection)
        return connection

    def serve(self, connection: HttpConnection, listener: Any, address: Any) -> None:
        """Serve a connection: a plain websocket handshake by `fast_handshake`, everything else by gunicorn's
        parser."""
        client = connection.client
        client.allow(HEAD_SECONDS)
        try:
            data = client.recv(fast_handshake.MAX_REQUEST_BYTES, socket.MSG_PEEK)
        except OSError as error:
            self.worker.log.debug("a client went: %s", error)
            data = b""
        if not data or not self.worker.alive:
            # A client that sends something only now is another worker's, where there is one.
            if data and self.worker.handoff:
                self.worker.handoff.give_anybody(client, address)
            client.close()
        elif not fast_handshake.try_upgrade(data, client, address, self.worker.upgrade):
            self._beginnings.wait()
            self.answer_all(connection, listener, address)

    def answer_all(self, connection: HttpConnection, listener: Any, address: Any) -> None:
        """Answer requests until a side ends the connection. The socket is closed then, a websocket's, or
        another worker's."""
        request = None
        try:
            parser = get_parser(self.worker.cfg, connection.client, address)
            for number in range(REQUESTS_PER_CONNECTION):
                request = None
                if not self._read_head(parser, connection, number):
                    break
                request = next(parser)
                if number == REQUESTS_PER_CONNECTION - 1 or not self.worker.cfg.keepalive:
                    request.force_close()
                self.worker.handle_request(listener.getsockname(), request, connection.client, address)
        except StopIteration:
            self._end(connection, request)
        except errors.NoMoreData as error:
            self.worker.log.debug("a client went: %s", error)
        except OSError as error:
            self._failed(error)
        except Exception as error:
            self.worker.handle_error(request, connection.client, address, error)
            self._end(connection, request)
        finally:
            util.close(connection.client)

    def _read_head(self, parser: Any, connection: HttpConnection, number: int) -> bool:
        client = connection.client
        connection.set_state(State.IDLE if number else State.ASKING)
        try:
            if number and not parser.unreader.buf.tell():
                client.allow(self.worker.cfg.keepalive)
                piece = client.recv(request_reader.PIECE_BYTES)
                if not piece:
                    return False
                parser.unreader.unread(piece)
                connection.set_state(State.ASKING)
            client.allow(HEAD_SECONDS)
            return request_reader.read_head(parser.unreader, client)
        except TimeoutError:
            return False

    def read_body(self, request: Any, connection: HttpConnection, address: Any) -> None:
        """Read the body. Raises StopIteration where it doesn't come, as gunicorn does; the client has been
        told then."""
        if settings.TRUST_PROXY:
            self._move(connection, request, address)
        try:
            if request._expected_100_continue and request_reader.length_of(request) != 0:
                request._expected_100_continue = False
                if request_reader.is_left_to_views(request):
                    # The view sends it, if it wants the body.
                    request.body.expects_continue = True
                else:
                    connection.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request_reader.read_body(request, connection, self.connections)
        except ChatError as error:
            refused_request.write(connection.client, error, request)
            if isinstance(error, refused_request.TooSlow):
                # Nothing comes that would have to be read.
                connection.client.close()
            raise StopIteration from None

    def _move(self, connection: HttpConnection, request: Any, address: Any) -> None:
        """Count a proxy's connection for the address whose request it carries."""
        forwarded = ",".join(value for name, value in request.headers if name == "X-FORWARDED-FOR")
        peer = address[0] if isinstance(address, tuple) else ""
        environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
        self.connections.move(connection, client_address(environ))
        self.connections.admits(connection.address)

    def _end(self, connection: HttpConnection, request: Any) -> None:
        """Let the client read its answer where it was still sending."""
        awaited = request_reader.unread_bytes(request)
        if connection.client.fd.fileno() >= 0 and (awaited or request_reader.has_more(connection.client)):
            connection.set_state(State.TAKING)
            request_reader.linger(connection.client, awaited)

    def _failed(self, error: OSError) -> None:
        if isinstance(error, TimeoutError) or error.errno in GONE:
            self.worker.log.debug("a client went: %s", error)
        else:
            self.worker.log.error("a socket failed", exc_info=error)
