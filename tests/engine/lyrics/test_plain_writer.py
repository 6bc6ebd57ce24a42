"""Plain songs keep their start, reach their end phrase, have the lines asked for, and never run in circles."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Sampling
from engine.errors import Cancelled, RequestError
from engine.lyrics.growing_text import GrowingText
from engine.lyrics.loops import MOST_COPIES, begins_a_loop, ids_that_loop, same_line
from engine.lyrics.plain_writer import PlainText, write_song_text
from engine.lyrics.song_so_far import is_sung
from engine.lyrics.text_models import TextModel
from tests.tiny_text_models import SONGS, counting_model

WARM = Sampling(temperature=1.0, top_p=1.0)
GREEDY = Sampling(temperature=0)
PIECES = ("the ", "sea", "son", " is", "night", "ing", "\n[", "]\n", "<<", ">>\n", ".\n")
LETTERS = counting_model([SONGS, "<<Unknown - Untitled>>\n" + string.printable])
MODEL = counting_model([SONGS, "<<Unknown - Untitled>>\n" + string.printable], PIECES)
SMALL = counting_model([SONGS], PIECES, context_length=160)


def write(model: TextModel = MODEL, **asked: Any) -> list[PlainText]:
    values: dict[str, Any] = {"artist": "Ann", "title": "Night", "sampling": WARM, "seed": 1}
    return write_song_text(model, **(values | asked))


def sung(text: str) -> list[str]:
    return [line for line in text.split("\n")[1:] if is_sung(line)]


asks = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "start": st.sampled_from(
            ["", "the sea", "[Verse 1]\nthe sea is cold\n", "oh sing\nof me", "x " * 60, "\n\nwe "]
        ),
        "end_phrase": st.sampled_from([None, "the end", "sea", "of me\nand you", "amen.", "e"]),
        "fewest_lines": st.integers(0, 6),
        "most_lines": st.integers(6, 12),
        "sampling": st.sampled_from(
            [WARM, GREEDY, Sampling(temperature=0.5, no_repeat_ngram=4), Sampling(gumbel=True)]
        ),
    }
)


@given(asks, st.sampled_from([MODEL, SMALL, LETTERS]))
@settings(max_examples=40)
def test_whatever_is_asked_for_is_kept(asked: dict[str, Any], model: TextModel) -> None:
    told: list[str] = []
    (found,) = write(model, **asked, report=lambda number, text: told.append(text))
    heading = "<<Ann - Night>>\n"
    assert found.text.startswith(heading + asked["start"])
    assert found.text.endswith("\n")
    assert "".join(told) == found.text
    lines = sung(found.text)
    assert len(lines) <= asked["most_lines"]
    assert len(lines) >= asked["fewest_lines"] or found.notices
    if asked["end_phrase"]:
        assert found.text.endswith(asked["end_phrase"] + "\n")
    every = [same_line(line) for line in found.text.removeprefix(heading).split("\n")]
    given_lines = asked["start"].count("\n") + 1
    assert not any(begins_a_loop(every[:i]) for i in range(given_lines + 1, len(every)))
    assert (found.song.artist, found.song.title) == ("Ann", "Night")


def test_a_song_depends_on_its_seed_alone() -> None:
    together = write(count=5, seed=7)
    alone = [write(seed=7 + number)[0] for number in range(5)]
    assert together == alone
    assert [song.seed for song in together] == [7, 8, 9, 10, 11]
    assert len({song.text for song in together}) == 5


def test_songs_that_outgrow_the_context_depend_on_their_seed_alone() -> None:
    together = write(SMALL, count=3, fewest_lines=8, most_lines=12)
    assert together == [write(SMALL, seed=1 + number, fewest_lines=8, most_lines=12)[0] for number in range(3)]
    assert all("longer than what the model reads at once" in song.notices[0] for song in together)
    assert all(len(sung(song.text)) >= 8 for song in together)


def test_the_model_may_end_only_when_there_are_lines_enough() -> None:
    short = counting_model(["<<Ann - Night>>\nla la\n", "<<Ann - Night>>\nlo lo lo\nla\n"])
    free = [len(sung(song.text)) for song in write(short, count=40)]
    held = write(short, count=40, fewest_lines=5, most_lines=9)
    assert min(free) < 5
    assert {len(sung(song.text)) for song in held} <= set(range(5, 10))
    assert any(song.ending == "end" for song in held)


def test_a_model_that_knows_one_line_says_it_three_times_and_stops() -> None:
    loop = counting_model(["a\n" * 50], smoothing=0)
    (found,) = write(loop, artist="a", title="a", start="a\n", fewest_lines=20, sampling=GREEDY)
    assert found.ending == "loop"
    assert sung(found.text) == ["a", "a", "a"]
    assert any("saying the same again" in notice for notice in found.notices)
    assert any("3 lines of the 20" in notice for notice in found.notices)


def test_a_model_that_likes_one_line_goes_on_with_something_else() -> None:
    fond = counting_model(["a\n" * 500 + "b\nc\n"])
    (found,) = write(fond, artist="a", title="a", start="a\n", fewest_lines=12, most_lines=12, sampling=GREEDY)
    assert len(sung(found.text)) == 12
    assert found.ending == "lines"
    assert "a\n" * (MOST_COPIES + 1) not in found.text


def test_a_word_without_end_is_left() -> None:
    endless = counting_model(["la " * 300 + "\nlo\n"], ["la "])
    (found,) = write(endless, artist="l", title="l", start="la ", most_lines=3, sampling=GREEDY)
    assert "la " * 9 not in found.text
    assert "la " * 8 in found.text


def test_a_line_without_end_is_ended() -> None:
    prose = counting_model([string.printable * 2 + string.ascii_lowercase * 40 + "\n"], smoothing=1e-9)
    lines = sung(write(prose, artist="a", title="b", start="x", fewest_lines=3, most_lines=3)[0].text)
    assert len(lines) == 3
    assert max(map(len, lines)) < 210


def test_a_model_without_line_breaks_is_cut_and_says_so() -> None:
    prose = counting_model([string.ascii_lowercase * 40], smoothing=1e-9)
    (found,) = write(prose, artist="a", title="b", start="x", fewest_lines=2, most_lines=2)
    assert found.ending == "length"
    assert "its last line is not finished" in found.notices


@pytest.mark.parametrize("pieces", [(), ("sea",), ("the s", "ea w"), ("e sea", " is")])
def test_an_end_phrase_is_found_across_ids(pieces: tuple[str, ...]) -> None:
    one_song = counting_model(["<<Ann - Night>>\nbring us the sea was"], pieces, order=4, smoothing=0)
    (found,) = write(one_song, start="bring us ", end_phrase="the sea", sampling=GREEDY)
    assert (found.text, found.ending, found.notices) == ("<<Ann - Night>>\nbring us the sea\n", "phrase", ())


def test_an_end_phrase_is_not_found_inside_a_word() -> None:
    text = "<<Ann - Night>>\nfor a season by the sea.\n"
    model = counting_model([text], [text[16 + i : 18 + i] for i in range(0, 24, 2)], order=5, smoothing=0)
    (found,) = write(model, start="fo", end_phrase="sea", sampling=GREEDY)
    assert found.text == "<<Ann - Night>>\nfor a season by the sea\n"


def test_an_end_phrase_in_chinese_needs_no_spaces() -> None:
    model = counting_model(["江南春雨落花時"], smoothing=0)
    (found,) = write(model, start="江", end_phrase="落花", sampling=GREEDY)
    assert found.text.endswith("江南春雨落花\n")


def test_a_phrase_that_the_model_does_not_come_to_is_the_last_line() -> None:
    (found,) = write(end_phrase="good night, dear heart", most_lines=5, fewest_lines=5)
    assert sung(found.text)[-1] == "good night, dear heart"
    assert len(sung(found.text)) == 5
    assert any("added as the last line" in notice for notice in found.notices)


def test_another_song_is_not_begun() -> None:
    two = counting_model(["<<Ann - Night>>\nla\nlo\n<<Ann - Day>>\nli\n"], ["<<Ann - Day>>\n"], smoothing=0)
    songs = write(two, start="la\n", count=20)
    assert {song.ending for song in songs} <= {"another song", "end", "loop"}
    assert any(song.ending == "another song" for song in songs)
    assert not any("Day" in song.text for song in songs)


def test_artists_that_a_model_does_not_know_are_refused_with_the_nearest() -> None:
    told = counting_model([SONGS], artists=("Ann Harbour", "Robert Burns"))
    assert write(told, artist="robert burns")[0].text.startswith("<<Robert Burns - ")
    with pytest.raises(RequestError, match=r"2 artists.*did you mean Robert Burns"):
        write(told, artist="Robert Bruns")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"fewest_lines": 9, "most_lines": 8}, "9-8"),
        ({"most_lines": 0}, "0-1000"),
        ({"most_lines": 1001}, "0-1000"),
        ({"count": 0}, "1-64"),
        ({"end_phrase": " "}, "end phrase is empty"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_range(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        write(**asked)


def test_a_song_that_is_taken_back_stops() -> None:
    with pytest.raises(Cancelled):
        write(cancelled=lambda: True)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=40))
def test_a_loop_is_a_block_begun_for_the_fourth_time(lines: list[str]) -> None:
    joined = ",".join(lines)
    ends = any(
        re.search(rf"(?:^|,)((?:\w,){{{size}}})\1\1$", joined[:-1]) and lines[-1] == lines[-1 - size]
        for size in range(1, 13)
    )
    assert begins_a_loop(lines) == bool(lines and ends)


def test_ids_that_loop_are_those_that_go_on_with_a_piece() -> None:
    assert ids_that_loop([1, 2, 3] * 8, 24) == {1}
    assert ids_that_loop([9, *[1, 2, 3] * 8, 1], 26) == {2}
    assert ids_that_loop([1, 2, 3] * 7 + [1, 2], 23) == set()
    assert ids_that_loop([1, 2, 3] * 4, 4 * 12) == {1}  # of four letters each: words
    assert ids_that_loop([1, 2, 3] * 3 + [1, 2], 44) == set()


class _Bytes:
    """One id per byte of UTF-8; the end gives nothing."""

    vocab_size, end_id = 257, 256

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, ids: Any) -> str:
        return bytes(i for i in ids if i < 256).decode(errors="replace")


@given(st.text(max_size=80), st.text(max_size=80))
def test_pieces_of_growing_text_are_the_text(before: str, after: str) -> None:
    tokenizer = _Bytes()
    growing = GrowingText(tokenizer, tokenizer.encode(before))
    pieces = [growing.add(i) for i in [*tokenizer.encode(after), tokenizer.end_id]]
    assert "".join(pieces) == after.replace("\ufffd", "")


def test_what_steers_terminals_or_breaks_lines_elsewhere_is_left_out() -> None:
    odd = counting_model(["<<Ann - Night>>\nla\x1b[31m\x85lo\r\u2028li\nle\n"], order=3, smoothing=0)
    (found,) = write(odd, sampling=GREEDY)
    assert found.text == "<<Ann - Night>>\nla[31mloli\nle\n"
    assert found.song.lines == ("la[31mloli", "le")
