"""The verbs: what can be asked of the engine, each declared once.

A verb becomes a slash command, a subcommand of the terminal and the kind of a job by being in `VERBS`, and a button
under every song by its shortcuts. Its options are the fields of its request. Knows nothing of how a verb is carried
out: `make` names the function, imported at the first call.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from engine.contract import (
    ContinueRequest,
    EditRequest,
    InsertRequest,
    LyricRequest,
    MusicRequest,
    MuteRequest,
    Request,
    RewriteRequest,
    SingRequest,
    SongRequest,
    TempoRequest,
    TransposeRequest,
    VerseRequest,
    WordsForRequest,
    WordsRequest,
)
from engine.file_requests import ExplainRequest, ExportRequest
from engine.music_edit_requests import (
    ArrangeRequest,
    BlendRequest,
    ContinueMusicRequest,
    HarmonizeRequest,
    HumanizeRequest,
    InfillRequest,
    InstrumentRequest,
    NewMelodyRequest,
    RemixRequest,
)

if TYPE_CHECKING:
    from engine.song.making import MadeSong, Making


@dataclass(frozen=True)
class Shortcut:
    """A button under a song that asks for a verb on it.

    name: unique among all shortcuts, lower-case letters. label: in English; the language files have the others.
    values: fields of the request beside `source`. asks: the field that the member fills in first, in a form.
    """

    name: str
    label: str
    emoji: str
    values: Mapping[str, Any] = field(default_factory=dict)
    asks: str | None = None


@dataclass(frozen=True)
class Verb:
    """request: its type, whose `kind` is the verb's name. make: "module:function" taking (request, Making).

    summary: one line, at most 100 characters. example: the rest of a command line. needs: what a song must have for
    its shortcuts to make sense: anything, music, words, words that are sung, or music without words.
    """

    request: type[Request]
    make: str
    summary: str
    example: str
    shortcuts: tuple[Shortcut, ...] = ()
    needs: Literal["anything", "music", "words", "sung words", "music alone"] = "music"

    @property
    def name(self) -> str:
        return str(self.request.model_fields["kind"].default)

    @property
    def edits(self) -> bool:
        """Whether it changes a song that is there, or an uploaded MIDI file."""
        return issubclass(self.request, EditRequest)


_VERBS = (
    Verb(
        SongRequest,
        "engine.song.make_song:make_song",
        "Make a song: words, melody, chords and band",
        '"rain over the harbour" --style folk --rhyme ABAB',
    ),
    Verb(LyricRequest, "engine.song.make_song:make_lyrics", "Write words alone", '"the last bus" --rhyme AABB'),
    Verb(
        MusicRequest,
        "engine.song.make_music:make_music",
        "Make music without words",
        "--style jazz --bars 16 --instrument flute",
    ),
    Verb(SingRequest, "engine.song.sing:sing", "Set your own words to music", '"Row the boat home / over the foam"'),
    Verb(
        TransposeRequest,
        "engine.song.edits:transpose",
        "Play it higher or lower, or in another key",
        "song.mid --semitones 2",
        (
            Shortcut("keyup", "Key up", "🔼", {"semitones": 1}),
            Shortcut("keydown", "Key down", "🔽", {"semitones": -1}),
        ),
    ),
    Verb(
        TempoRequest,
        "engine.song.edits:change_tempo",
        "Play it faster or slower",
        "song.mid --percent 120",
        (
            Shortcut("faster", "Faster", "⏩", {"percent": 112}),
            Shortcut("slower", "Slower", "⏪", {"percent": 89}),
        ),
    ),
    Verb(
        WordsRequest,
        "engine.song.change_words:change_words",
        "Sing other words to the same music",
        'SONG "Row the boat home / over the foam"',
        (Shortcut("words", "Edit words", "✏️", asks="lyrics"),),
        needs="sung words",
    ),
    Verb(VerseRequest, "engine.song.add_verse:add_verse", "Add a verse to a song", "SONG --theme winter"),
    Verb(MuteRequest, "engine.song.edits:mute", "Leave one part or track of the band out", "SONG --part drums"),
    Verb(
        RewriteRequest,
        "engine.song.rewrite_line:rewrite_line",
        "Write a line anew and keep all the others",
        "SONG 3 --theme winter",
        (Shortcut("rewriteline", "Rewrite a line", "✍️", asks="line"),),
        needs="words",
    ),
    Verb(
        InsertRequest,
        "engine.song.insert_line:insert_line",
        "Add a line after another",
        "SONG 4 --theme snow",
        needs="words",
    ),
    Verb(
        ContinueRequest,
        "engine.song.continue_words:continue_words",
        "Go on with a song, your own first lines or your own music",
        '"The rain came down on Harbour Street / and nobody was home"',
        (Shortcut("goon", "Continue", "➡️"),),
        needs="words",
    ),
    Verb(
        WordsForRequest,
        "engine.song.words_to_melody:words_to_melody",
        "Write words to a tune: a syllable for every note",
        'tune.mid "rain over the harbour"',
    ),
    Verb(
        ContinueMusicRequest,
        "engine.song.extend_music:extend_music",
        "Go on with the music for some bars more",
        "song.mid 8",
        (Shortcut("goonplaying", "Continue", "➡️"),),
        needs="music alone",
    ),
    Verb(
        HarmonizeRequest,
        "engine.song.harmonize:harmonize",
        "New chords under the melody: for band, choir or as blocks",
        "tune.mid --voices choir",
        (Shortcut("reharmonise", "Re-harmonise", "🎹"),),
    ),
    Verb(
        NewMelodyRequest,
        "engine.song.new_melody:new_melody",
        "A new melody over the chords that are there",
        "song.mid --bars 5-8",
    ),
    Verb(
        RemixRequest,
        "engine.song.remix:remix",
        "Other pitches in the same rhythm, or another rhythm",
        "song.mid rhythm --amount 50",
    ),
    Verb(
        InfillRequest,
        "engine.song.infill:infill",
        "Write some bars anew between what is before and after",
        "song.mid 5-8",
    ),
    Verb(
        ArrangeRequest,
        "engine.song.arrange:arrange",
        "Play it with the band of another style",
        "song.mid jazz",
    ),
    Verb(
        InstrumentRequest,
        "engine.song.instruments:change_instrument",
        "Let another instrument play the melody or a part",
        "song.mid flute",
    ),
    Verb(
        HumanizeRequest,
        "engine.song.humanize:humanize",
        "Play it less evenly: a little early, late, loud or soft",
        "song.mid --amount 40",
    ),
    Verb(
        BlendRequest,
        "engine.song.blend:blend",
        "The way from one melody in 4/4 to another, by melodies in between",
        "one.mid other.mid 5",
    ),
    Verb(
        ExportRequest,
        "engine.song.export:export",
        "Write a song as lead sheet, karaoke, ABC, MP3 or stems",
        "SONG sheet,kar,stems",
    ),
    Verb(
        ExplainRequest,
        "engine.song.explain:explain",
        "Say what form, chords, rhyme, metre and melody do",
        "SONG",
        (Shortcut("explain", "Explain", "💡"),),
        needs="anything",
    ),
)

VERBS: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _VERBS})
SHORTCUTS: Mapping[str, tuple[Verb, Shortcut]] = MappingProxyType(
    {shortcut.name: (verb, shortcut) for verb in _VERBS for shortcut in verb.shortcuts}
)


def carry_out(request: Request, making: Making) -> MadeSong:
    """Make what was asked for. Raises RequestError where it cannot be done, Cancelled where it was taken back."""
    module, _, function = VERBS[request.kind].make.partition(":")
    made: MadeSong = getattr(importlib.import_module(module), function)(request, making)
    return made
