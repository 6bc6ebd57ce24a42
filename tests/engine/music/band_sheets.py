"""Lead sheets for the tests of the band: whole songs with repeated sections, rests in the tune, and shared bars."""

from __future__ import annotations

from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.score import Score, TimeSignature, Track

SIGNATURES = {str(signature): signature for signature in map(TimeSignature, (4, 3, 6, 2), (4, 4, 8, 4))}
SYMBOLS = ("C", "Am7", "F", "G7/B", "Dm9", "Bdim", "E7", "C")
SECTIONS = (("Intro", 2), ("Verse 1", 8), ("Pre-Chorus", 2), ("Chorus", 8), ("Verse 2", 8), ("Chorus", 8),
            ("Instrumental", 8), ("Bridge", 4), ("Chorus", 8), ("Outro", 4))  # fmt: skip
UNSUNG = frozenset({"Intro", "Instrumental", "Outro"})
_TUNE = (0, 2, 4, 2, 5, 4, 2, -1)  # semitones from the lowest pitch, within C major from C or G


def lead_sheet(
    signature: TimeSignature, *, shared_bars: bool = False, low_pitch: int = 67, sections: tuple = SECTIONS
) -> LeadSheet:
    """Return a song whose sung sections have phrases of two bars, the second of which ends in a rest of half a bar.

    shared_bars gives each bar two chords. The tune of a kind of section is the same whenever it comes.
    """
    bar = signature.bar_ticks
    spans, chords, notes, onset = [], [], [], 0
    for label, bars in sections:
        spans.append(SectionSpan(label, onset, bars * bar))
        for index in range(bars):
            chords += _bar_chords(signature, onset + index * bar, index, shared=shared_bars)
            if label not in UNSUNG:
                notes += _bar_notes(signature, onset + index * bar, index, low_pitch)
        onset += bars * bar
    return LeadSheet("Song", "C major", signature, 100.0, onset, tuple(notes), tuple(chords), tuple(spans))


def _bar_chords(signature: TimeSignature, onset: int, index: int, *, shared: bool) -> list[ChordSpan]:
    bar = signature.bar_ticks
    first = -(-signature.numerator // 2) * signature.beat_ticks if shared else bar
    chords = [ChordSpan(onset, first, SYMBOLS[index % len(SYMBOLS)])]
    if first < bar:
        chords.append(ChordSpan(onset + first, bar - first, SYMBOLS[(index + 3) % len(SYMBOLS)]))
    return chords


def _bar_notes(signature: TimeSignature, onset: int, index: int, low_pitch: int) -> list[SungNote]:
    quarter = signature.bar_ticks // 4
    played = (0, 1, 2, 3) if index % 2 == 0 else (0, 1)  # every other bar ends in a rest
    syllable = SungSyllable("la", index % 2, "single", 0)
    return [
        SungNote(onset + n * quarter, quarter, low_pitch + _TUNE[(index * 3 + n) % len(_TUNE)], syllable)
        for n in played
    ]


def track(score: Score, name: str) -> Track:
    """Return the track of a name; one without notes if the score has none."""
    return next((track for track in score.tracks if track.name == name), Track(name, 0, ()))


def accompaniment(score: Score) -> list[Track]:
    """Return every track but the melody."""
    return [track for track in score.tracks if track.name != "Melody"]
