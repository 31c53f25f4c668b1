"""The proxy with bad networks, before servers and clients that speak over real sockets."""

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUnixStreamServer
from time import monotonic
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
from chaos.harms.proxy import CHUNK_BYTES, Address, Proxy, TcpAddress, UnixAddress
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from support.ports import free_port
from support.waiting import eventually

DEADLINE_SECONDS = 30.0


def drawn(seed: int) -> Random:
    """Random numbers that are the same each time."""
    return Random(seed)  # noqa: S311 - no secret


MEGABYTES = drawn(5).randbytes(3_000_000)


class Upstream:
    """A server that sends back what it gets, and says what it has seen."""

    def __init__(self, folder: Path | None = None) -> None:
        self.received = bytearray()
        self.opened = 0
        self.ended = 0
        handler = type("Handler", (_Echo,), {"upstream": self})
        if folder is None:
            tcp = _TcpServer(("127.0.0.1", 0), handler)
            self._server: ThreadingTCPServer | ThreadingUnixStreamServer = tcp
            self.address: Address = TcpAddress("127.0.0.1", tcp.server_address[1])
        else:
            self._server = ThreadingUnixStreamServer(str(folder / "upstream.sock"), handler)
            self.address = UnixAddress(folder / "upstream.sock")

    @contextmanager
    def running(self) -> Iterator["Upstream"]:
        """Serve until this is left; by then every connection must have ended."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _TcpServer(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64


class _Echo(BaseRequestHandler):
    upstream: ClassVar[Upstream]

    def handle(self) -> None:
        self.upstream.opened += 1
        self.request.settimeout(DEADLINE_SECONDS)
        with suppress(ConnectionError):
            while chunk := self.request.recv(CHUNK_BYTES):
                self.upstream.received += chunk
                self.request.sendall(chunk)
        self.upstream.ended += 1


@pytest.fixture(params=["tcp", "unix"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Where the sockets are, for both kinds of network; None for TCP."""
    return tmp_path if request.param == "unix" else None


@pytest.fixture
def upstream(folder: Path | None) -> Iterator[Upstream]:
    """What is behind the proxy."""
    with Upstream(folder).running() as upstream:
        yield upstream


@pytest.fixture
def proxy(folder: Path | None, upstream: Upstream) -> Iterator[Proxy]:
    """A proxy without any fault."""
    listen = UnixAddress(folder / "proxy.sock") if folder else TcpAddress("127.0.0.1", 0)
    with Proxy(upstream.address, listen=listen) as proxy:
        yield proxy


def connected(proxy: Proxy) -> socket.socket:
    """A connection to the proxy; what is done with it has the deadline."""
    address = proxy.address
    if isinstance(address, TcpAddress):
        return socket.create_connection((address.host, address.port), DEADLINE_SECONDS)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(DEADLINE_SECONDS)
    try:
        client.connect(str(address.path))
    except OSError:
        client.close()
        raise
    return client


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the stream ends before."""
    got = bytearray()
    while len(got) < size and (chunk := client.recv(min(CHUNK_BYTES, size - len(got)))):
        got += chunk
    return bytes(got)


def said_back(client: socket.socket, data: bytes) -> bytes:
    """What comes back for the data, which is sent meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.sendall, data)
        got = read(client, len(data))
        sending.result()
    return got


def is_cut(client: socket.socket) -> bool:
    """Whether the connection ends, by a reset if it is TCP's, without a byte more."""
    if client.family == socket.AF_UNIX:
        with suppress(ConnectionError):
            assert client.recv(1) == b""
        return True
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    return True


def is_refused(proxy: Proxy) -> bool:
    """Whether a new connection is cut, be it so early that the client does not see it begin."""
    try:
        with connected(proxy) as client:
            return is_cut(client)
    except ConnectionResetError:
        return True


