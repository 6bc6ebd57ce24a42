"""Whether an edit kept all that it does not name: METRICS section 6, as laws on the event lists before and after.

Does not know models, or how an edit is made. A law yields a sentence for each thing that it finds changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.music.bars import bars_of
from engine.music.score import Note, Score, Track
from engine.song.humanize import MOST_TICKS
from engine.song.piece_of_score import moments_of


@dataclass(frozen=True)
class Edit:
    """Music before and after an edit. lead: the track that it names. start, end: its bars, in ticks.

    alone: whether it names that track alone.
    """

    kind: str
    before: Score
    after: Score
    lead: int
    start: int
    end: int
    alone: bool = False

    def is_outside(self, note: Note) -> bool:
        return not self.start <= note.onset_ticks < self.end

    @property
    def lead_before(self) -> Track:
        return self.before.tracks[self.lead]

    @property
    def lead_after(self) -> Track:
        return self.after.tracks[self.lead]


Law = Callable[[Edit], Iterator[str]]


def broken(edit: Edit) -> list[str]:
    """Return a sentence for everything that the edit changed without naming it; none where METRICS 6 holds."""
    return [sentence for law in LAWS[edit.kind] for sentence in law(edit)]


def _same(what: str, before: Any, after: Any) -> Iterator[str]:
    if before != after:
        yield f"{what} changed"


def _frame(edit: Edit) -> Iterator[str]:
    """Tempos, time signatures, key and title stay; markers and length as well, but where music is added."""
    before, after = edit.before, edit.after
    yield from _same("tempos", before.tempos, after.tempos)
    yield from _same("time signatures", before.time_signatures, after.time_signatures)
    yield from _same("the key", before.key_name, after.key_name)
    yield from _same("the title", before.title, after.title)
    if edit.kind == "extend":
        yield from _same("markers", before.markers, after.markers[: len(before.markers)])
        return
    yield from _same("markers", before.markers, after.markers)
    yield from _same("the length", before.length_ticks, after.length_ticks)


def _names(edit: Edit) -> Iterator[str]:
    """Every track keeps its place, name, instrument and words."""
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        yield from _same(f"track {n + 1}", (a.name, a.program, a.is_drum), (b.name, b.program, b.is_drum))
        if edit.kind not in ("remix rhythm", "humanize"):
            yield from _same(f"words of track {n + 1}", a.lyrics, b.lyrics)
    if len(edit.after.tracks) < len(edit.before.tracks):
        yield "a track went"


def _others(edit: Edit) -> Iterator[str]:
    """No other track changes."""
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        if n != edit.lead:
            yield from _same(f"track {n + 1}", sorted(a.notes), sorted(b.notes))


def _outside(edit: Edit) -> Iterator[str]:
    """In every track the notes that begin outside the bars stay."""
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        kept = [sorted(filter(edit.is_outside, track.notes)) for track in (a, b)]
        yield from _same(f"track {n + 1} outside the bars", *kept)


def _outside_of_all(edit: Edit) -> Iterator[str]:
    """The notes that begin outside the bars stay, whatever tracks come and go."""
    kept = [
        Counter((t.name, t.is_drum, n) for t in score.tracks for n in t.notes if edit.is_outside(n))
        for score in (edit.before, edit.after)
    ]
    yield from _same("music outside the bars", *kept)


def _lead(edit: Edit) -> Iterator[str]:
    """The melody's track stays whole."""
    yield from _same("the melody", edit.lead_before, edit.lead_after)


def _drums(edit: Edit) -> Iterator[str]:
    yield from _same("drums", _drums_of(edit.before), _drums_of(edit.after))


def _drums_of(score: Score) -> list[tuple[str, list[Note]]]:
    return [(track.name, sorted(track.notes)) for track in score.tracks if track.is_drum and track.notes]


def _rhythm(edit: Edit) -> Iterator[str]:
    """Every onset, duration and velocity of the melody stays."""
    yield from _same("the rhythm", _timing(edit.lead_before.notes), _timing(edit.lead_after.notes))


