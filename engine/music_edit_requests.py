"""Requests that change music: continue, harmonise, new melody, remix, infill, re-arrange, other instruments, humanise.

They work on songs and on any MIDI file. Knows as little as `engine.contract`, whose fields and rules these are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from engine.contract import (
    PARTS,
    STYLES,
    MusicEditRequest,
    option,
)

MORE_BARS_RANGE = (1, 32)
AMOUNT_RANGE = (10, 100)
BLEND_STEPS_RANGE = (3, 7)  # Discord takes ten files: a melody each, and the whole with its sound and picture
HARMONIES = ("band", "chords", "choir")
REMIXES = ("pitch", "rhythm")

_BARS = option("which bars, e.g. 5-8, 9, or 5- to the end; all if not said")
_TRACK = option("the track meant, by number or name; the melody if not said")
_AMOUNT = option("how far to go: 10-100 percent of the notes", shown_range=AMOUNT_RANGE)


class ContinueMusicRequest(MusicEditRequest):
    """More bars after the last: every track goes on; what is there stays as it is."""

    kind: Literal["extend"] = "extend"
    bars: Annotated[int, option("how many bars more, 1-32", shown_range=MORE_BARS_RANGE, positional=True)] = 8


class HarmonizeRequest(MusicEditRequest):
    """New chords under a melody that stays: for the band, as block chords, or as a choir of four parts."""

    kind: Literal["harmonize"] = "harmonize"
    voices: Annotated[
        str,
        option("band plays new chords, chords adds block chords, choir adds alto, tenor and bass", choices=HARMONIES),
    ] = "band"
    bars: Annotated[str | None, _BARS] = None
    track: Annotated[str | None, _TRACK] = None


class NewMelodyRequest(MusicEditRequest):
    """A new melody over the chords that are there; every other track stays."""

    kind: Literal["melody"] = "melody"
    bars: Annotated[str | None, _BARS] = None
    track: Annotated[str | None, _TRACK] = None


class RemixRequest(MusicEditRequest):
    """The same rhythm with other pitches, or the same pitches in another rhythm; every other track stays."""

    kind: Literal["remix"] = "remix"
    what: Annotated[
        str, option("pitch keeps the rhythm, rhythm keeps the order of pitches", choices=REMIXES, positional=True)
    ] = "pitch"
    bars: Annotated[str | None, _BARS] = None
    amount: Annotated[int, _AMOUNT] = 100
    track: Annotated[str | None, _TRACK] = None


class InfillRequest(MusicEditRequest):
    """Some bars written anew so that they lead from what is before to what comes after; all else stays."""

    kind: Literal["infill"] = "infill"
    bars: Annotated[str, option("which bars, e.g. 5-8 or 9", positional=True)]
    track: Annotated[str | None, option("one track alone, by number or name; all but the drums if not said")] = None


class ArrangeRequest(MusicEditRequest):
    """The same melody and chords with the band of another style."""

    kind: Literal["arrange"] = "arrange"
    style: Annotated[
        str,
        option(
            "pop, rock, ballad, folk, waltz, jazz, bossa nova, hip-hop, chinese ...", choices=STYLES, positional=True
        ),
    ]
    track: Annotated[str | None, _TRACK] = None


class InstrumentRequest(MusicEditRequest):
    """The same notes on another instrument."""

    kind: Literal["instrument"] = "instrument"
    instrument: Annotated[
        str, option("what plays instead: a General MIDI name such as flute", suggest="programs", positional=True)
    ]
    part: Annotated[
        str | None,
        option("melody, second voice, solo, chords, bass or pad; the melody if not said", choices=PARTS[:-1]),
    ] = None
    track: Annotated[str | None, option("or the track meant, by number or name")] = None


class HumanizeRequest(MusicEditRequest):
    """The same notes played less evenly: a little early or late, a little louder or softer."""

    kind: Literal["humanize"] = "humanize"
    amount: Annotated[int, option("how far to go: 10-100 percent", shown_range=AMOUNT_RANGE)] = 50
    bars: Annotated[str | None, _BARS] = None


class BlendRequest(MusicEditRequest):
    """The way from the melody of one song to that of another, by melodies in between."""

    kind: Literal["blend"] = "blend"
    other: Annotated[str, option("the song to end with", "to", suggest="songs")]
    steps: Annotated[
        int,
        option("how many melodies with the first and the last, 3-7", shown_range=BLEND_STEPS_RANGE, positional=True),
    ] = 5
    bars: Annotated[
        int | None,
        option("how many bars of 4/4 of each: 2, 4, 8 or 16; as many as both have if not said", shown_range=(2, 16)),
    ] = None