def descriptors() -> int:
    """How many files this process has open."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - its entries are gone before they could be paths


MODES = ("slow", "throttled", "stalled", "lost answers", "cut")


def bad(proxy: Proxy, mode: str) -> AbstractContextManager[None]:
    """One of the modes, harmful enough to be seen."""
    match mode:
        case "slow":
            return proxy.slow(0.02, jitter=0.02)
        case "throttled":
            return proxy.throttled(10_000_000)
        case "stalled":
            return proxy.stalled()
        case "lost answers":
            return proxy.lost_answers(drawn(1), 0.02)
        case _:
            return proxy.cut()


def is_more(proxy: Proxy, counter: str, than: int) -> bool:
    """Whether one of the proxy's counters has passed a number."""
    return bool(getattr(proxy, counter) > than)


HARMLESS = {
    "none": [],
    "slow": ["slow"],
    "throttled": ["throttled"],
    "slow and throttled": ["slow", "throttled"],
}


@pytest.mark.parametrize("names", HARMLESS.values(), ids=HARMLESS)
def test_megabytes_arrive_unaltered(proxy: Proxy, upstream: Upstream, names: list[str]) -> None:
    """What is sent arrives, and comes back, byte for byte and in order."""
    with ExitStack() as modes, connected(proxy) as client:
        for name in names:
            modes.enter_context(bad(proxy, name))
        assert said_back(client, MEGABYTES) == MEGABYTES
    assert upstream.received == MEGABYTES
    assert (proxy.delayed > 0) == ("slow" in names)
    assert (proxy.throttled_pieces > 0) == ("throttled" in names)


def test_megabytes_survive_stalls(proxy: Proxy) -> None:
    """Nothing is lost when the network stalls in the middle again and again, also while it is slow and throttled."""
    step = 300_000
    with connected(proxy) as client, ThreadPoolExecutor(2) as pool, bad(proxy, "slow"), bad(proxy, "throttled"):
        answer = pool.submit(read, client, len(MEGABYTES))
        for start in range(0, len(MEGABYTES), step):
            held = proxy.held
            with proxy.stalled():
                sending = pool.submit(client.sendall, MEGABYTES[start : start + step])
                eventually(partial(is_more, proxy, "held", held), DEADLINE_SECONDS, "something to be held")
            sending.result()
        assert answer.result() == MEGABYTES


def test_megabytes_arrive_in_the_end_through_all_modes(proxy: Proxy) -> None:
    """A client that tries again until it has its answer gets the right one, whatever was lost and cut before."""
    piece = MEGABYTES[:100_000]

    def answered() -> bool:
        try:
            with connected(proxy) as client:
                return said_back(client, piece) == piece
        except ConnectionError:
            return False

    with ThreadPoolExecutor(1) as pool, bad(proxy, "lost answers"), bad(proxy, "slow"), bad(proxy, "throttled"):
        for _ in range(3):
            with proxy.cut():
                cut = proxy.cut_connections
                answers = [pool.submit(eventually, answered, DEADLINE_SECONDS, "an answer") for _ in range(10)]
                eventually(partial(is_more, proxy, "cut_connections", cut), DEADLINE_SECONDS, "a cut")
            assert all(one.result() for one in answers)
    assert proxy.lost > 0


def test_a_client_that_has_said_all_still_hears_the_answer(proxy: Proxy, upstream: Upstream) -> None:
    """The end of what the client says is passed on, and the answers after it, and their end."""
    with connected(proxy) as client:
        with ThreadPoolExecutor(1) as pool, proxy.slow(0.05):
            reading = pool.submit(read, client, len(MEGABYTES) + 1)
            client.sendall(MEGABYTES)
            client.shutdown(socket.SHUT_WR)
            assert reading.result() == MEGABYTES
        eventually(lambda: upstream.ended, DEADLINE_SECONDS, "the end")