def _timing(notes: Iterable[Note]) -> list[tuple[int, int, int]]:
    return sorted((note.onset_ticks, note.duration_ticks, note.velocity) for note in notes)


def _pitch_order(edit: Edit) -> Iterator[str]:
    """Pitches and velocities come in the order in which they came, each in the bar in which it was, words with them."""
    before, after = edit.lead_before, edit.lead_after
    yield from _same(
        "the order of pitches", [n.pitch for n in sorted(before.notes)], [n.pitch for n in sorted(after.notes)]
    )
    loud = [[note.velocity for moment in moments_of(t) for note in moment.notes] for t in (before, after)]
    yield from _same("loudness", *loud)
    starts = [bar.onset_ticks for bar in bars_of(edit.before)]
    inside = [Counter(_bar(starts, note.onset_ticks) for note in track.notes) for track in (before, after)]
    yield from _same("the number of notes in a bar", *inside)
    yield from _same("words", [w.text for w in before.lyrics], [w.text for w in after.lyrics])
    yield from _same("the notes that words are sung to", _sung(before), _sung(after))


def _bar(starts: list[int], tick: int) -> int:
    return bisect_right(starts, tick)


def _sung(track: Track) -> list[int | None]:
    """Return which moment of a track each word begins with."""
    places = {moment.onset_ticks: n for n, moment in enumerate(moments_of(track))}
    return [places.get(word.onset_ticks) for word in track.lyrics if word.onset_ticks in places]


def _beginning(edit: Edit) -> Iterator[str]:
    """All that there was is there, and what is new begins after it."""
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        yield from _same(
            f"track {n + 1}", sorted(a.notes), sorted(note for note in b.notes if note.onset_ticks < edit.end)
        )


def _all_notes(edit: Edit) -> Iterator[str]:
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        yield from _same(f"notes of track {n + 1}", a.notes, b.notes)
        yield from _same(f"words of track {n + 1}", a.lyrics, b.lyrics)


def _order(edit: Edit) -> Iterator[str]:
    """Notes that begin together still do, in the order in which they did, none moved by more than a little."""
    for n, (a, b) in enumerate(zip(edit.before.tracks, edit.after.tracks, strict=False)):
        old, new = moments_of(a), moments_of(b)
        pitches = [[[note.pitch for note in moment.notes] for moment in moments] for moments in (old, new)]
        yield from _same(f"the order of notes of track {n + 1}", *pitches)
        if any(abs(x.onset_ticks - y.onset_ticks) > MOST_TICKS for x, y in zip(old, new, strict=False)):
            yield f"a note of track {n + 1} moved too far"
        yield from _same(f"the notes that words of track {n + 1} are sung to", _sung(a), _sung(b))


def _ticks(edit: Edit) -> Iterator[str]:
    yield from _same("tracks", edit.before.tracks, edit.after.tracks)
    yield from _same("markers", edit.before.markers, edit.after.markers)


def _named_alone(edit: Edit) -> Iterator[str]:
    if edit.alone:
        yield from _others(edit)


def _whole(edit: Edit) -> Iterator[str]:
    yield from _same("the music", edit.before, edit.after)


LAWS: dict[str, tuple[Law, ...]] = {
    "extend": (_frame, _beginning, _names),
    "harmonize": (_frame, _lead, _drums, _outside_of_all),
    "melody": (_frame, _names, _others, _outside),
    "remix pitch": (_frame, _names, _others, _outside, _rhythm),
    "remix rhythm": (_frame, _names, _others, _outside, _pitch_order),
    "infill": (_frame, _names, _drums, _outside, _named_alone),
    "arrange": (_frame, _lead),
    "instrument": (_frame, _all_notes),
    "humanize": (_frame, _names, _outside, _order),
    "tempo": (_ticks,),
    "transpose and back": (_whole,),
}
