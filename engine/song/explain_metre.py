"""Explains the metre: syllables and feet of the lines, and where stresses fall in the bar. Does not know rhymes or chords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.contract import METRES
from engine.lyrics.metre import Metre, find_metre
from engine.lyrics.prosody import Syllable, syllables_of
from engine.music.lead_sheet import SungNote
from engine.song.alignment import metric_weight, sung_stress
from engine.song.explain_subject import Subject
from engine.song.explain_wording import Topic, counted, joined, number, out_of, quoted, sentence

KEPT = 0.75  # share of a line's syllables that must fall as a metre wants for the line to count as keeping it
CLEAR = 0.6  # share of the lines that must keep a metre for it to be called that of the words
STRONG = 2  # metric weight: the first beat of the bar, and its middle
MOST_EXCEPTIONS = 4
_BEATEN = {"iambic": "da-DUM", "trochaic": "DUM-da", "anapaestic": "da-da-DUM", "dactylic": "DUM-da-da"}
_FEET = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}


@dataclass(frozen=True)
class Misplaced:
    """A word whose main stress does not begin on a strong beat. line: from 0. bar: its number."""

    word: str
    line: int
    bar: int


def explain_metre(subject: Subject) -> Topic | None:
    """Return what the metre does; None without words."""
    if not subject.sections:
        return None
    if subject.is_chinese:
        text = "These words are Chinese, which has tones and not stresses, so that feet are not counted here."
        return Topic("metre", (text,), {})
    lines = [syllables_of(line) for line in subject.lines]
    metre, kept = found_metre(lines)
    facts: dict[str, Any] = {
        "syllables": [len(line) for line in lines], "metre": metre.name if metre else None, "lines_that_keep_it": sum(kept),
    }  # fmt: skip
    paragraphs = [f"{_syllables_text(subject, lines)} {_feet_text(subject, lines, metre, kept)}"]
    if subject.sheet is not None:
        placed, misplaced = stresses(subject)
        facts |= {
            "stresses": placed, "stresses_on_strong_beats": placed - len(misplaced),
            "exceptions": [{"word": m.word, "line": m.line + 1, "bar": m.bar} for m in misplaced],
        }  # fmt: skip
        paragraphs.append(_beats_text(subject, placed, misplaced))
    return Topic("metre", tuple(paragraphs), facts)


def found_metre(lines: Sequence[Sequence[Syllable]]) -> tuple[Metre | None, list[bool]]:
    """Return the metre that most lines keep, and which lines do; None where fewer than `CLEAR` of them keep any."""
    tried = []
    for name in METRES:
        metre = find_metre(name)
        agreement = [agreement_with(line, metre) for line in lines]
        tried.append((sum(share >= KEPT for share in agreement), sum(agreement), metre, agreement))
    keeping, _, best, agreement = max(tried, key=lambda found: (found[0], found[1]))
    kept = [share >= KEPT for share in agreement]
    return (best, kept) if lines and keeping >= CLEAR * len(lines) else (None, [False] * len(lines))


def agreement_with(line: Sequence[Syllable], metre: Metre) -> float:
    """Return the share of syllables that fall as a metre wants, 0-1: stressed on strong places, unstressed on weak ones.

    A word of one syllable may be lifted or passed over, so that it disagrees by half.
    """
    points = []
    for place, syllable in enumerate(line):
        is_stressed = sung_stress(syllable.text, syllable.stress, syllable.word_position) > 0
        agrees = is_stressed == metre.is_strong(place)
        lesser = syllable.word_position == "single" or syllable.stress == 2
        points.append(1.0 if agrees else 0.5 if lesser else 0.0)
    return sum(points) / len(points) if points else 0.0


def stresses(subject: Subject) -> tuple[int, list[Misplaced]]:
    """Return how many main stresses of longer words are sung, and those that do not begin on a strong beat."""
    assert subject.sheet is not None
    count = 0
    misplaced: list[Misplaced] = []
    for index, notes in enumerate(subject.sung_lines):
        for place, note in enumerate(notes):
            syllable = note.syllable
            if syllable is None or syllable.stress != 1 or syllable.word_position == "single":
                continue
            count += 1
            if metric_weight(note.onset_ticks, subject.sheet.time_signature) < STRONG:
                found = Misplaced(_word_around(notes, place), index, subject.bar(note.onset_ticks))
                misplaced.append(found)
    return count, misplaced


def _word_around(notes: Sequence[SungNote], place: int) -> str:
    """Return the whole word of which a syllable is part, in small letters and without punctuation."""
    syllables = [(index, note.syllable) for index, note in enumerate(notes) if note.syllable is not None]
    words: list[tuple[set[int], str]] = []
    for index, syllable in syllables:
        if syllable.word_position in ("single", "begin") or not words:
            words.append(({index}, syllable.text))
        else:
            words[-1] = (words[-1][0] | {index}, words[-1][1] + syllable.text)
    return next(text for places, text in words if place in places).lower().strip(",.;:!?\"'“”()—– ")


def _syllables_text(subject: Subject, lines: Sequence[Sequence[Syllable]]) -> str:
    counts = [len(line) for line in lines]
    if len(set(counts)) == 1:
        return f"Every line has {counted(counts[0], 'syllable')}."
    patterns = {tuple(len(syllables_of(line)) for line in section.lines) for section in subject.sections}
    for period in (2, 4):
        first = counts[:period]
        if all(pattern[i] == first[i % period] for pattern in patterns for i in range(len(pattern))):
            return f"The lines have {joined([number(count) for count in first])} syllables in turn."
    usual, often = Counter(counts).most_common(1)[0]
    many = f"{sentence(out_of(often, len(counts)))} lines" if often > 1 else "No two lines are alike: they"
    if often == 1:
        return f"{many} have from {number(min(counts))} to {number(max(counts))} syllables."
    return (
        f"{many} have {counted(usual, 'syllable')}, and all have from {number(min(counts))} to {number(max(counts))}."
    )


def _feet_text(subject: Subject, lines: Sequence[Sequence[Syllable]], metre: Metre | None, kept: Sequence[bool]) -> str:
    if metre is None:
        return _mixed_text(lines)
    article = "an" if metre.name[0] in "ai" else "a"
    usual = Counter(len(line) for line, keeps in zip(lines, kept, strict=True) if keeps).most_common(1)[0][0]
    feet = sum(metre.is_strong(place) for place in range(usual))
    length = f" {sentence(_FEET[feet])} such feet make its usual line." if feet in _FEET else ""
    first = (
        f"The words move in {metre.name} feet: {article} {metre.name} foot sounds like {_BEATEN[metre.name]}, and "
        f"{'every line keeps' if all(kept) else f'{number(sum(kept))} of the {len(kept)} lines keep'} to it.{length}"
    )
    broken = [line for line, keeps in zip(subject.lines, kept, strict=True) if not keeps]
    if not broken:
        return first
    return f"{first} A line that breaks the pattern is {quoted(broken[0])}."


def _mixed_text(lines: Sequence[Sequence[Syllable]]) -> str:
    """Tell of words that keep no one metre; of two that differ in the upbeat alone, if most lines keep one of them."""
    for upbeat, none, nth in (("iambic", "trochaic", "second"), ("anapaestic", "dactylic", "third")):
        with_upbeat = [agreement_with(line, find_metre(upbeat)) for line in lines]
        without = [agreement_with(line, find_metre(none)) for line in lines]
        kept = sum(max(pair) >= KEPT for pair in zip(with_upbeat, without, strict=True))
        if kept >= CLEAR * len(lines):
            early = sum(a >= KEPT and a > b for a, b in zip(with_upbeat, without, strict=True))
            return (
                f"A stress comes on about every {nth} syllable in "
                f"{out_of(kept, len(lines))} lines: {number(early)} begin with an upbeat, which makes their feet {upbeat}, "
                f"{_BEATEN[upbeat]}, and {number(kept - early)} begin on the stress, which makes them {none}, {_BEATEN[none]}."
            )
    return "Their stresses do not come in one even pattern, so the words have no regular feet; they move like speech."


def _beats_text(subject: Subject, count: int, misplaced: Sequence[Misplaced]) -> str:
    assert subject.sheet is not None
    if not subject.sung_lines:
        return "The printed lines are not those that are sung, so that stresses cannot be laid beside the beats."
    if not count:
        return "All its words are short, so there is no word whose stress could fall on a wrong beat."
    strong = _strong_beats(subject.sheet.time_signature.numerator, subject.sheet.time_signature.denominator)
    on_strong = count - len(misplaced)
    first = (
        f"In {subject.sheet.time_signature} the strong beat is {strong}. Words of two and more syllables have a stress that "
        f"the ear knows, and "
    )
    if not misplaced:
        return f"{first}all {number(count)} of them begin on a strong beat, so the tune speaks as one would."
    named: dict[str, Misplaced] = {}
    for found in misplaced:
        named.setdefault(found.word, found)
    told = [f"{quoted(m.word)} in line {m.line + 1}, bar {m.bar}" for m in list(named.values())[:MOST_EXCEPTIONS]]
    if on_strong == 0:
        return f"{first}none of the {number(count)} begins on a strong beat: {joined(told)}."
    only = "The exceptions" if len(misplaced) > 1 else "The exception"
    some = " include" if len(named) > MOST_EXCEPTIONS else " are" if len(told) > 1 else " is"
    return f"{first}{out_of(on_strong, count)} begin on a strong beat. {only}{some} {joined(told)}."


def _strong_beats(numerator: int, denominator: int) -> str:
    if numerator % 3 == 0 and numerator > 3:
        return "the first of each three"
    if numerator % 2 == 0 and numerator >= 4:
        return f"the first, and beside it beat {number(numerator // 2 + 1)}"
    return "the first"
