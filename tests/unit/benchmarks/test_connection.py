"""The load generator's HTTP: requests as bytes, answers out of bytes."""

import pytest

from benchmarks.connection import Answer, parse, request

ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\nContent-Length: 5\r\n\r\nhello"


def test_a_request_says_how_long_its_body_is() -> None:
    """A request with a body has its length and type, and what it prefers."""
    assert request("POST", "/tasks", b"{}", prefer="wait=3") == (
        b"POST /tasks HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        b"Prefer: wait=3\r\n\r\n{}"
    )


def test_a_request_without_a_body_is_its_head() -> None:
    """A GET has neither length nor type."""
    assert request("GET", "/tasks/1") == b"GET /tasks/1 HTTP/1.1\r\nHost: benchmark\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_a_part_of_an_answer_is_none(cut: int) -> None:
    """Wherever an answer is cut, it is waited for."""
    assert parse(ANSWER[:cut]) is None


def test_a_whole_answer_is_read() -> None:
    """An answer is its status and its body, and takes as many bytes as it has."""
    assert parse(ANSWER) == (Answer(202, b"hello"), len(ANSWER))


def test_what_follows_an_answer_is_left() -> None:
    """Bytes after an answer are not part of it."""
    assert parse(bytearray(ANSWER + b"HTTP/1.1 200")) == (Answer(202, b"hello"), len(ANSWER))


def test_an_answer_without_a_length_is_refused() -> None:
    """An answer that does not say where it ends is an error rather than a wait for ever."""
    with pytest.raises(ValueError, match="without a length"):
        parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
