"""Explains the form: which sections there are, what comes back and what is new. Does not know chords or rhymes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.music.lead_sheet import LeadSheet, SectionSpan
from engine.song.explain_subject import Subject, kind_of
from engine.song.explain_wording import Topic, counted, duration_text, joined, number, sentence, the, times

SAME_TUNE = 0.8  # share of the notes that two sections have in common, from which on their tune counts as one
OTHER_TUNE = 0.4
BLOCK_BARS = 4
LEAST_EQUAL_BARS = 3  # of the four of a block that must be the same for it to count as one that comes back
Tune = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Part:
    """One section as it is heard. tune: (ticks from its start, pitch) of its notes. is_sung: has words."""

    label: str
    bars: int
    lines: tuple[str, ...]
    tune: Tune
    is_sung: bool

    @property
    def kind(self) -> str:
        return kind_of(self.label)


def explain_form(subject: Subject) -> Topic:
    """Return what the form does; that it cannot be told where nothing says it."""
    parts = parts_of(subject)
    if not parts and subject.sheet is not None:
        return _repeated_bars(subject, subject.sheet)
    if len(parts) == 1 and not parts[0].label:
        text = f"The words stand in one block of {counted(len(parts[0].lines), 'line')} without named sections, " \
               "so there is no form to tell of beyond that."  # fmt: skip
        return Topic("form", (text,), {"sections": 1})
    letters = letters_of(parts)
    paragraphs = [_overview(subject, parts), " ".join(_what_returns(parts)), _letters_text(parts, letters)]
    facts = {
        "sections": [{"label": part.label, "bars": part.bars or None, "lines": len(part.lines)} for part in parts],
        "letters": letters,
    }
    return Topic("form", tuple(filter(None, paragraphs)), facts)


def parts_of(subject: Subject) -> list[Part]:
    """Return the sections in order: of the music with its words, or of words alone; [] where a file names none."""
    if subject.sheet is None:
        return [Part(section.label, 0, section.lines, frozenset(), True) for section in subject.sections]
    return [_part(subject, subject.sheet, span) for span in subject.sheet.sections]


def letters_of(parts: Sequence[Part]) -> str:
    """Return a letter for each section with words, the same for sections of one kind: verse and chorus twice is ABAB.

    Where nothing is sung, every section counts.
    """
    sung = [part for part in parts if part.is_sung] or list(parts)
    kinds = list(dict.fromkeys(part.kind for part in sung))
    return "".join(chr(ord("A") + min(kinds.index(part.kind), 25)) for part in sung)


def tune_likeness(one: Tune, other: Tune) -> float:
    """Return the share of notes, 0-1, that two sections have in common; 0 where one has none."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _part(subject: Subject, sheet: LeadSheet, span: SectionSpan) -> Part:
    """Return a section with the lines that begin in it; an upbeat belongs to the section that it leads into."""
    early, end = sheet.time_signature.bar_ticks // 2, span.onset_ticks + span.duration_ticks
    inside = [
        (text, notes)
        for text, notes in zip(subject.lines, subject.sung_lines, strict=False)
        if span.onset_ticks - early <= notes[0].onset_ticks < end - early
    ]
    notes = [note for _, line in inside for note in line]
    if not subject.sung_lines:
        notes = [note for note in sheet.notes if span.onset_ticks - early <= note.onset_ticks < end - early]
    return Part(
        label=span.label,
        bars=round(span.duration_ticks / sheet.time_signature.bar_ticks),
        lines=tuple(text for text, _ in inside),
        tune=frozenset((note.onset_ticks - span.onset_ticks, note.pitch) for note in notes),
        is_sung=any(note.syllable is not None for note in notes),
    )


def _overview(subject: Subject, parts: Sequence[Part]) -> str:
    named = [the(part.label) if part.label else "a part without a name" for part in parts]
    if subject.sheet is None:
        return (
            f"These words have {counted(len(parts), 'section')} and {counted(len(subject.lines), 'line')}. "
            f"In order they are {joined(named)}."
        )
    bars = sum(part.bars for part in parts)
    lasts = f" and lasts {duration_text(subject.seconds)}" if subject.seconds else ""
    first = f"The song has {counted(len(parts), 'section')} in {counted(bars, 'bar')}{lasts}."
    lengths = {part.bars for part in parts}
    if len(lengths) == 1:
        return f"{first} In order they are {joined(named)}, each {counted(parts[0].bars, 'bar')} long."
    told = [f"{name} for {counted(part.bars, 'bar')}" for name, part in zip(named, parts, strict=True)]
    return f"{first} It goes through {joined(told)}."


def _what_returns(parts: Sequence[Part]) -> list[str]:
    told = []
    for kind in dict.fromkeys(part.kind for part in parts if part.is_sung and part.label):
        same = [part for part in parts if part.kind == kind and part.is_sung]
        told.append(_once(parts, same[0]) if len(same) == 1 else _many(kind, same))
    silent = [part for part in parts if not part.is_sung]
    if silent and len(silent) < len(parts):
        names = joined([the(label) for label in dict.fromkeys(part.label for part in silent)])
        verb = "belongs" if len(silent) == 1 else "belong"
        told.append(f"{sentence(names)} {verb} to the band: nobody sings there.")
    return [text for text in told if text]


