"""The picture: its size, what stands in it, the same bytes each time. Whether it is beautiful, people judge."""

from __future__ import annotations

import dataclasses
import io
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.image import imread

from engine.errors import Cancelled
from engine.music.changed_bars import ChangedBars
from engine.music.lead_sheet import LeadSheet, SectionSpan
from engine.music.score import Score
from engine.output import picture
from engine.output.picture_layout import LARGEST_HEIGHT, PREFERRED_HEIGHT, WIDTH, WORDS_PIXELS, Layout, lay_out


def repeated(sheet: LeadSheet, times: int) -> LeadSheet:
    """Return the song sung several times over, each verse with a number of its own."""
    length = sheet.length_ticks
    return dataclasses.replace(
        sheet,
        length_ticks=length * times,
        notes=tuple(
            dataclasses.replace(note, onset_ticks=note.onset_ticks + turn * length)
            for turn in range(times)
            for note in sheet.notes
        ),
        sections=tuple(
            dataclasses.replace(
                part, onset_ticks=part.onset_ticks + turn * length, label=part.label.replace("1", str(turn + 1))
            )
            for turn in range(times)
            for part in sheet.sections
        ),
    )


def labels(layout: Layout) -> list[str]:
    return [system.label for system in layout.systems if system.is_first_of_section]


@pytest.fixture(scope="module")
def png(sheet: LeadSheet, score: Score) -> bytes:
    return picture.piano_roll_png(sheet, score)


def test_picture_is_a_png_of_the_layouts_size(png: bytes, sheet: LeadSheet) -> None:
    pixels = imread(io.BytesIO(png))
    assert pixels.shape[:2] == (lay_out(sheet).height, WIDTH)


def test_new_bars_are_behind_the_notes_of_their_row(png: bytes, sheet: LeadSheet, score: Score) -> None:
    row = lay_out(sheet).systems[0]
    bar = sheet.time_signature.bar_ticks
    changed = ChangedBars(2, 2, row.onset_ticks + bar, row.onset_ticks + 2 * bar)
    pixels = imread(io.BytesIO(picture.piano_roll_png(sheet, score, changed=changed)))
    differing = np.flatnonzero(
        np.abs(pixels - imread(io.BytesIO(png)))[int(row.roll_top) + 4, :, :3].max(axis=1) > 0.01
    )
    assert differing[[0, -1]] == pytest.approx([row.x_of(changed.onset_ticks), row.x_of(changed.end_ticks)], abs=3)


def test_same_song_gives_same_bytes_and_another_song_others(png: bytes, sheet: LeadSheet, score: Score) -> None:
    assert picture.piano_roll_png(sheet, score) == png
    other = dataclasses.replace(sheet, title="Another")
    assert picture.piano_roll_png(other, score) != png


