"""Explains the chords: where home is, the way in each section as Roman numerals, what is borrowed, how sections end.

Does not know words or melody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.music.lead_sheet import LeadSheet
from engine.music.roman_numerals import degree_of_chord
from engine.music.theory import Chord, Key, read_symbol
from engine.song.explain_subject import Subject, kind_of
from engine.song.explain_wording import Topic, counted, joined, sentence, share_text, the

MOST_CHORDS = 8  # of a progression that are told
MOST_TOLD = 4


@dataclass(frozen=True)
class HeardChord:
    """A chord where it begins, with its numeral in the key."""

    onset_ticks: int
    duration_ticks: int
    symbol: str
    chord: Chord
    numeral: str


def explain_chords(subject: Subject) -> Topic | None:
    """Return what the chords do; None for words alone."""
    if subject.sheet is None:
        return None
    key, chords = subject.key, chords_of(subject.sheet)
    heard = "The file does not say its chords; these are heard in its notes. " if subject.is_heard else ""
    home = _home(key, subject.key_is_heard)
    if not chords:
        return Topic("chords", (f"{home} No chords are written, so nothing can be said of them.",), {"key": str(key)})
    ways = ways_of(subject, chords)
    cadences = cadences_of(subject, chords)
    paragraphs = (
        f"{heard}{home}",
        " ".join([*(_way_text(labels, way) for labels, way in ways[:MOST_TOLD]), _most_used(chords)]),
        " ".join(_outside(key, chords)),
        " ".join(_cadence_texts(cadences)),
    )
    facts: dict[str, Any] = {
        "key": str(key),
        "progressions": [
            {"sections": labels, "numerals": [c.numeral for c in way], "chords": [c.symbol for c in way]}
            for labels, way in ways
        ],
        "outside_the_key": {c.symbol: c.numeral for c in chords if outside(key, c.chord)},
        "cadences": [{"section": label, "cadence": name, "numerals": numerals} for label, name, numerals in cadences],
    }
    return Topic("chords", tuple(filter(None, paragraphs)), facts)


def chords_of(sheet: LeadSheet) -> list[HeardChord]:
    """Return the chords in order, one entry as long as a chord holds; places without a chord are left out."""
    key = Key.parse(sheet.key_name)
    found: list[HeardChord] = []
    for span in sheet.chords:
        chord = read_symbol(span.symbol)
        if chord is None:
            continue
        at = (span.onset_ticks, span.duration_ticks)
        if (
            found
            and found[-1].symbol == span.symbol
            and sum((found[-1].onset_ticks, found[-1].duration_ticks)) == at[0]
        ):
            before = found.pop()
            at = (before.onset_ticks, before.duration_ticks + span.duration_ticks)
        found.append(HeardChord(*at, span.symbol, chord, degree_of_chord(key, chord)))
    return found


def ways_of(subject: Subject, chords: Sequence[HeardChord]) -> list[tuple[list[str], list[HeardChord]]]:
    """Return each different way through chords with the sections that take it; a circle that repeats is there once.

    Without sections: the whole piece, its label "".
    """
    ways: dict[tuple[str, ...], tuple[list[str], list[HeardChord]]] = {}
    for label, inside in in_sections(subject, chords):
        way = circle(inside)
        if way:
            labels, _ = ways.setdefault(tuple(c.symbol for c in way), ([], way))
            labels.append(label)
    return list(ways.values())


def in_sections(subject: Subject, chords: Sequence[HeardChord]) -> list[tuple[str, list[HeardChord]]]:
    """Return the chords that sound in each section, that which began before among them; equal neighbours once."""
    sheet = subject.sheet
    assert sheet is not None
    spans = [(s.label, s.onset_ticks, s.onset_ticks + s.duration_ticks) for s in sheet.sections] or [
        ("", 0, sheet.length_ticks)
    ]
    return [
        (label, [c for c in chords if c.onset_ticks < end and c.onset_ticks + c.duration_ticks > start])
        for label, start, end in spans
    ]


def circle(chords: Sequence[HeardChord]) -> list[HeardChord]:
    """Return the shortest beginning that the rest only repeats, a rest cut short included; all where nothing repeats."""
    symbols = [chord.symbol for chord in chords]
    for period in range(2, len(symbols) // 2 + 1):
        if all(symbols[i] == symbols[i % period] for i in range(len(symbols))):
            return list(chords[:period])
    return list(chords)


def outside(key: Key, chord: Chord) -> bool:
    """Return whether a chord has a tone that is not of the key's scale; the raised seventh of minor counts as outside."""
    return bool(set(chord.pitch_classes) - set(key.scale))


def cadences_of(subject: Subject, chords: Sequence[HeardChord]) -> list[tuple[str, str, list[str]]]:
    """Return (section, name, last numerals) of how each section ends: authentic, plagal, deceptive, half, home, open."""
    found = []
    for label, inside in in_sections(subject, chords):
        if inside:
            last = inside[-2:]
            found.append((label, _cadence(subject.key, last), [chord.numeral for chord in last]))
    return found


def _cadence(key: Key, last: Sequence[HeardChord]) -> str:
    steps = [(chord.chord.root - key.tonic) % 12 for chord in last]
    before = steps[0] if len(steps) == 2 else None
    leads = (before == 7 and not last[0].chord.has_minor_third) or before == 11
    if steps[-1] == 0:
        return "authentic" if leads else "plagal" if before == 5 else "home"
    if before == 7 and steps[-1] in ((9,) if key.mode == "major" else (8,)):
        return "deceptive"
    return "half" if steps[-1] == 7 else "open"