def test_an_upstream_that_has_said_all_still_hears_the_client() -> None:
    """The end of what upstream says is passed on first, and then all that the client says."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_SECONDS)
        with Proxy(TcpAddress("127.0.0.1", server.getsockname()[1])) as proxy, connected(proxy) as client:
            behind, _ = server.accept()
            with behind, ThreadPoolExecutor(1) as pool:
                behind.settimeout(DEADLINE_SECONDS)
                behind.sendall(b"hello")
                behind.shutdown(socket.SHUT_WR)
                assert read(client, 6) == b"hello"
                reading = pool.submit(read, behind, len(MEGABYTES) + 1)
                client.sendall(MEGABYTES)
                client.shutdown(socket.SHUT_WR)
                assert reading.result() == MEGABYTES


def test_slow_answers_come_late(proxy: Proxy) -> None:
    """Question and answer take the delay each, and those of two modes add up."""
    with connected(proxy) as client, proxy.slow(0.1), proxy.slow(0.3, jitter=0.1):
        began = monotonic()
        assert said_back(client, b"?") == b"?"
        assert monotonic() - began >= 2 * (0.1 + 0.2)
    assert proxy.delayed >= 2


def test_slow_is_not_narrow(proxy: Proxy) -> None:
    """Chunks are delayed side by side: in turn these would take longer than the deadline."""
    with connected(proxy) as client, proxy.slow(0.4):
        began = monotonic()
        assert said_back(client, MEGABYTES) == MEGABYTES
        assert monotonic() - began < 0.4 * len(MEGABYTES) / CHUNK_BYTES


def test_throttled_streams_take_their_time(proxy: Proxy) -> None:
    """No more passes than the lowest of the rates."""
    with connected(proxy) as client, proxy.throttled(200_000), proxy.throttled(10_000_000):
        began = monotonic()
        assert said_back(client, MEGABYTES[:100_000]) == MEGABYTES[:100_000]
        assert monotonic() - began >= 0.4
    assert proxy.throttled_pieces > 10


def test_no_rate_is_no_throttle(proxy: Proxy) -> None:
    """A throttle that lets nothing pass is refused."""
    with pytest.raises(ValueError, match="stalled"):
        proxy.throttled(0)


def test_cut_ends_what_is_there_and_what_comes(proxy: Proxy, upstream: Upstream) -> None:
    """Connections are reset, new ones too, and those after it are as ever."""
    with connected(proxy) as before, connected(proxy) as idle:
        assert said_back(before, b"1") == b"1"
        eventually(lambda: upstream.opened == 2, DEADLINE_SECONDS, "both connections")
        with proxy.cut():
            assert proxy.cut_connections == 2
            assert is_cut(before)
            assert is_cut(idle)
            assert is_refused(proxy)
        eventually(lambda: upstream.ended == 2, DEADLINE_SECONDS, "upstream to see it")
    assert (proxy.connections, proxy.cut_connections, upstream.opened) == (3, 3, 2)
    with connected(proxy) as after:
        assert said_back(after, b"2") == b"2"


def test_stalled_connections_stay(proxy: Proxy, upstream: Upstream) -> None:
    """Nothing passes, new connections hang, and afterwards all is answered; one of two stalls is enough for it."""
    with connected(proxy) as old:
        assert said_back(old, b"1") == b"1"
        with proxy.stalled():
            with proxy.stalled():
                old.sendall(b"2")
                eventually(lambda: proxy.held == 1, DEADLINE_SECONDS, "the chunk to be held")
            new = connected(proxy)
            new.sendall(b"3")
            eventually(lambda: proxy.held == 2, DEADLINE_SECONDS, "the connection to be held")
            assert (bytes(upstream.received), upstream.opened) == (b"1", 1)
        with new:
            assert read(new, 1) == b"3"
        assert read(old, 1) == b"2"


def test_ends_and_resets_are_stalled_too(proxy: Proxy, upstream: Upstream) -> None:
    """Upstream learns that its clients have gone only after the stall, and gets what they had sent before."""
    with connected(proxy) as closed, connected(proxy) as killed:
        eventually(lambda: upstream.opened == 2, DEADLINE_SECONDS, "both connections")
        with proxy.stalled():
            closed.close()
            killed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            killed.close()
            eventually(lambda: proxy.held == 2, DEADLINE_SECONDS, "both to be held")
            assert upstream.ended == 0
        eventually(lambda: upstream.ended == 2, DEADLINE_SECONDS, "upstream to see it")


def test_a_lost_answer_was_an_answer(proxy: Proxy, upstream: Upstream) -> None:
    """What was asked arrives; the client is reset in place of the answer, and upstream's connection ends."""
    with connected(proxy) as client, proxy.lost_answers(drawn(1), 1.0):
        client.sendall(b"do it")
        assert is_cut(client)
        eventually(lambda: upstream.ended == 1, DEADLINE_SECONDS, "upstream to see it")
    assert (bytes(upstream.received), proxy.lost) == (b"do it", 1)
    with connected(proxy) as client:
        assert said_back(client, b"again") == b"again"


