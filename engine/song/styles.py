"""The styles of songs: their forms, metres, tempos, keys, chords and bands. Does not know what a person asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import RequestError
from engine.music.bands import BANDS, Band
from engine.music.theory import Mode
from engine.song import progressions
from engine.song.progressions import Palette

LyricKind = Literal["song", "hymn", "ballad", "nursery", "poem"]

BARS_PER_LINE: Mapping[str, int] = {"4/4": 2, "3/4": 4, "6/8": 2, "2/4": 4}


@dataclass(frozen=True)
class Style:
    """What a song is like where the person who asked left it open.

    time_signatures: the seed chooses one; a signature listed twice is twice as likely. tempo_range_qpm: quarter notes
    per minute in 2/4, 3/4 and 4/4. compound_tempo_range_qpm: the same in 6/8, where the pulse is a dotted quarter.
    form: letters V verse, P pre-chorus, C chorus, B bridge. rhyme and syllables: for verse, chorus and bridge; the
    bridge's also serve the pre-chorus. intro_bars, outro_bars: to choose from. lyric_kind: the kind of training text
    that the lyric model imitates. archaic: whether thee and thou may be sung. raps: sections that are rapped in 4/4.
    """

    name: str
    description: str
    time_signatures: tuple[str, ...]
    tempo_range_qpm: tuple[int, int]
    form: str
    rhyme: tuple[str, str, str]
    syllables: tuple[str, str, str]
    keys: tuple[str, ...]
    palettes: Mapping[Mode, Palette]
    band: Band
    lyric_kind: LyricKind
    compound_tempo_range_qpm: tuple[int, int] = (84, 108)
    intro_bars: tuple[int, ...] = (4,)
    outro_bars: tuple[int, ...] = (4,)
    archaic: bool = False
    bars_per_line: Mapping[str, int] = field(default_factory=lambda: BARS_PER_LINE)
    raps: tuple[str, ...] = ()

    def is_rapped(self, kind: str, time_signature: str) -> bool:
        """Tell whether sections of a kind, such as "verse", are rapped in a time signature."""
        return kind in self.raps and time_signature == "4/4"

    def tempo_range(self, time_signature: str) -> tuple[int, int]:
        """Return the slowest and fastest usual tempo in quarter notes per minute."""
        return self.compound_tempo_range_qpm if time_signature == "6/8" else self.tempo_range_qpm


_STYLES = (
    Style(
        "pop",
        "verse and chorus over four chords, with a backbeat",
        ("4/4",),
        (96, 120),
        "VCVCBC",
        ("ABAB", "AABB", "AABB"),
        ("8,7,8,7", "7,7,7,7", "8,8,8,8"),
        ("C major", "G major", "D major", "F major", "A major", "A minor", "E minor"),
        progressions.POP,
        BANDS["pop"],
        "song",
        (84, 104),
        (2, 4),
        (2, 4),
    ),
    Style(
        "rock",
        "driven guitars and drums",
        ("4/4",),
        (112, 144),
        "VCVCBC",
        ("AABB", "ABAB", "AABB"),
        ("8,8,8,8", "7,7,7,7", "8,8,8,8"),
        ("E major", "A major", "D major", "G major", "E minor", "A minor", "B minor"),
        progressions.ROCK,
        BANDS["rock"],
        "song",
        (96, 126),
        (4,),
        (2, 4),
    ),
    Style(
        "ballad",
        "a slow song that tells a story",
        ("4/4", "4/4", "6/8"),
        (66, 84),
        "VCVC",
        ("XAXA", "AABB", "AABB"),
        ("8,6,8,6", "8,8,8,8", "8,8,8,8"),
        ("C major", "G major", "F major", "Bb major", "D minor", "A minor", "E minor"),
        progressions.POP,
        BANDS["ballad"],
        "ballad",
        (78, 96),
        (2, 4),
        (2, 4),
    ),
    Style(
        "folk",
        "plain tunes with a picked guitar",
        ("4/4", "4/4", "3/4", "2/4"),
        (92, 120),
        "VCVCVC",
        ("XAXA", "AABB", "AABB"),
        ("8,7,8,7", "7,6,7,6", "8,7,8,7"),
        ("G major", "D major", "C major", "A major", "D minor", "A minor", "E minor"),
        progressions.FOLK,
        BANDS["folk"],
        "song",
        (90, 120),
        (2, 4),
        (2,),
    ),
    Style(
        "waltz",
        "three beats to the bar, for dancing",
        ("3/4",),
        (116, 152),
        "VCVC",
        ("ABAB", "AABB", "AABB"),
        ("8,7,8,7", "8,8,8,8", "8,8,8,8"),
        ("F major", "G major", "C major", "D major", "Bb major", "A minor", "D minor"),
        progressions.FOLK,
        BANDS["waltz"],
        "song",
        (90, 120),
        (4,),
        (4,),
    ),
    Style(
        "hymn",
        "four-line stanzas over an organ",
        ("4/4", "4/4", "3/4"),
        (80, 100),
        "VVVV",
        ("ABAB", "ABAB", "ABAB"),
        ("8,6,8,6", "8,6,8,6", "8,6,8,6"),
        ("G major", "F major", "D major", "Eb major", "C major", "Bb major", "E minor", "D minor"),
        progressions.HYMNAL,
        BANDS["hymn"],
        "hymn",
        (80, 100),
        (2, 4),
        (2,),
        archaic=True,
    ),
    Style(
        "lullaby",
        "soft and rocking, to sleep to",
        ("3/4", "6/8", "6/8"),
        (84, 104),
        "VCVC",
        ("AABB", "AABB", "AABB"),
        ("7,7,7,7", "6,6,6,6", "7,7,7,7"),
        ("C major", "F major", "G major", "D major", "A minor", "D minor"),
        progressions.CRADLE,
        BANDS["lullaby"],
        "nursery",
        (72, 90),
        (2, 4),
        (2, 4),
    ),
    Style(
        "country",
        "a story with a train beat and fiddle",
        ("4/4", "4/4", "2/4"),
        (100, 132),
        "VCVCBC",
        ("AABB", "AABB", "AABB"),
        ("8,8,8,8", "7,7,7,7", "8,8,8,8"),
        ("G major", "D major", "A major", "C major", "E major"),
        progressions.COUNTRY,
        BANDS["country"],
        "song",
        (96, 120),
        (4,),
        (2, 4),
    ),
    Style(
        "blues",
        "three lines over twelve bars",
        ("4/4",),
        (84, 116),
        "VVVV",
        ("AAA", "AAA", "AAA"),
        ("9,9,9", "9,9,9", "9,9,9"),
        ("E major", "A major", "G major", "C major", "A minor"),
        progressions.BLUES,
        BANDS["blues"],
        "song",
        (84, 108),
        (4,),
        (4,),
        bars_per_line={"4/4": 4, "3/4": 4, "6/8": 4, "2/4": 4},
    ),
    Style(
        "jazz",
        "a standard with walking bass",
        ("4/4", "4/4", "3/4"),
        (100, 144),
        "VVBV",
        ("AABB", "AABB", "ABAB"),
        ("8,8,8,8", "8,8,8,8", "8,8,8,8"),
        ("F major", "Bb major", "Eb major", "C major", "G major", "C minor", "D minor", "G minor"),
        progressions.JAZZ,
        BANDS["jazz"],
        "song",
        (90, 120),
        (4,),
        (4,),
    ),
    Style(
        "bossa nova",
        "soft Brazilian swing with a guitar",
        ("4/4",),
        (112, 138),
        "VCVC",
        ("AABB", "ABAB", "ABAB"),
        ("8,8,8,8", "8,8,8,8", "8,8,8,8"),
        ("F major", "C major", "D major", "Bb major", "G major", "D minor", "A minor"),
        progressions.BOSSA,
        BANDS["bossa nova"],
        "song",
        (90, 120),
        (4,),
        (4,),
    ),
    Style(
        "hip-hop",
        "rapped verses and a sung hook over a deep bass and a backbeat",
        ("4/4",),
        (82, 98),
        "VCVCBC",
        ("AABBCCDD internal", "AABB", "AABB"),
        (",".join(["9-12"] * 8), "7,7,7,7", "8,8,8,8"),
        ("A minor", "E minor", "D minor", "G minor", "C minor", "F major", "C major"),
        progressions.HIP_HOP,
        BANDS["hip-hop"],
        "song",
        (84, 100),
        (2, 4),
        (2, 4),
        raps=("verse",),
    ),
    Style(
        "electronic",
        "synthesisers over four beats of the bass drum",
        ("4/4",),
        (116, 130),
        "VPCVPCBC",
        ("AABB", "ABAB", "AABB"),
        ("8,7,8,7", "7,7,7,7", "7,7,7,7"),
        ("A minor", "E minor", "D minor", "F minor", "G minor", "C major", "F major"),
        progressions.ELECTRONIC,
        BANDS["electronic"],
        "song",
        (96, 120),
        (4,),
        (4,),
    ),
    Style(
        "chinese",
        "a tune of five tones with erhu, guzheng, pipa and dizi",
        ("4/4", "4/4", "2/4"),
        (72, 96),
        "VCVC",
        ("XAXA", "AABB", "AABB"),
        ("7,7,7,7", "7,7,7,7", "8,7,8,7"),
        ("G major", "D major", "F major", "C major", "Bb major", "A minor", "E minor"),
        progressions.CHINESE,
        BANDS["chinese"],
        "song",
        (78, 96),
        (4,),
        (2, 4),
    ),
)
STYLES: dict[str, Style] = {style.name: style for style in _STYLES}
# Names that people write for one of the styles, without spaces and hyphens.
_ALSO = {
    "bossa": "bossa nova", "electro": "electronic", "electronica": "electronic", "edm": "electronic",
    "rap": "hip-hop", "chinesetraditional": "chinese", "traditionalchinese": "chinese",
}  # fmt: skip


def find_style(name: str) -> Style:
    """Return the style of a name, in any case, with or without spaces and hyphens; RequestError names the nearest and all."""
    wanted = name.strip().lower()
    if found := style_called(wanted):
        return STYLES[found]
    near = difflib.get_close_matches(wanted, STYLES, n=2, cutoff=0.5)
    meant = f"did you mean {' or '.join(near)}? Known styles" if near else "known styles"
    raise RequestError(f"style {_shorten(name)!r} is unknown; {meant}: {', '.join(STYLES)}")


def style_called(name: str) -> str | None:
    """Return the name of the style that is meant by "hip hop", "HipHop" or "bossa-nova"; None if there is none."""
    wanted = _joined(name)
    return next((style for style in STYLES if _joined(style) == wanted), _ALSO.get(wanted))


def _joined(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lower())


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