def _home(key: Key, is_heard: bool) -> str:
    verb = "sounds as if it were" if is_heard else "is"
    return (
        f"The music {verb} in {key}, so {key.tonic_name} is home. Roman numerals number the chords by the step of the scale "
        "they stand on, so that one sees the same way in any key; capitals are major chords and small letters minor ones."
    )


def _way_text(labels: Sequence[str], way: Sequence[HeardChord]) -> str:
    shown = way[:MOST_CHORDS]
    numerals, symbols = ", ".join(c.numeral for c in shown), ", ".join(c.symbol for c in shown)
    kinds = list(dict.fromkeys(kind_of(label) for label in labels))
    where = f"In the {joined(kinds)}" if kinds != [""] else "From its beginning on"
    if len(way) == 1:
        return f"{where} there is one chord, {numerals}, which here is {symbols}."
    start = " begin with" if len(way) > MOST_CHORDS else " go"
    return f"{where} the chords{start} {numerals}, which here is {symbols}."


def _most_used(chords: Sequence[HeardChord]) -> str:
    held: Counter[str] = Counter()
    names: dict[str, str] = {}
    for chord in chords:
        held[chord.numeral] += chord.duration_ticks
        names.setdefault(chord.numeral, chord.symbol)
    numeral, ticks = held.most_common(1)[0]
    if len(held) == 1:
        return ""
    return (
        f"There are {counted(len(held), 'different chord')} in all, and {numeral}, that is {names[numeral]}, "
        f"sounds for {share_text(ticks / sum(held.values()))} of the time."
    )


def _outside(key: Key, chords: Sequence[HeardChord]) -> list[str]:
    found: dict[str, HeardChord] = {}
    for chord in chords:
        if outside(key, chord.chord):
            found.setdefault(chord.symbol, chord)
    if not found:
        return [f"Every chord is made of the seven notes of {key}; nothing is borrowed from elsewhere."]
    raised = [chord for chord in found.values() if _raises_seventh(key, chord)]
    others = [chord for chord in found.values() if chord not in raised]
    told = [_raised_text(key, raised)] if raised else []
    told += [_outside_text(key, chord, chords) for chord in others[:MOST_TOLD]]
    rest = len(others) - MOST_TOLD
    verb = "has" if rest == 1 else "have"
    return told + ([f"{sentence(counted(rest, 'more chord'))} {verb} notes from outside the key."] if rest > 0 else [])


def _raises_seventh(key: Key, chord: HeardChord) -> bool:
    """Return whether all that is strange to a minor key is the half step below its home."""
    return key.mode == "minor" and set(chord.chord.pitch_classes) - set(key.scale) == {(key.tonic + 11) % 12}


def _raised_text(key: Key, raised: Sequence[HeardChord]) -> str:
    one = len(raised) == 1
    names, numerals = joined([chord.symbol for chord in raised]), joined([chord.numeral for chord in raised])
    leading, usual = key.spell((key.tonic + 11) % 12), key.spell(key.scale[6])
    return (
        f"{names}, the {numerals}, {'has' if one else 'have'} {leading} in place of {usual}: a half step below home, "
        f"{'it pulls' if one else 'they pull'} back there."
    )


def _outside_text(key: Key, chord: HeardChord, chords: Sequence[HeardChord]) -> str:
    strange = joined([key.spell(tone) for tone in chord.chord.pitch_classes if tone not in key.scale])
    name = f"{chord.symbol}, the {chord.numeral},"
    head, slash, goal = chord.numeral.partition("/")
    if slash and goal[:1] not in "123456789#b":
        following = [b for a, b in pairwise(chords) if a.symbol == chord.symbol]
        target = (chord.chord.root + 5) % 12
        reached = sum(b.chord.root == target for b in following)
        led = ", and that is what follows" if reached else ", though something else follows here"
        return f"{name} has {strange}, which is not in the key: it behaves like a {head} one key further and points to {goal}{led}."
    if not set(chord.chord.pitch_classes) - set(key.parallel.scale):
        return f"{name} has {strange} and is borrowed from {key.parallel}, which has the same home but another colour."
    return f"{name} has {strange}, which is not in the key; that gives it its colour."


_CADENCES = {
    "authentic": "closes with {numerals}, the authentic cadence, which sounds like a full stop",
    "plagal": "closes with {numerals}, the plagal cadence, soft as an Amen",
    "deceptive": "ends with {numerals}, the deceptive cadence: one expects home and gets a neighbour",
    "half": "stops on {last}, a half cadence, which sounds like a question that wants an answer",
    "home": "ends at home on {last}, though not from the chord that leads there most strongly",
    "open": "ends on {last}, away from home, so that the music wants to go on",
}


def _cadence_texts(cadences: Sequence[tuple[str, str, list[str]]]) -> list[str]:
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for label, name, numerals in cadences:
        groups.setdefault((name, tuple(numerals)), []).append(label)
    told = []
    for (name, last), labels in list(groups.items())[: MOST_TOLD + 1]:
        kinds = list(dict.fromkeys(kind_of(label) for label in labels))
        text = _CADENCES[name].format(numerals=" to ".join(last), last=last[-1])
        # Sections of one kind may end in several ways, and then the numbered ones are named.
        split = any(kind_of(label) in kinds and label not in labels for label, _, _ in cadences)
        who = joined([the(label) for label in dict.fromkeys(labels)] if split else [f"the {kind}" for kind in kinds])
        several = len(dict.fromkeys(labels)) > 1 and (split or len(kinds) > 1)
        told.append(f"{sentence(who) if labels != [''] else 'The piece'} {_plural(text) if several else text}.")
    return told


def _plural(text: str) -> str:
    """Return a sentence's end for several sections: "closes with" -> "close with"."""
    verb, _, rest = text.partition(" ")
    return f"{verb.removesuffix('s')} {rest}"