def test_answers_are_lost_as_drawn(proxy: Proxy) -> None:
    """The random numbers say which answers are lost: the same seed loses the same ones."""
    same = drawn(7)
    expected = [same.random() < 0.4 for _ in range(30)]

    def is_lost() -> bool:
        with connected(proxy) as client:
            client.sendall(b"?")
            try:
                return read(client, 1) == b""
            except ConnectionResetError:
                return True

    with proxy.lost_answers(drawn(7), 0.4):
        assert [is_lost() for _ in range(30)] == expected
    assert proxy.lost == sum(expected)


def test_leaving_a_mode_leaves_the_others(proxy: Proxy, upstream: Upstream) -> None:
    """Modes are left in any order, and what remains is in force."""
    slow, stalled, lost = proxy.slow(0.2), proxy.stalled(), proxy.lost_answers(drawn(1), 1.0)
    with connected(proxy) as client, ExitStack() as modes:
        modes.enter_context(lost)
        with slow:
            stalled.__enter__()
            client.sendall(b"1")
            eventually(lambda: proxy.held == 1, DEADLINE_SECONDS, "the chunk to be held")
        assert upstream.received == b""
        stalled.__exit__(None, None, None)
        assert is_cut(client)
    assert (bytes(upstream.received), proxy.delayed, proxy.lost) == (b"1", 1, 1)


def test_modes_of_many_threads(proxy: Proxy) -> None:
    """Threads enter and leave modes as they like while clients come and go; after that the network is good."""

    def trouble(seed: int) -> None:
        random = drawn(seed)
        for _ in range(40):
            with bad(proxy, random.choice(MODES)), bad(proxy, random.choice(MODES)):
                pass

    def ask(number: int) -> None:
        for _ in range(40):
            with suppress(ConnectionError), connected(proxy) as client:
                said = str(number).encode() * 1000
                assert said.startswith(said_back(client, said))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(trouble, 1), *(pool.submit(work, i) for i in range(2, 5) for work in (trouble, ask))]:
            done.result()
    before = (proxy.cut_connections, proxy.held, proxy.delayed, proxy.throttled_pieces, proxy.lost)
    with connected(proxy) as client:
        assert said_back(client, MEGABYTES) == MEGABYTES
    assert before == (proxy.cut_connections, proxy.held, proxy.delayed, proxy.throttled_pieces, proxy.lost)


def test_an_upstream_that_is_away_resets_and_its_successor_is_found(folder: Path | None) -> None:
    """Who comes while there is no upstream is reset; a new upstream is set, and is used."""
    nobody = UnixAddress(folder / "nobody.sock") if folder else TcpAddress("127.0.0.1", free_port())
    listen = UnixAddress(folder / "proxy.sock") if folder else TcpAddress("127.0.0.1", 0)
    with Upstream(folder).running() as upstream, Proxy(nobody, listen=listen) as proxy:
        assert is_refused(proxy)
        proxy.upstream = upstream.address
        with connected(proxy) as client:
            assert said_back(client, b"1") == b"1"


