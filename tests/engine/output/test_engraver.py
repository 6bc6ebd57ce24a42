"""Pages come from a program on the path, here a script in its place, or there is a sentence and nothing is left running."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.errors import Cancelled, OutputError
from engine.output.engraver import MOST_PAGES, find_engraver

MUSICXML = b"<score-partwise/>"
# As MuseScore does it: -r DPI -o OUT IN, and a page more than one as OUT-2.
MUSESCORE = """out=$4
cp "$5" "$SEEN"
case $out in
  *.png) for n in 1 2 10; do printf '\\211PNG %s' $n > "${out%.png}-$n.png"; done ;;
  *.pdf) printf '%%PDF' > "$out" ;;
esac
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is all of the path, but for the shell's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return folder


def script(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_pages_of_musescore_come_in_their_order(path: Path, tmp_path: Path) -> None:
    script(path, "mscore", MUSESCORE)
    engraver = find_engraver()
    assert (engraver.name, engraver.converter) == ("mscore", None)
    assert engraver.pages(MUSICXML, "png") == [b"\x89PNG 1", b"\x89PNG 2", b"\x89PNG 10"]
    assert engraver.pages(MUSICXML, "pdf") == [b"%PDF"]
    assert (tmp_path / "seen").read_bytes() == MUSICXML


def test_lilypond_draws_what_its_converter_wrote(path: Path) -> None:
    script(path, "musicxml2ly", 'cp "$3" "$2"')
    script(path, "lilypond", '{ printf "\\211PNG "; cat "$5"; } > "$4.png"')
    engraver = find_engraver(str(path / "lilypond"))
    assert engraver.pages(MUSICXML, "png") == [b"\x89PNG " + MUSICXML]


def test_more_pages_than_fit_into_a_message_are_left_out(path: Path) -> None:
    script(path, "musescore", 'for n in $(seq 12); do printf "\\211PNG" > "sheet-$n.png"; done')
    assert len(find_engraver("musescore").pages(MUSICXML, "png")) == MOST_PAGES


@pytest.mark.parametrize("body", ["exit 1", "true", 'echo "no picture" > sheet.png', "kill -9 $$"])
def test_a_program_that_gives_no_page_is_said(path: Path, body: str) -> None:
    script(path, "mscore", body)
    with pytest.raises(OutputError, match="mscore could not draw the lead sheet"):
        find_engraver().pages(MUSICXML, "png")


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(path: Path, tmp_path: Path) -> None:
    script(path, "mscore", '(sleep 1.5; touch "$SEEN") & sleep 30')
    begun = time.monotonic()
    with pytest.raises(OutputError, match="mscore took more than"):
        find_engraver().pages(MUSICXML, "png", timeout_seconds=0.3)
    with pytest.raises(Cancelled):
        find_engraver().pages(MUSICXML, "pdf", cancelled=lambda: True)
    assert time.monotonic() - begun < 10
    time.sleep(1.7)
    assert not (tmp_path / "seen").exists()


def test_where_there_is_none_the_way_out_is_said(path: Path) -> None:
    script(path, "lilypond", "true")  # without its converter
    with pytest.raises(OutputError, match="install MuseScore or LilyPond"):
        find_engraver(str(path / "lilypond"))
    with pytest.raises(OutputError, match="not found"):
        find_engraver("none-such")
