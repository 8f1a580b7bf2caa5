"""The clients' own reading and counting: every verdict stands on it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from tests.hostile.figures import accepted
from tests.hostile.honest import Impression
from tests.hostile.wire import Answer, Connection, Dropped, ask, request

PROBLEM = b'{"type":"a","title":"b","status":400,"detail":"c"}'
HEAD = b"HTTP/1.1 400 Bad\r\nContent-Type: application/problem+json\r\n"


@contextlib.asynccontextmanager
async def server(says: bytes) -> AsyncIterator[int]:
    """Answer whatever is said with these bytes, and close."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(1)
        writer.write(says)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1") as it:
        port: int = it.sockets[0].getsockname()[1]
        yield port


@pytest.mark.parametrize(
    ("says", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", b"ab"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n",
            b"abc",
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            b"a",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_an_answer_is_read_to_its_end(says: bytes, body: bytes) -> None:
    async with server(says) as port:
        answer = await ask(port, request("GET", "/"))

    assert answer.body == body


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"SSH-2.0\r\n\r\n",
    ],
)
async def test_half_an_answer_is_none(says: bytes) -> None:
    async with server(says) as port:
        with pytest.raises(Dropped):
            await ask(port, request("GET", "/"))


async def test_a_pipeline_is_read_answer_by_answer() -> None:
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
    async with server(one + b"a" + one + b"b") as port, Connection(port) as it:
        await it.send(b"?")

        assert [(await it.answer()).body for _ in "ab"] == [b"a", b"b"]


@pytest.mark.parametrize(
    ("head", "body", "is_one"),
    [
        (HEAD, PROBLEM, True),
        (HEAD.replace(b"problem+json", b"json"), PROBLEM, False),
        (HEAD.replace(b"400", b"500"), PROBLEM, False),  # about another status
        (HEAD, b"{}", False),
        (HEAD, b"[]", False),
        (HEAD, b"5", False),
        (HEAD, b"no", False),
    ],
)
async def test_a_problem_document_is_known(
    head: bytes, body: bytes, is_one: bool
) -> None:
    async with server(head + b"\r\n" + body) as port:
        answer = await ask(port, request("GET", "/"))

    assert isinstance(answer, Answer)
    assert answer.is_problem is is_one


def test_accepted_connections_are_counted_until_the_server_closes_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert accepted(port) == 0, "they wait in the kernel's queue"
            served = [listening.accept()[0] for _ in range(2)]
            assert accepted(port) == 2
            for one in served:
                one.close()
            assert accepted(port) == 0


def test_a_share_is_answered_within_a_time() -> None:
    seen = Impression(seconds=[float(n) for n in range(1, 21)])

    assert (seen.quantile(0.5), seen.quantile(0.95)) == (10.0, 19.0)
    assert Impression().quantile(0.95) == 0.0
