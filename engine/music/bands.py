"""Bands: which General MIDI programs play, the names of the patterns they choose from, and how they feel the beat.

Does not know songs, or styles of words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.music.drum_patterns import CHINESE_CYMBAL, CRASH, RIDE, TRIANGLE
from engine.music.groove import SIXTEENTHS, STRAIGHT, Groove

PIANO, BRIGHT_PIANO, ELECTRIC_PIANO, MUSIC_BOX, VIBRAPHONE, DULCIMER = 0, 1, 4, 10, 11, 15
ROCK_ORGAN, CHURCH_ORGAN, REED_ORGAN, ACCORDION, HARMONICA = 18, 19, 20, 21, 22
NYLON_GUITAR, STEEL_GUITAR, JAZZ_GUITAR, CLEAN_GUITAR, OVERDRIVEN_GUITAR, DRIVEN_GUITAR = 24, 25, 26, 27, 29, 30
ACOUSTIC_BASS, FINGERED_BASS, PICKED_BASS, SYNTH_BASS, DEEP_SYNTH_BASS = 32, 33, 34, 38, 39
VIOLIN, CELLO, HARP, STRINGS, SLOW_STRINGS, SYNTH_STRINGS = 40, 42, 46, 48, 49, 50
CHOIR, VOICE, SYNTH_VOICE = 52, 53, 54
TRUMPET, MUTED_TRUMPET, FRENCH_HORN, TENOR_SAX, OBOE, CLARINET, FLUTE, RECORDER = 56, 59, 60, 66, 68, 71, 73, 74
SQUARE_LEAD, SAW_LEAD, WARM_PAD, POLYSYNTH = 80, 81, 89, 90
BANJO, SHAMISEN, KOTO, FIDDLE = 105, 106, 107, 110

# What the second voice does: nothing, answer in the rests of the tune, sing a third or a sixth below it, hold a slow line
# below it, or play the same tune in its own way an octave lower.
Role = Literal["rest", "answers", "thirds", "slow line", "heterophony"]
# Of patterns, from the lighter to the busier: the seed chooses one, repeated sections take the next, the fullest the last.
Names = tuple[str, ...]
Voicing = Literal["close", "power", "pentatonic"]


@dataclass(frozen=True)
class Band:
    """Who plays with the voice, and what.

    Programs: 0-127. Chords and bass are patterns of `patterns.CHORD_PATTERNS` and `bass_lines.BASS_PATTERNS`: quiet ones for
    verses, full ones for choruses. drums, second: by level, from the first verse (0) to the last chorus (3); no names are no
    drums. fills: before a quiet section, and before a full one. overlay: what the drums add at the fullest. opening: the
    cymbal that opens a full section. pad_from: the level from which the pad plays, as it does in bridges. voicing: of chords.
    """

    name: str
    lead_program: int
    chord_program: int
    bass_program: int
    second_program: int
    solo_program: int
    quiet_chords: Names
    full_chords: Names
    quiet_bass: Names
    full_bass: Names
    drums: tuple[Names, Names, Names, Names]
    fills: tuple[str, str]
    second: tuple[Role, Role, Role, Role]
    overlay: str | None = None
    opening: int = CRASH
    pad_program: int | None = None
    pad_from: int = 2
    voicing: Voicing = "close"
    groove: Groove = STRAIGHT


_BANDS = (
    Band(
        "pop", VOICE, PIANO, FINGERED_BASS, CHOIR, CLEAN_GUITAR, ("pulse", "arpeggio"), ("push", "quarters"),
        ("long", "two"), ("push", "eighths"),
        (("soft",), ("side_stick", "soft"), ("backbeat", "backbeat_two"), ("backbeat_two", "backbeat")),
        ("pickup", "toms"), ("rest", "answers", "slow line", "thirds"),
        "tambourine", pad_program=STRINGS,
    ),
    Band(
        "rock", TENOR_SAX, OVERDRIVEN_GUITAR, PICKED_BASS, VOICE, DRIVEN_GUITAR, ("quarters", "pulse"),
        ("push", "eighths"), ("eighths", "two"), ("push", "eighths"),
        (("backbeat",), ("backbeat_two", "backbeat"), ("drive", "drive_two"), ("drive_two", "drive")),
        ("pickup", "toms_two"), ("rest", "answers", "answers", "thirds"),
        "tambourine", pad_program=ROCK_ORGAN, pad_from=3, voicing="power",
    ),
    Band(
        "ballad", VOICE, PIANO, FINGERED_BASS, CELLO, OBOE, ("arpeggio", "rolling"), ("rolling", "quarters"),
        ("long", "lead"), ("two", "lead"),
        ((), ("soft",), ("soft", "side_stick"), ("backbeat",)),
        ("pickup", "toms"), ("rest", "answers", "slow line", "thirds"),
        None, pad_program=SLOW_STRINGS, pad_from=1,
    ),
    Band(
        "folk", FLUTE, STEEL_GUITAR, ACOUSTIC_BASS, VIOLIN, FIDDLE, ("picking", "travis"), ("strum", "strum_two"),
        ("two", "long"), ("two_lead", "two"),
        ((), ("brushes",), ("brushes", "stomp"), ("stomp",)),
        ("brush_fill", "brush_fill_two"), ("rest", "answers", "slow line", "thirds"),
        "shaker", opening=RIDE,
    ),
    Band(
        "waltz", CLARINET, ACCORDION, ACOUSTIC_BASS, VIOLIN, FLUTE, ("after_beat", "after_beat_two"),
        ("after_beat", "after_beat_two"), ("oom", "long"), ("oom", "oom_lead"),
        ((), ("waltz",), ("waltz",), ("waltz_two",)),
        ("brush_fill", "brush_fill_two"), ("rest", "answers", "slow line", "thirds"),
        "tambourine", opening=RIDE, pad_program=STRINGS,
    ),
    Band(
        "hymn", CHOIR, CHURCH_ORGAN, CELLO, VOICE, TRUMPET, ("hymnal",), ("chorale", "chorale_two"), ("two", "quarters"),
        ("two_lead", "quarters"),
        ((), (), ("procession",), ("procession_two",)),
        ("timpani", "timpani"), ("rest", "slow line", "slow line", "thirds"),
        "bell", opening=TRIANGLE, groove=Groove(looseness_ticks=3),
    ),
    Band(
        "lullaby", FLUTE, NYLON_GUITAR, ACOUSTIC_BASS, HARP, OBOE, ("picking", "rolling"), ("rolling", "arpeggio"),
        ("long",), ("long", "two"),
        ((), ("cradle",), ("cradle",), ("cradle_two",)),
        ("shake", "shake"), ("rest", "answers", "slow line", "thirds"),
        "bell", opening=TRIANGLE, pad_program=SLOW_STRINGS,
    ),
    Band(
        "country", FIDDLE, STEEL_GUITAR, ACOUSTIC_BASS, VOICE, BANJO, ("after_beat", "picking"), ("after_beat", "strum"),
        ("two",), ("two_lead", "walk"),
        (("brushes",), ("brushes", "train"), ("train", "train_two"), ("train_two", "train")),
        ("brush_fill", "toms"), ("rest", "answers", "answers", "thirds"),
        "tambourine",
    ),
    Band(
        "blues", HARMONICA, PIANO, ACOUSTIC_BASS, TENOR_SAX, JAZZ_GUITAR, ("pulse", "push"), ("push", "boogie"),
        ("walk",), ("boogie", "walk"),
        (("shuffle_soft",), ("shuffle_soft", "shuffle"), ("shuffle",), ("shuffle_two",)),
        ("pickup", "toms"), ("rest", "answers", "slow line", "answers"),
        None, opening=RIDE, pad_program=ROCK_ORGAN, pad_from=3, groove=Groove(0.6, laid_back_ticks=6),
    ),
    Band(
        "jazz", TENOR_SAX, JAZZ_GUITAR, ACOUSTIC_BASS, VIBRAPHONE, MUTED_TRUMPET, ("charleston", "pulse"),
        ("charleston", "comping"), ("two", "two_lead"), ("walk",),
        (("brushes",), ("brushes", "ride"), ("ride",), ("ride_two",)),
        ("brush_fill", "toms"), ("rest", "answers", "slow line", "thirds"),
        None, opening=RIDE, groove=Groove(0.6, laid_back_ticks=4),
    ),
    Band(
        "bossa nova", FLUTE, NYLON_GUITAR, ACOUSTIC_BASS, VIBRAPHONE, TENOR_SAX, ("gilberto",),
        ("gilberto", "gilberto_two"), ("bossa",), ("bossa", "bossa_lead"),
        (("bossa_soft",), ("bossa_soft", "bossa"), ("bossa",), ("bossa_two",)),
        ("stick_fill", "conga_like"), ("rest", "answers", "slow line", "thirds"),
        None, opening=RIDE, pad_program=SLOW_STRINGS,
    ),
    Band(
        "hip-hop", VOICE, ELECTRIC_PIANO, SYNTH_BASS, CLEAN_GUITAR, VIBRAPHONE, ("keys",), ("keys", "keys_two"),
        ("sub",), ("sub", "sub_two"),
        (("boom_bap_sparse",), ("boom_bap", "boom_bap_sparse"), ("boom_bap_two", "boom_bap"), ("trap_hats",)),
        ("clap_break", "snare_drop"), ("rest", "answers", "answers", "thirds"),
        None, pad_program=SYNTH_STRINGS, groove=Groove(0.56, SIXTEENTHS, 6, 10),
    ),
    Band(
        "electronic", SYNTH_VOICE, POLYSYNTH, DEEP_SYNTH_BASS, SQUARE_LEAD, SAW_LEAD, ("sequence", "off_beat"),
        ("off_beat", "stabs"), ("pedal", "off_beat"), ("off_beat", "rolling"),
        (("heartbeat",), ("half_floor", "heartbeat"), ("four_floor",), ("four_floor_two",)),
        ("clap_break", "snare_build"), ("rest", "answers", "slow line", "thirds"),
        "ride", pad_program=WARM_PAD, pad_from=1, groove=Groove(looseness_ticks=1),
    ),
    Band(
        "chinese", FIDDLE, KOTO, CELLO, SHAMISEN, FLUTE, ("guzheng",), ("guzheng", "guzheng_two"), ("long", "two"),
        ("two", "two_lead"),
        ((), ("temple",), ("wood_blocks",), ("festival", "festival_two")),
        ("block_turn", "block_roll"), ("rest", "heterophony", "heterophony", "heterophony"),
        None, opening=CHINESE_CYMBAL, voicing="pentatonic",
    ),
)  # fmt: skip
BANDS: dict[str, Band] = {band.name: band for band in _BANDS}
