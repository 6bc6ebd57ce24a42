"""Explains the melody: its range, steps and leaps, the shape of its lines, its climax, and figures that return.

Does not know chords or rhymes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.music.lead_sheet import SungNote
from engine.song.explain_subject import Subject
from engine.song.explain_wording import (
    Topic,
    interval_name,
    joined,
    note_name,
    number,
    quoted,
    share_text,
    the,
    times,
    with_article,
)

FIGURE_NOTES = 4
FEWEST_PLACES = 3  # where a figure must come for it to be called one that returns
STEP = 2  # semitones
EASY_RANGE = 16  # semitones: an octave and a third, the tunes that most people sing together
Figure = tuple[tuple[int, int], ...]  # (semitones to the next note, ticks to it)


@dataclass(frozen=True)
class Climax:
    """The highest note: where it comes first, how often in all, and the word that is sung on it ("" without words)."""

    pitch: int
    bar: int
    count: int
    word: str
    section: str


def explain_melody(subject: Subject) -> Topic | None:
    """Return what the melody does; None for words alone, and a plain sentence where no melody is heard."""
    sheet = subject.sheet
    if sheet is None:
        return None
    if len(sheet.notes) < 2:
        return Topic(
            "melody", ("No track of this music is a melody, one note at a time, so nothing is said of one.",), {}
        )
    low, high = min(note.pitch for note in sheet.notes), max(note.pitch for note in sheet.notes)
    peak, figure = climax_of(subject), returning_figure(subject)
    facts: dict[str, Any] = {
        "range": [note_name(low, subject.key), note_name(high, subject.key)],
        "semitones": high - low,
        "step_share": round(step_share(sheet.notes), 3),
        "climax": {"note": note_name(peak.pitch, subject.key), "bar": peak.bar, "times": peak.count, "word": peak.word},
        "contours": [contour(line) for line in phrases_of(subject)],
        "figure": None if figure is None else {"semitones": [step for step, _ in figure[0]], "places": figure[1]},
    }
    paragraphs = (
        f"{_range_text(subject, low, high)} {_motion_text(subject)}",
        f"{_climax_text(subject, peak)} {_contour_text(subject)}".strip(),
        _figure_text(subject, figure),
    )
    return Topic("melody", tuple(filter(None, paragraphs)), facts)


def phrases_of(subject: Subject) -> list[Sequence[SungNote]]:
    """Return the notes line by line; of a tune without words, cut where it rests for a beat or more."""
    if subject.sung_lines:
        return list(subject.sung_lines)
    assert subject.sheet is not None
    phrases: list[list[SungNote]] = [[]]
    for note in subject.sheet.notes:
        last = phrases[-1][-1] if phrases[-1] else None
        if (
            last is not None
            and note.onset_ticks - last.onset_ticks - last.duration_ticks >= subject.sheet.time_signature.beat_ticks
        ):
            phrases.append([])
        phrases[-1].append(note)
    return list(phrases)


def step_share(notes: Sequence[SungNote]) -> float:
    """Return the share, 0-1, of moves to another pitch that go no further than two semitones; 1 if it never moves."""
    moves = [abs(b.pitch - a.pitch) for a, b in pairwise(notes) if a.pitch != b.pitch]
    return sum(move <= STEP for move in moves) / len(moves) if moves else 1.0


def contour(notes: Sequence[SungNote]) -> str:
    """Return the shape of a line: arch, valley, rise, fall or level, by where its highest and lowest notes lie."""
    pitches = [note.pitch for note in notes]
    if max(pitches) - min(pitches) <= STEP:
        return "level"
    first, last, high, low = pitches[0], pitches[-1], max(pitches), min(pitches)
    if high - max(first, last) > STEP and high - max(first, last) >= min(first, last) - low:
        return "arch"
    if min(first, last) - low > STEP:
        return "valley"
    return "rise" if last > first else "fall" if last < first else "level"


def climax_of(subject: Subject) -> Climax:
    """Return the highest note of all."""
    assert subject.sheet is not None
    high = max(note.pitch for note in subject.sheet.notes)
    places = [note for note in subject.sheet.notes if note.pitch == high]
    span = subject.section_at(places[0].onset_ticks)
    return Climax(
        high, subject.bar(places[0].onset_ticks), len(places), _sung_on(subject, places[0]), span.label if span else ""
    )


def returning_figure(subject: Subject) -> tuple[Figure, int] | None:
    """Return the figure of four notes that begins most lines of different words, and in how many; None if fewer than three.

    A figure is its steps and its rhythm, so that it may return higher or lower. One that never moves is none.
    """
    texts = subject.lines if subject.sung_lines else []
    found: dict[Figure, set[object]] = {}
    for index, line in enumerate(phrases_of(subject)):
        if len(line) >= FIGURE_NOTES:
            begin = line[:FIGURE_NOTES]
            figure = tuple((b.pitch - a.pitch, b.onset_ticks - a.onset_ticks) for a, b in pairwise(begin))
            if any(step for step, _ in figure):
                found.setdefault(figure, set()).add(texts[index] if texts else index)
    best = max(found, key=lambda figure: len(found[figure]), default=None)
    if best is None or len(found[best]) < FEWEST_PLACES:
        return None
    return best, len(found[best])


def _sung_on(subject: Subject, note: SungNote) -> str:
    """Return the word of which a syllable is sung on a note."""
    for index, notes in enumerate(subject.sung_lines):
        if note in notes:
            place = notes.index(note)
            while place and notes[place].syllable is None:
                place -= 1
            sung = sum(other.syllable is not None for other in notes[: place + 1])
            words = _words_by_syllable(subject.sung_lines[index])
            return words[sung - 1] if 0 < sung <= len(words) else ""
    return ""


def _words_by_syllable(notes: Sequence[SungNote]) -> list[str]:
    """Return, for each syllable of a line, its whole word."""
    words: list[list[str]] = []
    for note in notes:
        if note.syllable is None:
            continue
        if note.syllable.word_position in ("single", "begin") or not words:
            words.append([])
        words[-1].append(note.syllable.text)
    return ["".join(word).strip(',.;:!?"“”()—– ') for word in words for _ in word]


def _range_text(subject: Subject, low: int, high: int) -> str:
    span = high - low
    lowest, highest = note_name(low, subject.key), note_name(high, subject.key)
    if span <= 12:
        wide = f"which is {with_article(interval_name(span))}" if span > 2 else "hardly wider than one note"
        comfort = ", easy for most voices"
    else:
        wide = f"which is {span} semitones, more than the twelve of an octave"
        comfort = ", still within what a crowd can sing" if span <= EASY_RANGE else ", wide for an untrained voice"
    return f"The melody lies between {lowest} and {highest}, {wide}{comfort if subject.sheet and subject.sheet.is_sung else ''}."


def _motion_text(subject: Subject) -> str:
    assert subject.sheet is not None
    share = step_share(subject.sheet.notes)
    inside = [pair for phrase in phrases_of(subject) for pair in pairwise(phrase)]
    widest = max(inside, key=lambda pair: abs(pair[1].pitch - pair[0].pitch), default=None)
    first = f"It goes by steps to a neighbouring note for {share_text(share)} of its moves."
    if widest is None or abs(widest[1].pitch - widest[0].pitch) <= STEP:
        return f"{first} It never leaps within a line."
    a, b = widest
    way = "up" if b.pitch > a.pitch else "down"
    notes = f"from {note_name(a.pitch, subject.key)} to {note_name(b.pitch, subject.key)}"
    word = _sung_on(subject, b)
    on = f", on {quoted(word)}" if word else ""
    width = abs(b.pitch - a.pitch)
    name = with_article(interval_name(width)) if width <= 12 else f"{width} semitones"
    return f"{first} The widest leap within a line goes {way} {name}, {notes} in bar {subject.bar(b.onset_ticks)}{on}."


def _climax_text(subject: Subject, peak: Climax) -> str:
    where = f" of {the(peak.section)}" if peak.section else ""
    word = f", on {quoted(peak.word)}" if peak.word else ""
    top = note_name(peak.pitch, subject.key)
    if peak.count == 1:
        return (
            f"Its one highest note, {top}, comes in bar {peak.bar}{where}{word}: the melody saves it for that moment."
        )
    return f"Its highest note, {top}, is reached {times(peak.count)}, first in bar {peak.bar}{where}{word}."


def _contour_text(subject: Subject) -> str:
    shapes = [contour(line) for line in phrases_of(subject)]
    if len(shapes) < 3:
        return ""
    names = {"arch": "rise and come back down", "valley": "dip and come back up", "rise": "end higher than they began",
             "fall": "end lower than they began", "level": "stay nearly level"}  # fmt: skip
    counts = sorted(
        ((shapes.count(shape), text) for shape, text in names.items() if shape in shapes), key=lambda found: -found[0]
    )
    what = "lines" if subject.sung_lines else "phrases"
    told = [f"{number(count)} {text}" for count, text in counts[:3]]
    return f"Of its {number(len(shapes))} {what}, {joined(told)}."


def _figure_text(subject: Subject, figure: tuple[Figure, int] | None) -> str:
    what = "lines" if subject.sung_lines else "phrases"
    if figure is None:
        return f"No figure of four notes begins three different {what}, so there is no motif to point at."
    steps = [_step_text(step) for step, _ in figure[0]]
    return (
        f"One figure returns: {number(figure[1])} different {what} begin with the same rhythm and then "
        f"{joined(steps, last='and')}. Such a motif is what makes separate lines belong together."
    )


def _step_text(step: int) -> str:
    if step == 0:
        return "the same note again"
    return f"{'up' if step > 0 else 'down'} {with_article(interval_name(step))}"
