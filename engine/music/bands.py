"""Bands: which General MIDI programs play, and the names of the patterns they choose from.

Does not know songs, or styles of words.
"""

from __future__ import annotations

from dataclasses import dataclass

PIANO, ELECTRIC_PIANO, MUSIC_BOX, VIBRAPHONE = 0, 4, 10, 11
CHURCH_ORGAN, REED_ORGAN, ACCORDION, HARMONICA = 19, 20, 21, 22
NYLON_GUITAR, STEEL_GUITAR, JAZZ_GUITAR, CLEAN_GUITAR, DRIVEN_GUITAR = 24, 25, 26, 27, 29
ACOUSTIC_BASS, FINGERED_BASS, PICKED_BASS = 32, 33, 34
FIDDLE, CELLO, HARP, STRINGS, SLOW_STRINGS, CHOIR, VOICE = 40, 42, 46, 48, 49, 52, 53
TENOR_SAX, CLARINET, FLUTE = 66, 71, 73


@dataclass(frozen=True)
class Band:
    """Who plays with the voice.

    Programs: 0-127. Patterns are names in `patterns.CHORD_PATTERNS`, `BASS_PATTERNS` and `DRUM_PATTERNS`; of several
    the seed chooses one per song. Quiet ones are for verses and intros, full ones for choruses. drums: None plays none.
    pad_program sounds long chords in choruses and bridges; None is no pad.
    """

    name: str
    lead_program: int
    chord_program: int
    bass_program: int
    quiet_chords: tuple[str, ...]
    full_chords: tuple[str, ...]
    quiet_bass: tuple[str, ...]
    full_bass: tuple[str, ...]
    quiet_drums: str | None = None
    full_drums: str | None = None
    pad_program: int | None = None


_BANDS = (
    Band(
        "pop",
        VOICE,
        PIANO,
        FINGERED_BASS,
        ("pulse", "arpeggio"),
        ("push", "quarters"),
        ("long", "two"),
        ("eighths", "push"),
        "soft",
        "backbeat",
        STRINGS,
    ),
    Band(
        "rock",
        TENOR_SAX,
        DRIVEN_GUITAR,
        PICKED_BASS,
        ("quarters", "pulse"),
        ("eighths", "push"),
        ("eighths",),
        ("eighths", "push"),
        "backbeat",
        "drive",
        None,
    ),
    Band(
        "ballad",
        VOICE,
        PIANO,
        FINGERED_BASS,
        ("arpeggio", "rolling"),
        ("rolling", "quarters"),
        ("long",),
        ("two", "long"),
        None,
        "soft",
        SLOW_STRINGS,
    ),
    Band(
        "folk",
        FLUTE,
        STEEL_GUITAR,
        ACOUSTIC_BASS,
        ("picking", "arpeggio"),
        ("strum",),
        ("two", "long"),
        ("two",),
        None,
        "brushes",
        None,
    ),
    Band(
        "waltz",
        CLARINET,
        ACCORDION,
        ACOUSTIC_BASS,
        ("after_beat",),
        ("after_beat", "quarters"),
        ("long", "two"),
        ("two",),
        None,
        "brushes",
        STRINGS,
    ),
    Band("hymn", CHOIR, CHURCH_ORGAN, CELLO, ("hymnal",), ("hymnal", "quarters"), ("quarters", "two"), ("quarters",)),
    Band(
        "lullaby",
        FLUTE,
        NYLON_GUITAR,
        ACOUSTIC_BASS,
        ("picking", "arpeggio"),
        ("rolling", "picking"),
        ("long",),
        ("long", "two"),
        None,
        None,
        SLOW_STRINGS,
    ),
    Band(
        "country",
        FIDDLE,
        STEEL_GUITAR,
        ACOUSTIC_BASS,
        ("after_beat", "picking"),
        ("strum", "after_beat"),
        ("two",),
        ("two", "walk"),
        "brushes",
        "train",
        None,
    ),
    Band(
        "blues",
        HARMONICA,
        PIANO,
        ACOUSTIC_BASS,
        ("pulse", "push"),
        ("quarters", "push"),
        ("walk",),
        ("walk",),
        "brushes",
        "backbeat",
        None,
    ),
    Band(
        "jazz",
        TENOR_SAX,
        JAZZ_GUITAR,
        ACOUSTIC_BASS,
        ("charleston", "pulse"),
        ("charleston", "quarters"),
        ("two",),
        ("walk",),
        "brushes",
        "ride",
        None,
    ),
)
BANDS: dict[str, Band] = {band.name: band for band in _BANDS}
