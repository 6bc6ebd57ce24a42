"""What is heard in the music of a file: which track is its melody, which key and chords. Does not know words or songs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note, Score, Track
from engine.music.theory import Key, all_keys

ONE_AT_A_TIME = 0.9  # share of a track's notes that are left when it sounds one note at a time
FEWEST_MELODY_NOTES = 4
MOST_NAMED = 8
TONIC, FIFTH = 0.3, 0.1  # how much more a key is heard by these tones than by others of its scale
FOREIGN_TONE, FOREIGN_CHORD = 0.5, 0.15


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
    if named is not None:
        return _named(score, named.strip(), pitched)
    single = [
        n
        for n in pitched
        if len(score.tracks[n].notes) >= FEWEST_MELODY_NOTES
        and len(melody_line(score.tracks[n])) >= ONE_AT_A_TIME * len(score.tracks[n].notes)
    ]
    if not single:
        raise RequestError(f"no track of this music is a melody, one note at a time; {_ask_for_track(score, pitched)}")
    return max(single, key=lambda n: (bool(score.tracks[n].lyrics), is_melody[n], _mean_pitch(score.tracks[n]), -n))


def _named(score: Score, named: str, pitched: Sequence[int]) -> int:
    if named.isdecimal() and int(named) - 1 in pitched:
        return int(named) - 1
    names = {n: score.tracks[n].name.casefold() for n in pitched}
    wanted = named.casefold()
    found = [n for n in pitched if names[n] == wanted] or [n for n in pitched if wanted and wanted in names[n]]
    if not found:
        raise RequestError(f"there is no track {named[:20]!r} with notes to sing; {_ask_for_track(score, pitched)}")
    return found[0]


def _ask_for_track(score: Score, pitched: Sequence[int]) -> str:
    named = [f"{n + 1} {' '.join(score.tracks[n].name.split())[:20]}".strip() for n in pitched[:MOST_NAMED]]
    return f"name the one that is sung as track: {', '.join(named) or 'it has none with notes'}"


def _mean_pitch(track: Track) -> float:
    return sum(note.pitch for note in track.notes) / len(track.notes)


def heard_key(score: Score) -> Key:
    """Return the key that the file names, or the one whose scale and tonic sound the longest."""
    if score.key_name is not None:
        return Key.parse(score.key_name)
    sounding = _sounding(score, 0, score.length_ticks)

    def strength(key: Key) -> float:
        inside = sum(sounding[pitch_class] for pitch_class in key.scale)
        return inside + TONIC * sounding[key.tonic] + FIFTH * sounding[(key.tonic + 7) % 12]

    return max(all_keys(), key=strength)


def heard_chords(score: Score, key: Key, bar_ticks: int) -> tuple[ChordSpan, ...]:
    """Return a major or minor chord for every bar, the one that most of what sounds belongs to; they fill the length.

    A bar of silence keeps the chord before it; at the beginning it has the tonic's.
    """
    spans: list[ChordSpan] = []
    symbol = key.short
    by_bar = _by_bar(score, bar_ticks)
    for start in range(0, score.length_ticks, bar_ticks):
        sounding = by_bar.get(start // bar_ticks, Counter())
        symbol = _chord(sounding, key) if sounding else symbol
        length = min(bar_ticks, score.length_ticks - start)
        if spans and spans[-1].symbol == symbol:
            spans[-1] = ChordSpan(spans[-1].onset_ticks, spans[-1].duration_ticks + length, symbol)
        else:
            spans.append(ChordSpan(start, length, symbol))
    return tuple(spans)


def _chord(sounding: Counter[int], key: Key) -> str:
    total = sum(sounding.values())

    def strength(chord: tuple[int, str]) -> float:
        root, mode = chord
        tones = {root, (root + (3 if mode else 4)) % 12, (root + 7) % 12}
        inside = sum(sounding[tone] for tone in tones)
        foreign = len(tones - set(key.scale))
        return inside + 0.1 * sounding[root] - FOREIGN_TONE * (total - inside) - FOREIGN_CHORD * foreign * total

    root, mode = max(((root, mode) for root in range(12) for mode in ("", "m")), key=strength)
    return key.spell(root) + mode


def _by_bar(score: Score, bar_ticks: int) -> dict[int, Counter[int]]:
    """Return by bar how many ticks each pitch class begins to sound for, a note counted in the bar of its onset."""
    found: dict[int, Counter[int]] = {}
    for track in score.tracks:
        for note in () if track.is_drum else track.notes:
            found.setdefault(note.onset_ticks // bar_ticks, Counter())[note.pitch % 12] += min(
                note.duration_ticks, bar_ticks
            )
    return found


def _sounding(score: Score, start: int, end: int) -> Counter[int]:
    sounding: Counter[int] = Counter()
    for track in score.tracks:
        for note in () if track.is_drum else track.notes:
            if start <= note.onset_ticks < end:
                sounding[note.pitch % 12] += note.duration_ticks
    return sounding