def test_a_reset_by_upstream_reaches_the_client() -> None:
    """A client of an upstream that is killed does not take it for a proper end, and still gets what came before."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_SECONDS)
        with (
            Proxy(TcpAddress("127.0.0.1", server.getsockname()[1])) as proxy,
            connected(proxy) as client,
            proxy.slow(0.1),
        ):
            behind, _ = server.accept()
            behind.sendall(b"half an ans")
            assert read(client, 11) == b"half an ans"
            behind.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            behind.close()
            assert is_cut(client)


@pytest.mark.parametrize("mode", ["slow", "stalled"])
def test_senders_wait_when_nothing_arrives(proxy: Proxy, mode: str) -> None:
    """What is on its way is bounded: a sender has to wait, and afterwards all arrives."""
    enough = 64_000_000
    block = MEGABYTES[:1_000_000]
    sent = 0
    with connected(proxy) as client:
        with proxy.slow(3.0) if mode == "slow" else proxy.stalled():
            client.settimeout(0.5)
            with suppress(TimeoutError):
                while sent < enough:
                    sent += client.send(block[sent % len(block) :])
            assert sent < enough
        client.settimeout(DEADLINE_SECONDS)
        whole = block * (sent // len(block) + 1)
        assert read(client, sent) == whole[:sent]


def test_nothing_is_left(folder: Path | None, upstream: Upstream) -> None:
    """Neither descriptors nor threads are left by a proxy, whatever its connections have come to."""
    listen = UnixAddress(folder / "proxy.sock") if folder else TcpAddress("127.0.0.1", 0)

    def counted() -> tuple[int, int]:
        return descriptors(), threading.active_count()

    before = counted()
    with ExitStack() as clients:
        with Proxy(upstream.address, listen=listen) as proxy:
            during = descriptors()
            for mode in MODES:
                with bad(proxy, mode):
                    for _ in range(10):
                        with suppress(ConnectionError):
                            clients.enter_context(connected(proxy)).sendall(b"?")
                for _ in range(10):
                    with suppress(ConnectionError), connected(proxy) as client:
                        said_back(client, b"!")
            with proxy.cut():
                clients.close()
                eventually(lambda: descriptors() == during, DEADLINE_SECONDS, "each connection's end")
            late = clients.enter_context(connected(proxy))
            assert said_back(late, b"1") == b"1"
            stalled = clients.enter_context(connected(proxy))
            clients.enter_context(proxy.stalled())
            stalled.sendall(b"2")
        assert is_cut(late)
        with pytest.raises(OSError, match=r"refused|No such file"):
            connected(proxy)
    eventually(lambda: counted() == before, DEADLINE_SECONDS, "all to be closed")


def test_modes_need_a_proxy_that_listens() -> None:
    """A mode of a proxy that is not entered is refused."""
    with pytest.raises(RuntimeError, match="not entered"), Proxy(TcpAddress("127.0.0.1", 1)).stalled():
        pass


def test_a_unix_socket_has_no_port(tmp_path: Path) -> None:
    """The port is TCP's."""
    here = UnixAddress(tmp_path / "proxy.sock")
    with Proxy(here, listen=UnixAddress(tmp_path / "other.sock")) as proxy, pytest.raises(TypeError):
        assert proxy.port
    with Proxy(here) as proxy:
        assert proxy.address == TcpAddress("127.0.0.1", proxy.port)


class _First(Random):
    """Loses the first, and nothing else."""

    drawn = False

    def random(self) -> float:
        drawn, self.drawn = self.drawn, True
        return 1.0 if drawn else 0.0


@pytest.mark.parametrize(("tries", "value"), [(0, 1), (3, 2)])
def test_a_command_whose_answer_was_lost_is_repeated(redis_url: str, tries: int, value: int) -> None:
    """redis-py's retry carries a command out twice when the answer of the first is lost; without it, it raises."""
    with (
        Proxy(UnixAddress(Path(urlsplit(redis_url).path))) as proxy,
        Redis(port=proxy.port, retry=Retry(NoBackoff(), tries), decode_responses=True) as client,
        Redis.from_url(redis_url, decode_responses=True) as direct,
    ):
        client.ping()
        with proxy.lost_answers(_First(), 0.5):
            if tries:
                assert client.incr("number") == value
            else:
                with pytest.raises(RedisConnectionError):
                    client.incr("number")
        assert (proxy.lost, direct.get("number")) == (1, str(value))
