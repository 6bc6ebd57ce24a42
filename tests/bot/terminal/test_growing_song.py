"""A song on a terminal is its text once it is done, whatever was shown of its lines on the way."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.terminal.growing_song import ERASED_LINE, GrowingSong, shown_end
from engine.contract import Sampling
from tests.tiny_text_models import SONGS, counting_model


def screen(printed: str) -> str:
    """Return what a terminal shows after all that was printed."""
    return "\n".join(row.split(ERASED_LINE)[-1] for row in printed.split("\n"))


@pytest.mark.parametrize("start", ["", "[Verse 1]\nthe sea", "the sea is cold\n"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0)])  # the second runs in circles and is cut
def test_the_terminal_shows_words_as_they_come_and_the_song_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], start: str, seed: int, sampling: Sampling
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = GrowingSong()
    (song,) = counting_model([SONGS], order=4).write(
        artist="Ann Harbour", title="Night", start=start, sampling=sampling, seed=seed, most_lines=6,
        report=shown.report, glimpse=shown.glimpse,
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert screen(printed) == song.text
    written = [line for line in song.text.removeprefix(f"<<Ann Harbour - Night>>\n{start}").split("\n")[1:] if line]
    for line in written:
        assert f"{ERASED_LINE}{line[:5]}{ERASED_LINE}" in printed


def test_where_nothing_can_be_taken_back_only_lines_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = GrowingSong()
    assert shown.glimpse is None
    shown.report(0, "la\n")
    assert capsys.readouterr().out == "la\n"


@given(st.text("ab\u660e\u6708", max_size=20), st.integers(1, 12))
def test_a_long_line_is_shown_by_its_end_in_one_row(line: str, columns: int) -> None:
    shown = shown_end(line, columns)
    width = sum(1 if sign in "ab" else 2 for sign in shown)
    assert line.endswith(shown)
    assert width <= columns
    assert shown == line or width >= columns - 1