def test_every_note_is_painted_in_its_sections_colour(png: bytes, sheet: LeadSheet) -> None:
    pixels = np.round(imread(io.BytesIO(png))[..., :3] * 255).astype(int)
    for note in sheet.notes:
        system = next(s for s in lay_out(sheet).systems if s.onset_ticks <= note.onset_ticks < s.end_ticks)
        x, y = system.clip_x(note.onset_ticks + min(note.duration_ticks, 480) // 2), system.y_of(note.pitch)
        red, green, blue = (int(picture.accent(system.label)[i : i + 2], 16) for i in (1, 3, 5))
        assert tuple(pixels[int(y), int(x)]) == (red, green, blue)


def test_rows_hold_the_whole_song_without_gaps(sheet: LeadSheet) -> None:
    layout = lay_out(sheet)
    assert not layout.is_cut
    assert labels(layout) == ["Intro", "Verse 1", "Chorus"]
    assert layout.systems[0].onset_ticks == 0
    assert layout.systems[-1].end_ticks == sheet.length_ticks
    for above, below in pairwise(layout.systems):
        assert above.end_ticks == below.onset_ticks
        assert above.top + above.height == below.top


def test_long_song_shows_verse_and_chorus_once_and_says_that_it_goes_on(sheet: LeadSheet) -> None:
    layout = lay_out(repeated(sheet, 4))
    assert labels(layout)[:3] == ["Intro", "Verse 1", "Chorus"]
    assert layout.is_cut
    assert layout.height <= PREFERRED_HEIGHT


def test_chorus_is_reached_even_after_a_long_crowded_verse(sheet: LeadSheet) -> None:
    length = sheet.length_ticks
    crowded = tuple(
        dataclasses.replace(note, onset_ticks=turn * length + note.onset_ticks // 2, duration_ticks=60)
        for turn in range(2)
        for note in sheet.notes
    )
    parts = (SectionSpan("Verse 1", 0, length), SectionSpan("Chorus", length, length))
    layout = lay_out(dataclasses.replace(sheet, notes=crowded, sections=parts, length_ticks=2 * length))
    assert labels(layout) == ["Verse 1", "Chorus"]
    assert layout.height <= LARGEST_HEIGHT
    assert not layout.is_cut


def test_long_titles_are_made_small_enough_and_then_cut() -> None:
    assert picture.fitted_title("Rain", 1000.0) == ("Rain", picture.TITLE_PIXELS)
    for title in ("The lantern at the end of the long road", "x" * 300):
        shown, pixels = picture.fitted_title(title, 700.0)
        assert picture.SMALLEST_TITLE_PIXELS <= pixels < picture.TITLE_PIXELS
        assert picture.width_of(shown, pixels, weight="bold") <= 710.0


def test_no_picture_is_higher_than_the_limit(sheet: LeadSheet) -> None:
    endless = dataclasses.replace(repeated(sheet, 8), sections=())
    layout = lay_out(endless)
    assert layout.is_cut
    assert 0 < layout.height <= LARGEST_HEIGHT


def test_syllables_do_not_overlap(sheet: LeadSheet, score: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[float, float, str]] = []
    real = picture.write

    def spy(axes: object, x: float, y: float, text: str, **options: object) -> object:
        if options["pixels"] == WORDS_PIXELS:
            written.append((y, x, text))
        return real(axes, x, y, text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(picture, "write", spy)
    picture.piano_roll_png(sheet, score)
    assert len(written) == sum(note.syllable is not None for note in sheet.notes)
    for (y, x, text), (next_y, next_x, _) in pairwise(written):
        assert y != next_y or x + picture.width_of(text, WORDS_PIXELS) <= next_x


@pytest.mark.parametrize("title", ["", "$100 and $5", "雨の港", "x" * 300])
def test_any_title_can_be_drawn(title: str, sheet: LeadSheet) -> None:
    empty = dataclasses.replace(sheet, title=title, notes=(), chords=(), sections=(), length_ticks=0)
    assert picture.piano_roll_png(empty, Score((), 0)).startswith(b"\x89PNG")


def test_chords_are_printed_with_real_accidentals() -> None:
    assert [picture.printed_chord(symbol) for symbol in ("Bb", "F#m7b5", "C/Eb")] == ["B♭", "F♯m7♭5", "C/E♭"]


def test_a_picture_that_is_no_longer_wanted_is_left_at_the_next_row(sheet: LeadSheet, score: Score) -> None:
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        picture.piano_roll_png(repeated(sheet, 2), score, lambda: next(answers))
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("床前明月光", "chuáng qián míng yuè guāng"),
        ("江南春雨，慢慢。", "jiāng nán chūn yǔ, màn màn."),
        ("Ich 雨 du", "Ich yǔ du"),
        ("plain — café", "plain — café"),
        ("🎵", "□"),
    ],
)
def test_what_the_font_lacks_is_shown_as_pinyin_or_a_box(text: str, shown: str) -> None:
    assert picture.drawable(text, "regular") == shown
