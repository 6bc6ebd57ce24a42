"""An answer that comes word by word makes the song that it makes whole, and whatever breaks it loses no words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError
from engine.lyrics.remote import Remote
from engine.lyrics.remote_events import events_of
from engine.lyrics.remote_server import RemoteServer, RemoteUse
from engine.lyrics.remote_writer import write_remote_song
from engine.lyrics.song_so_far import PlainText
from engine.lyrics.spoken_song import SpokenSong
from tests.completions_server import TEXT, CompletionsServer, Reply, completion, completions_server, events

SONG = "<<Ann - Night>>\n"
WARM = Sampling(temperature=0.7, top_p=0.9)


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with completions_server() as running:
        yield running


def remote(server: CompletionsServer, **more: Any) -> Remote:
    values: dict[str, Any] = {"url": server.url, "model": "tiny", "timeout_seconds": 20.0, "tries": 3} | more
    return Remote(RemoteServer(**values), sleep=lambda seconds: None)


def write(one: Remote, **asked: Any) -> PlainText:
    values: dict[str, Any] = {"artist": "Ann", "title": "Night", "sampling": WARM, "seed": 1} | asked
    (song,) = write_remote_song(one, **values)
    return song


# --- events


@given(st.lists(st.text("ab \u20ac"), max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 7))
def test_events_are_the_same_however_their_bytes_come(said: list[str], end: str, size: int) -> None:
    lines = [line for text in said for line in (":comment", "event: x", f"data: {text}", f"data:{text}", "")]
    whole = "".join(line + end for line in lines).encode()
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert list(events_of(parts)) == [f"{text}\n{text.removeprefix(' ')}" for text in said]


def test_an_event_that_is_cut_off_is_none() -> None:
    assert list(events_of([b"data: a\n\ndata: b\n"])) == ["a"]
    assert list(events_of([])) == []


# --- what a model that talks says

SAID = [
    "<<Ann - Night>>\nthe sea\nla\n",
    "the sea\nla\n",
    "<think>hm\n\nthe sea?</think>\n\nla\n",
    "```\nla\n```",
    "```text\n<<Ann - Night>>\nthe sea\nla\n```\n",
    "\n\nla",
    "la",
]


@pytest.mark.parametrize("said", SAID)
@given(data=st.data())
@settings(max_examples=30)
def test_a_spoken_song_is_the_same_however_it_is_cut(said: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=6)))
    pieces = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    spoken = SpokenSong("<<Ann - Night>>", "the sea\n")
    passed = "".join(spoken.add(piece) for piece in pieces)
    assert "la\n".startswith(passed)
    assert (passed + spoken.close()).rstrip("\n") == "la"


def test_a_thought_without_an_end_is_no_song() -> None:
    spoken = SpokenSong("<<Ann - Night>>", "")
    assert spoken.add("<think>the sea is") + spoken.add(" wide\n") + spoken.close() == ""


# --- songs


def test_a_song_is_told_while_it_is_written(server: CompletionsServer) -> None:
    """The server says no more after two lines; both are told all the same."""
    server.replies = [Reply(stream=events("the sea\nthe sky\nthe", None, usage=False, done=False), stays=True)]
    told: list[str] = []
    is_stopped = threading.Event()

    def hear(number: int, text: str) -> None:
        told.append(text)
        if "sky" in text:
            is_stopped.set()

    with pytest.raises(Cancelled):
        write(remote(server), report=hear, cancelled=is_stopped.is_set)
    assert told == [SONG, "the sea\n", "the sky\n"]


@pytest.mark.parametrize("is_chat", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_streamed_song_is_the_whole_song(server: CompletionsServer, is_chat: bool, size: int) -> None:
    server.replies = [Reply(body=completion(TEXT, is_chat=is_chat))]
    whole = write(remote(server, chat=is_chat))
    server.replies = [Reply(stream=events(TEXT, is_chat=is_chat, size=size))]
    one = remote(server, chat=is_chat)
    assert write(one) == whole
    assert whole.text == SONG + TEXT
    assert one.use == RemoteUse(answers=1, prompt_tokens=10, written_tokens=20)
    assert server.asked[-1][2]["stream"] is True


@pytest.mark.parametrize("status", [400, 422, 501])
def test_a_server_that_refuses_to_stream_is_asked_plainly_from_then_on(server: CompletionsServer, status: int) -> None:
    server.replies = [Reply(status, {"detail": "no stream"}), Reply(body=completion(TEXT))]
    one = remote(server)
    assert [write(one).text, write(one).text] == [SONG + TEXT] * 2
    assert ["stream" in body for _, _, body in server.asked] == [True, False, False]
    assert one.use.answers == 2


def test_what_is_refused_for_another_reason_is_said(server: CompletionsServer) -> None:
    server.replies = [Reply(400, {"detail": "context of 64 tokens"})]
    with pytest.raises(EngineError, match="context of 64 tokens"):
        write(remote(server))


def test_a_song_that_has_all_it_wants_waits_for_no_more(server: CompletionsServer) -> None:
    server.replies = [Reply(stream=events("la\nlo\nlu\n", None, usage=False, done=False), stays=True)]
    one = remote(server)
    assert write(one, most_lines=2).text == SONG + "la\nlo\n"
    assert one.use == RemoteUse(answers=1, uncounted=1)


def test_a_stream_that_breaks_off_goes_on_from_its_last_word(server: CompletionsServer) -> None:
    server.replies = [
        Reply(stream=events("the sea\nthe", None, usage=False, done=False), cut=True),
        Reply(stream=events(" sky\n")),
    ]
    assert write(remote(server)).text == SONG + "the sea\nthe sky\n"
    assert server.asked[1][2]["prompt"] == SONG + "the sea\nthe"


def test_a_stream_that_breaks_off_before_its_first_word_is_asked_for_again(server: CompletionsServer) -> None:
    server.replies = [Reply(stream=[b": wait\n"], cut=True), Reply(503, {}), Reply(stream=events(TEXT))]
    assert write(remote(server)).text == SONG + TEXT
    assert len({body["prompt"] for _, _, body in server.asked}) == 1


def test_a_stream_that_takes_too_long_keeps_its_words_and_is_not_asked_for_again(server: CompletionsServer) -> None:
    server.replies = [Reply(stream=events("the sea\nthe", None, usage=False, done=False), stays=True)]
    song = write(remote(server, timeout_seconds=0.4))
    assert song.text == SONG + "the sea\n"
    assert any("not done in 0.4 s; give more with --timeout" in notice for notice in song.notices)
    assert len(server.asked) == 1


def test_a_stream_that_never_begins_is_an_error(server: CompletionsServer) -> None:
    server.replies = [Reply(stream=[], stays=True)]
    with pytest.raises(EngineError, match=r"no answer in 0\.3 s"):
        write(remote(server, timeout_seconds=0.3))


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ([b'data: {"error": {"message": "out of memory"}}\n\n'], "failed while it wrote: out of memory"),
        ([b"data: hello\n\n"], "no JSON object"),
        ([b'data: {"choices": [{}]}\n\n', b"data: [DONE]\n\n"], "without a text; if its models only talk, use --chat"),
    ],
)
def test_a_stream_that_is_none_is_said(server: CompletionsServer, stream: list[bytes], said: str) -> None:
    server.replies = [Reply(stream=stream)]
    with pytest.raises(EngineError, match=said):
        write(remote(server))


def test_words_before_a_fault_are_kept(server: CompletionsServer) -> None:
    begun = events("the sea\n", None, usage=False, done=False)
    server.replies = [Reply(stream=[*begun, b'data: {"error": "out of memory"}\n\n'])]
    song = write(remote(server))
    assert song.text == SONG + "the sea\n"
    assert any("out of memory" in notice for notice in song.notices)


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(stream=[], stays=True)])
def test_a_song_is_taken_back_within_a_second_wherever_it_waits(server: CompletionsServer, reply: Reply) -> None:
    server.replies = [reply]
    is_stopped = threading.Event()
    timer = threading.Timer(0.2, is_stopped.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        write(remote(server), cancelled=is_stopped.is_set)
    assert time.monotonic() - began < 1.2
    timer.join()


def test_a_wait_for_a_busy_server_is_taken_back_too(server: CompletionsServer) -> None:
    server.replies = [Reply(503, {}, {"Retry-After": "50"})]
    is_stopped = threading.Event()
    timer = threading.Timer(0.3, is_stopped.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        write(Remote(RemoteServer(server.url, "tiny")), cancelled=is_stopped.is_set)
    assert time.monotonic() - began < 1.3
    timer.join()
