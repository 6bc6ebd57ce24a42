"""A server is asked as the interface says, asked again where that helps, and never told more than it must know."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError, RequestError
from engine.lyrics.remote import Remote
from engine.lyrics.remote_asking import retry_after_seconds
from engine.lyrics.remote_server import RemoteServer, RemoteUse
from engine.lyrics.remote_writer import write_remote_song
from engine.lyrics.song_so_far import PlainText
from tests.completions_server import KEY, TEXT, CompletionsServer, Reply, completion, completions_server

WARM = Sampling(temperature=0.7, top_p=0.9)


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with completions_server() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """Return how long was waited, which no test does."""
    return []


def remote(server: CompletionsServer, waits: list[float], **more: Any) -> Remote:
    values: dict[str, Any] = {"url": server.url, "model": "tiny", "timeout_seconds": 20.0, "tries": 4} | more
    return Remote(RemoteServer(**values), sleep=waits.append)


def ask(one: Remote, **more: Any) -> str:
    values: dict[str, Any] = {"most_tokens": 50, "sampling": WARM, "seed": 3} | more
    return one.complete("<<A - B>>\n", **values).text


def write(one: Remote, **asked: Any) -> list[PlainText]:
    values: dict[str, Any] = {"artist": "Ann", "title": "Night", "sampling": WARM, "seed": 1} | asked
    return write_remote_song(one, **values)


def test_a_question_has_what_the_interface_wants_and_the_key(server: CompletionsServer, waits: list[float]) -> None:
    assert ask(remote(server, waits, key=KEY), stop=["\n<<"]) == TEXT
    ((path, key, body),) = server.asked
    assert (path, key) == ("/v1/completions", f"Bearer {KEY}")
    assert body == {"model": "tiny", "prompt": "<<A - B>>\n", "max_tokens": 50, "temperature": 0.7, "top_p": 0.9,
                    "seed": 3, "stop": ["\n<<"]}  # fmt: skip


def test_a_model_that_talks_is_asked_by_messages(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(body=completion("la la\n", is_chat=True))]
    one = remote(server, waits, chat=True, url=server.url + "/v1/")
    assert ask(one) == "la la\n"
    path, key, body = server.asked[0]
    assert (path, key) == ("/v1/chat/completions", None)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert "prompt" not in body


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_later_and_later(
    server: CompletionsServer, waits: list[float], status: int
) -> None:
    server.replies = [Reply(status, {"error": "busy"})] * 3 + [Reply(body=completion("la"))]
    assert ask(remote(server, waits)) == "la"
    assert waits == sorted(waits)
    assert waits[0] >= 0.5
    assert waits[2] >= 4 * waits[0] / 1.25


def test_a_server_says_how_long_to_wait(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(429, {}, {"Retry-After": "7"}), Reply(body=completion("la"))]
    assert ask(remote(server, waits)) == "la"
    assert waits == [7.0]
    server.replies = [Reply(429, {}, {"Retry-After": "3600"})]
    with pytest.raises(EngineError, match="asked again in 3600 s"):
        ask(remote(server, waits))
    assert waits == [7.0]


def test_retry_after_is_seconds_or_a_date() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after_seconds(format_datetime(moment, usegmt=True), lambda: moment.timestamp() - 12) == 12
    assert retry_after_seconds("-5") == 0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds(None) is None


def test_after_so_many_tries_it_is_said_what_the_server_said(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(503, {"error": {"message": "overloaded\nright now"}})]
    with pytest.raises(EngineError, match=r"answered 503: overloaded right now; asked 4 times"):
        ask(remote(server, waits))
    assert len(server.asked) == 4
    assert len(waits) == 3


def test_a_song_that_is_taken_back_is_not_waited_for(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(503, {})]
    with pytest.raises(Cancelled):
        ask(remote(server, waits), cancelled=lambda: bool(waits))
    assert len(waits) == 1


def test_a_server_that_hangs_is_left_and_not_asked_again(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(hangs=True)]
    with pytest.raises(EngineError, match=r"no answer in 0\.2 s; give more with --timeout"):
        ask(remote(server, waits, timeout_seconds=0.2))
    assert (len(server.asked), waits) == (1, [])


def test_a_server_that_is_away_is_named(waits: list[float]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(EngineError, match=rf"{url}/v1 cannot be reached.*asked 2 times"):
            ask(Remote(RemoteServer(url, "tiny", tries=2), sleep=waits.append))


def test_an_answer_that_breaks_off_is_asked_for_again(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(body=completion("la"), announces=5000), Reply(body=completion("lo"))]
    assert ask(remote(server, waits)) == "lo"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(body=b"<html>hello</html>"), "no JSON object"),
        (Reply(body=[1]), "no JSON object"),
        (Reply(body={"choices": []}), "without a text; if its models only talk, use --chat"),
        (Reply(body=completion(None)), "without a text"),
        (Reply(400, {"detail": "context of 64 tokens"}), r"refused the question \(400\): context of 64 tokens"),
        (Reply(302, {}, {"Location": "http://evil.example/"}), "sends its guests to http://evil.example/"),
    ],
)
def test_an_answer_that_is_none_is_said(server: CompletionsServer, waits: list[float], reply: Reply, said: str) -> None:
    server.replies = [reply]
    with pytest.raises(EngineError, match=said):
        ask(remote(server, waits, key=KEY))
    assert (len(server.asked), waits) == (1, [])


def test_a_wrong_key_is_said_and_shown_to_nobody(
    server: CompletionsServer, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server.key = "another"
    one = remote(server, waits, key=KEY)
    with caplog.at_level(logging.DEBUG), pytest.raises(RequestError, match="refused the key") as refused:
        ask(one)
    server.key = None
    server.replies = [Reply(400, {"error": {"message": f"what is {KEY}?"}})]
    with pytest.raises(RequestError, match=r"what is \*\*\*\?") as quoted:
        ask(one)
    shown = [str(refused.value), repr(refused.value), str(quoted.value), repr(one.server), caplog.text]
    assert not any(KEY in text for text in shown)


def test_an_unknown_model_is_said(server: CompletionsServer, waits: list[float]) -> None:
    with pytest.raises(RequestError, match=r"has no model 'huge'.*does not exist"):
        ask(remote(server, waits, model="huge"))


@pytest.mark.parametrize(
    "url", ["ftp://x/", "localhost:8000", "http://", "https://me:secret@x/v1", "http://x/?key=secret"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(RequestError) as refused:
        RemoteServer(url, "tiny")
    assert "http" in str(refused.value) or "SONGWRIGHT_REMOTE_KEY" in str(refused.value)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "schlüssel"])
def test_what_is_no_key_is_refused_unseen(key: str) -> None:
    with pytest.raises(RequestError) as refused:
        RemoteServer("http://x/v1", "tiny", key=key)
    assert not key.strip() or key not in str(refused.value)


def test_tokens_and_cost_are_counted(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(body=completion("la")), Reply(503, {}), Reply(body={"choices": [{"text": "lo"}]})]
    one = remote(server, waits)
    assert [ask(one), ask(one)] == ["la", "lo"]
    assert one.use == RemoteUse(answers=2, prompt_tokens=10, written_tokens=20, uncounted=1)
    assert one.use.cost(1.5, 2.0) == pytest.approx((10 * 1.5 + 20 * 2.0) / 1e6)


def test_a_song_begins_with_its_heading_and_start_and_is_told_as_it_grows(
    server: CompletionsServer, waits: list[float]
) -> None:
    told: list[str] = []
    (song,) = write(remote(server, waits), start="[Verse 1]\n", report=lambda number, text: told.append(text))
    assert song.text == "<<Ann - Night>>\n[Verse 1]\n" + TEXT
    assert "".join(told) == song.text
    assert (song.ending, song.notices, song.seed) == ("end", (), 1)


def test_songs_have_seeds_in_a_row(server: CompletionsServer, waits: list[float]) -> None:
    songs = write(remote(server, waits), count=3, seed=8)
    assert [body["seed"] for _, _, body in server.asked] == [8, 9, 10]
    assert [song.seed for song in songs] == [8, 9, 10]


def test_a_song_that_is_too_short_is_asked_to_go_on(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [
        Reply(body=completion("one\ntwo")),
        Reply(body=completion("three\nfour\n")),
        Reply(body=completion("")),
    ]
    (song,) = write(remote(server, waits), fewest_lines=4)
    assert song.text == "<<Ann - Night>>\none\ntwo\nthree\nfour\n"
    assert server.asked[1][2]["prompt"] == "<<Ann - Night>>\none\ntwo\n"
    (song,) = write(remote(server, waits), fewest_lines=4)
    assert "it has 0 lines of the 4 that were asked for at least" in song.notices


def test_a_song_is_cut_at_its_most_lines_and_at_its_end_phrase(server: CompletionsServer, waits: list[float]) -> None:
    (short,) = write(remote(server, waits), most_lines=2)
    assert short.text == "<<Ann - Night>>\nthe sea is wide\nthe night is long\n"
    (ended,) = write(remote(server, waits), end_phrase="night is")
    assert ended.text == "<<Ann - Night>>\nthe sea is wide\nthe night is\n"
    (added,) = write(remote(server, waits), end_phrase="amen")
    assert added.text.endswith("oh sing a song\namen\n")


def test_a_server_that_says_the_same_for_ever_is_stopped(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(body=completion("la la\n" * 40, "length"))]
    (song,) = write(remote(server, waits))
    assert song.text == "<<Ann - Night>>\n" + "la la\n" * 3
    assert song.ending == "loop"


def test_what_is_paid_for_is_kept_when_the_server_fails_later(server: CompletionsServer, waits: list[float]) -> None:
    server.replies = [Reply(body=completion("one\ntwo\nthr", "length")), Reply(400, {"detail": "too long"})]
    (song,) = write(remote(server, waits))
    assert song.text == "<<Ann - Night>>\none\ntwo\n"
    assert any("ends early" in notice and "too long" in notice for notice in song.notices)


def test_options_that_the_interface_lacks_are_said_to_be_left_out(
    server: CompletionsServer, waits: list[float]
) -> None:
    (song,) = write(remote(server, waits), sampling=Sampling(top_k=5, gumbel=True))
    assert [notice.split()[5].strip(",") for notice in song.notices] == ["top_k", "gumbel"]


@pytest.mark.parametrize(
    "said",
    [
        "<<Ann - Night>>\nthe sea\nla\n",
        "the sea\nla\n",
        "<think>hm\n\nthe sea?</think>\n\nla\n",
        "```\nla\n```",
        "```text\n<<Ann - Night>>\nthe sea\nla\n```",
        "la",
    ],
)
def test_a_model_that_talks_may_repeat_what_it_was_given(
    server: CompletionsServer, waits: list[float], said: str
) -> None:
    server.replies = [Reply(body=completion(said, is_chat=True))]
    (song,) = write(remote(server, waits, chat=True), start="the sea\n")
    assert song.text == "<<Ann - Night>>\nthe sea\nla\n"