def _many(kind: str, same: Sequence[Part]) -> str:
    """Return what sections of one kind share: words, tune, both or neither."""
    one_text = len({part.lines for part in same}) == 1 and bool(same[0].lines)
    likeness = [tune_likeness(a.tune, b.tune) for a, b in combinations(same, 2)]
    has_music = all(part.tune for part in same)
    one_tune = has_music and min(likeness) >= SAME_TUNE
    heard = f"The {kind} comes {times(len(same))}"
    if one_text:
        tune = " and the same tune" if one_tune else ""
        return f"{heard}, each time with the same words{tune}; what comes back is what a listener remembers."
    if one_tune:
        exactly = "one tune" if min(likeness) > 0.99 else "nearly the same tune"
        return f"{heard} with {exactly} and new words, so that the story moves on while the music stays familiar."
    if has_music:
        return f"{heard}, with new words and a tune that is not the same each time."
    return f"{heard}, each time with other words."


def _once(parts: Sequence[Part], part: Part) -> str:
    """Return what is known of a section that comes once: where it stands, and whether its tune is its own."""
    index = list(parts).index(part)
    name = the(part.label)
    others = [other for other in parts if other is not part and other.is_sung]
    if not others:
        return f"There is no other sung section beside {name}."
    where = f"before {the(parts[index + 1].label)}" if index + 1 < len(parts) else "at the end"
    if not part.tune or not any(other.tune for other in others):
        return f"{sentence(name)} comes once, {where}."
    nearest = max(others, key=lambda other: tune_likeness(part.tune, other.tune))
    likeness = tune_likeness(part.tune, nearest.tune)
    if likeness >= SAME_TUNE:
        return f"{sentence(name)} comes once, {where}, and is sung to the tune of {the(nearest.label)}."
    if likeness <= OTHER_TUNE:
        return f"{sentence(name)} comes once, {where}, with a tune of its own: that is the contrast."
    return f"{sentence(name)} comes once, {where}, and shares part of its tune with {the(nearest.label)}."


def _letters_text(parts: Sequence[Part], letters: str) -> str:
    if len(letters) < 2:
        return ""
    spelled = " ".join(letters)
    sung = [part for part in parts if part.is_sung] or list(parts)
    if set(letters) == {"A"}:
        one_tune = all(part.tune and tune_likeness(part.tune, sung[0].tune) >= SAME_TUNE for part in sung)
        return f"Musicians write such a form as {spelled}" + (
            ", and call it strophic: one tune for every verse." if one_tune else "."
        )
    what = "sung section" if any(part.is_sung for part in parts) else "section"
    return f"With a letter for each kind of {what}, the form is {spelled}."


def _repeated_bars(subject: Subject, sheet: LeadSheet) -> Topic:
    """Tell the form of a tune without named sections from which of its groups of four bars come back."""
    blocks = heard_blocks(subject)
    bars = -(-sheet.length_ticks // sheet.time_signature.bar_ticks)
    lasts = f" and lasts {duration_text(subject.seconds)}" if subject.seconds else ""
    first = f"The music has {counted(bars, 'bar')}{lasts}, and names no sections."
    if not blocks:
        reason = "it has no melody to compare" if not sheet.notes else "it is too short to compare groups of four bars"
        return Topic("form", (f"{first} Its form cannot be told: {reason}.",), {"bars": bars, "letters": None})
    letters = "".join(blocks)
    facts = {"bars": bars, "letters": letters, "bars_per_letter": BLOCK_BARS}
    back = [letter for letter in dict.fromkeys(letters) if letters.count(letter) > 1]
    if not back:
        return Topic(
            "form", (f"{first} No group of four bars of its melody comes back, so its form cannot be told.",), facts
        )
    told = [f"the group called {letter} is heard {times(letters.count(letter))}" for letter in back[:4]]
    more = f"; {number(len(back) - 4)} more come back as well" if len(back) > 4 else ""
    second = (
        f"Taken four bars at a time, and with a letter for each new group of the melody, it goes {' '.join(letters)}. "
        f"{sentence(joined(told))}{more}."
    )
    return Topic("form", (f"{first} {second}",), facts)


def heard_blocks(subject: Subject) -> list[str]:
    """Return a letter for each four bars of the melody, the same where at least three bars are; [] if it cannot be told.

    After Z no new letter is given, so that such a long piece is not told.
    """
    sheet = subject.sheet
    if sheet is None or not sheet.notes:
        return []
    start = sheet.notes[0].onset_ticks // sheet.time_signature.bar_ticks
    bars: dict[int, set[tuple[int, int]]] = {}
    for note in sheet.notes:
        bar, place = divmod(note.onset_ticks, sheet.time_signature.bar_ticks)
        bars.setdefault(bar, set()).add((place, note.pitch))
    count = (max(bars) + 1 - start) // BLOCK_BARS
    groups = [[frozenset(bars.get(start + BLOCK_BARS * n + i, set())) for i in range(BLOCK_BARS)] for n in range(count)]
    letters: list[str] = []
    kinds: list[list[frozenset[tuple[int, int]]]] = []
    for group in groups:
        found = next((n for n, kind in enumerate(kinds) if _equal_bars(group, kind) >= LEAST_EQUAL_BARS), len(kinds))
        if found == len(kinds):
            kinds.append(group)
        letters.append(chr(ord("A") + found))
    return letters if len(letters) > 1 and len(kinds) <= 26 else []


def _equal_bars(one: Sequence[frozenset[tuple[int, int]]], other: Sequence[frozenset[tuple[int, int]]]) -> int:
    """Return how many bars of two groups are the same; silent bars say nothing."""
    return sum(a == b and bool(a) for a, b in zip(one, other, strict=True))
