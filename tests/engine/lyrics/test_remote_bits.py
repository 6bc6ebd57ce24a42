"""What a text costs a model on a server: exact where the server says it, a sentence where it does not."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.lyrics.plain_songs import body_start
from engine.lyrics.remote import echoed_nats
from engine.lyrics.remote_writer import RemoteWriter, open_remote
from engine.lyrics.text_models import LYRIC_FAMILIES, NoBits, SongWriter, open_song_writer
from tests.completions_server import TEXT, CompletionsServer, Reply, completion, completions_server, echoed
from tests.tiny_text_models import SONGS, counting_model

OTHER = "<<Bob Hill - Day>>\nth\u00e9 sun\n"


@pytest.fixture
def server() -> Iterator[CompletionsServer]:
    with completions_server() as running:
        yield running


def writer(server: CompletionsServer, *, chat: bool = False) -> RemoteWriter:
    return open_remote(server.url, model="tiny", chat=chat, tries=1)


def costs_of(text: str) -> list[float]:
    """Return what a small model of counts asks for each sign, as a server would find it; in nats."""
    counts = counting_model([SONGS, OTHER])
    ids, memory = counts.tokenizer.encode(text), counts.model.new_memory(1)
    found, logits = [0.0], counts.model.extend(memory, 0, ids[:1])
    for i in ids[1:]:
        found.append(float(-logits[i]))
        logits = counts.model.extend(memory, 0, [i])
    return found


def test_bits_are_those_of_the_model_behind_the_server_below_the_heading(server: CompletionsServer) -> None:
    server.costs = costs_of
    songs = [SONGS, OTHER]
    expected = []
    for song in songs:
        below = len(song) - body_start(song)
        expected.append(sum(costs_of(song)[-below:]) / math.log(2))
    assert writer(server).bits(songs) == pytest.approx(expected)
    assert min(expected) > 1


def test_questions_for_bits_are_counted_and_write_next_to_nothing(server: CompletionsServer) -> None:
    server.costs = costs_of
    one = writer(server)
    one.bits([OTHER])
    bodies = [body for _, _, body in server.asked]
    assert [body["prompt"] for body in bodies] == [OTHER, OTHER[: body_start(OTHER)]]
    assert {(body["max_tokens"], body["echo"], body["temperature"]) for body in bodies} == {(1, True, 0.0)}
    assert (one.use.answers, one.use.written_tokens) == (2, 2)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=9), st.booleans(), st.booleans())
def test_an_echo_is_read_whoever_counts_what(costs: list[float], has_ended: bool, has_mark: bool) -> None:
    """has_ended: no token was written after it. has_mark: the server counts a mark for the start and does not show it."""
    answer = echoed("text", [0.0, *costs])
    told, usage = answer["choices"][0]["logprobs"], answer["usage"]
    if has_ended:
        told["token_logprobs"].pop()
        usage["completion_tokens"] = 0
    usage["prompt_tokens"] += has_mark
    assert echoed_nats(answer, "text") == pytest.approx(sum(costs))
    assert echoed_nats(answer, "another text") is None


def test_an_echo_without_counts_ends_in_the_token_that_was_written() -> None:
    answer = echoed("text", [0.0, 1.5, 2.5])
    del answer["usage"]
    assert echoed_nats(answer, "text") == pytest.approx(4.0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"detail": "Only no echo is supported"}),
        Reply(422, {"detail": "Unexpected fields in the request: {'echo'}"}),
        Reply(body=completion("x")),  # transformers serve takes the question and leaves out what it does not have
        Reply(body=completion(OTHER + "x")),
        Reply(body={"choices": [{"text": OTHER + "x", "logprobs": {"token_logprobs": [-0.1]}}],
                    "usage": {"prompt_tokens": 9, "completion_tokens": 1}}),
        Reply(body={"choices": [{"text": OTHER + "x", "logprobs": {"token_logprobs": [None, None, -0.1]}}]}),
    ],
)  # fmt: skip
def test_a_server_that_does_not_say_has_no_bits(server: CompletionsServer, reply: Reply) -> None:
    server.replies = [reply]
    with pytest.raises(NoBits, match="no bits per byte"):
        writer(server).bits([OTHER])


def test_a_model_that_talks_has_no_bits_and_is_not_asked(server: CompletionsServer) -> None:
    with pytest.raises(NoBits, match="--chat"):
        writer(server, chat=True).bits([OTHER])
    assert server.asked == []


def test_the_registry_opens_an_address(server: CompletionsServer) -> None:
    opened: SongWriter = open_song_writer(f"{server.url}/v1#tiny")
    assert opened.family == "remote"
    assert opened.family in LYRIC_FAMILIES
    assert opened.artists == ()
    (song,) = opened.write(artist="A", title="B", sampling=Sampling(), seed=1)
    assert song.text == f"<<A - B>>\n{TEXT}"
