"""What is heard in the music of a file: which track is its melody, which key and chords. Does not know words or songs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.errors import RequestError
from engine.music.chord_finding import find_chords
from engine.music.key_finding import key_of_score
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note, Score, Track
from engine.music.theory import NO_CHORD, Key

# Share of a track's notes that are left when it sounds one note at a time; the second, with double stops, if no track has
# the first.
ONE_AT_A_TIME = (0.9, 0.75)
# Names of tracks that are, and are not, the melody: in English, German, French, Italian, Spanish, Chinese and Japanese.
MELODY_NAMES = (
    r"m[eé]lod|voice|vocal|\bvox\b|\blead\b|\bsing|\btune\b|sopran|gesang|stimme|chant|canto|\bvoz\b"
    r"|旋律|主唱|人声|歌|メロディ|ボーカル"
)
OTHER_NAMES = (
    r"back|second voice|choir|chor|bass|basso|bajo|\bpad\b|drum|accomp|begleit|acomp|harmon|\balto|\btenor"
    r"|伴奏|和弦|和声|贝斯|鼓|コード|ベース|ドラム"
)
FEWEST_MELODY_NOTES = 4
MOST_NAMED = 8


def melody_line(track: Track) -> tuple[Note, ...]:
    """Return a track as one voice: of notes that begin together the highest, each ended where the next begins."""
    highest: dict[int, Note] = {}
    for note in track.notes:
        if note.onset_ticks not in highest or note.pitch > highest[note.onset_ticks].pitch:
            highest[note.onset_ticks] = note
    line = [highest[onset] for onset in sorted(highest)]
    ends = [note.onset_ticks for note in line[1:]] + [line[-1].end_ticks] if line else []
    return tuple(
        Note(n.onset_ticks, n.pitch, min(n.duration_ticks, end - n.onset_ticks), n.velocity)
        for n, end in zip(line, ends, strict=True)
    )


def find_melody(score: Score, named: str | None, is_melody: Sequence[bool]) -> int:
    """Return which track is the melody. named: its number from 1, or its name; is_melody: what names and words say.

    RequestError where no track sounds one note at a time, or none is called so; it lists the tracks.
    """
    pitched = [n for n, track in enumerate(score.tracks) if track.notes and not track.is_drum]
    if not pitched:
        raise RequestError("this music has no notes with a pitch, drums at most; choose music that has a melody")
    if named is not None:
        return named_track(score, named, pitched)
    singable = [n for n in pitched if len(score.tracks[n].notes) >= FEWEST_MELODY_NOTES]
    for share in ONE_AT_A_TIME:
        single = [n for n in singable if len(melody_line(score.tracks[n])) >= share * len(score.tracks[n].notes)]
        if single:
            return max(single, key=lambda n: (_octaves_of_evidence(score.tracks[n], is_melody[n]), -n))
    raise RequestError(f"no track of this music is a melody, one note at a time; {_ask_for_track(score, pitched)}")


def _octaves_of_evidence(track: Track, is_melody: bool) -> float:
    """Return how high a track lies, with words and names counted as so many octaves more: the melody lies highest.

    What names and programs say is believed less than words, for a cello may play the bass and a choir the tune.
    """
    name = track.name.casefold()
    named = (re.search(MELODY_NAMES, name) is not None) - (re.search(OTHER_NAMES, name) is not None)
    return _mean_pitch(track) / 12 + 20 * bool(track.lyrics) + 10 * named + 0.5 * is_melody


def named_track(score: Score, named: str, among: Sequence[int]) -> int:
    """Return which of some tracks is meant by a number from 1 or a name; RequestError, which lists them, if none is."""
    named = named.strip()
    if named.isdecimal() and int(named) - 1 in among:
        return int(named) - 1
    names = {n: score.tracks[n].name.casefold() for n in among}
    wanted = named.casefold()
    found = [n for n in among if names[n] == wanted] or [n for n in among if wanted and wanted in names[n]]
    if not found:
        raise RequestError(f"there is no track {named[:20]!r} that this can work on; {_ask_for_track(score, among)}")
    return found[0]


def _ask_for_track(score: Score, among: Sequence[int]) -> str:
    named = [f"{n + 1} {' '.join(score.tracks[n].name.split())[:20]}".strip() for n in among[:MOST_NAMED]]
    more = " ..." if len(among) > MOST_NAMED else ""
    return f"name the one that is meant as track: {', '.join(named)}{more}"


def _mean_pitch(track: Track) -> float:
    return sum(note.pitch for note in track.notes) / len(track.notes)


def heard_key(score: Score) -> Key:
    """Return the key that the file names, or the one that its notes are most likely in."""
    return Key.parse(score.key_name) if score.key_name is not None else key_of_score(score)


def heard_chords(score: Score, key: Key, bar_ticks: int) -> tuple[ChordSpan, ...]:
    """Return the chords of all that sounds, spelled in the key; they fill the length.

    A rest shorter than a bar keeps the chord before it; where nothing sounds for longer, the symbol is "N.C.".
    """
    spans: list[ChordSpan] = []
    for span in find_chords(score, key):
        is_short_rest = span.symbol == NO_CHORD and span.duration_ticks < bar_ticks
        if spans and (is_short_rest or span.symbol == spans[-1].symbol):
            before = spans.pop()
            span = ChordSpan(before.onset_ticks, before.duration_ticks + span.duration_ticks, before.symbol)
        spans.append(span)
    return tuple(spans)
