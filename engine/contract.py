"""What crosses a process: requests, sampling options, progress and results, as frozen, validated data.

Knows nothing of torch, models, SQL or Discord. Options are declared here once, with range, default and description;
the terminal and the slash commands are derived from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import not_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_THEME_CHARACTERS = 300
MAX_TITLE_CHARACTERS = 80
TEMPO_RANGE_QPM = (40, 240)
SYLLABLES_RANGE = (3, 14)
LENGTH_RANGE_SECONDS = (15, 600)
BARS_RANGE = (4, 64)
MORE_LINES_RANGE = (1, 16)
LARGEST_UPLOAD_BYTES = 1024 * 1024  # of a MIDI file to be changed: it is read, moved and written within two seconds
STYLES = (
    "pop", "rock", "ballad", "folk", "waltz", "hymn", "lullaby", "country", "blues", "jazz", "bossa nova", "hip-hop",
    "electronic", "chinese",
)  # fmt: skip
TIME_SIGNATURES = ("4/4", "3/4", "6/8", "2/4")
MOODS = ("happy", "sad", "tender", "angry", "calm", "hopeful", "mysterious", "lonely")
METRES = ("iambic", "trochaic", "anapaestic", "dactylic")
PERSONS = ("I", "you", "we", "he", "she", "they")
FilterLevel = Literal["off", "mild", "strict"]  # which words are neither asked for nor sung; insults never are
LANGUAGES = ("en", "zh")
VOICES = ("soprano", "alto", "tenor", "bass", "child")
PARTS = ("melody", "second voice", "solo", "chords", "bass", "pad", "drums")

# An option of later versions that nobody asked for is left out of JSON, so that older rows and workers know it.
_IF_ASKED: dict[str, Any] = {"exclude_if": lambda value: value is None}

NOT_AN_OPTION = Field(json_schema_extra={"hidden": True})


class Frozen(BaseModel):
    """Frozen, strict about names: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sampling(Frozen):
    """How the next id is chosen from logits."""

    temperature: Annotated[float, Field(ge=0.0, le=2.0, description="0 is greedy, 1 is the model's own spread")] = 0.85
    top_k: Annotated[int, Field(ge=0, le=5000, description="only the k likeliest; 0 is off")] = 0
    top_p: Annotated[float, Field(gt=0.0, le=1.0, description="only the likeliest that together weigh p")] = 0.92
    min_p: Annotated[float, Field(ge=0.0, lt=1.0, description="drop ids below this share of the likeliest")] = 0.0
    # What is off is left out of JSON, so that rows and requests from before are the same, and older workers read them.
    gumbel: Annotated[
        bool, Field(description="draw by Gumbel noise: the same odds by another way", exclude_if=not_)
    ] = False
    repetition_penalty: Annotated[
        float,
        Field(ge=1.0, le=2.0, description="hold back what was written before; 1 is off", exclude_if=lambda p: p == 1.0),
    ] = 1.0
    no_repeat_ngram: Annotated[
        int, Field(ge=0, le=10, description="never write the same n ids in a row twice; 0 is off", exclude_if=not_)
    ] = 0

    @property
    def looks_back(self) -> bool:
        """Whether a choice depends on the ids before it."""
        return self.repetition_penalty > 1 or self.no_repeat_ngram > 0


Suggest = Literal[
    "styles", "authors", "keys", "forms", "rhymes", "syllables", "persons", "tunes", "chords", "lengths", "programs",
    "songs", "voices",
]  # fmt: skip


def option(
    text: str,
    name: str | None = None,
    *,
    choices: tuple[str, ...] = (),
    suggest: Suggest | None = None,
    shown_range: tuple[float, float] | None = None,
    long_text: bool = False,
    uploads: bool = False,
    positional: bool = False,
    **limits: Any,
) -> Any:
    """Describe a field for people, on the terminal and in Discord alike.

    name: what the option is called, if not as the field. choices: all that it takes. suggest: which known values are
    offered while one types. shown_range: least and most, where the engine refuses the rest with a sentence of its own.
    long_text: it may have several lines, so Discord offers a form. uploads: a MIDI
    file will do as well. positional: the terminal takes it without a name. limits: pydantic's ge, le, max_length ...
    """
    extra: dict[str, Any] = {
        "option": name,
        "choices": choices,
        "suggest": suggest,
        "range": shown_range,
        "long_text": long_text,
        "uploads": uploads,
        "positional": positional,
    }
    return Field(description=text, json_schema_extra={key: value for key, value in extra.items() if value}, **limits)


class Request(Frozen):
    """What somebody asks for. kind: the name of the verb that carries it out, see `engine.verbs`."""

    kind: str
    seed: Annotated[int | None, option("the same seed gives the same result", ge=0, lt=2**31)] = None


_STYLE = option("pop, rock, ballad, folk, waltz, jazz, bossa nova, hip-hop, chinese ...", choices=STYLES)
_STYLE_OF_WORDS = option(
    "pop, rock, ballad, folk, waltz, jazz ...; for Chinese words chinese if not said",
    "style",
    choices=STYLES,
    **_IF_ASKED,
)
_KEY = option("C, F#m, Eb minor ...", suggest="keys")
_TEMPO = option("quarter notes per minute, 40-240", "tempo", shown_range=TEMPO_RANGE_QPM)
_METER = option("4/4, 3/4, 6/8 or 2/4", "meter", choices=TIME_SIGNATURES)
_CHORDS = option("chords, one per bar: C G Am F; sharing bars: C G | F; or ii V I in Eb", suggest="chords")
_VOICE = option("soprano, alto, tenor, bass or child, or a range such as G3-D5", suggest="voices")


class LyricRequest(Request):
    """Words alone."""

    kind: Literal["lyrics"] = "lyrics"
    theme: Annotated[str, option("what it is about, in a few words")]
    style: Annotated[str, _STYLE] = "pop"
    title: Annotated[str | None, option("what it is called; the chorus takes up its words", **_IF_ASKED)] = None
    mood: Annotated[
        str | None, option("happy, sad, tender, angry, calm, hopeful, mysterious or lonely", choices=MOODS, **_IF_ASKED)
    ] = None
    artist: Annotated[
        str | None,
        option("write like this author, e.g. Robert Burns; several in turn, with commas", suggest="authors"),
    ] = None
    form: Annotated[
        str | None,
        option(
            "sections, e.g. VCVCBC (V verse, C chorus, B bridge), or AABA, strophic, blues, ballad", suggest="forms"
        ),
    ] = None
    rhyme: Annotated[
        str | None,
        option('a letter per line, e.g. ABAB or ABAB/AABB; X does not; "AABB internal"', suggest="rhymes"),
    ] = None
    syllables: Annotated[
        str | None, option("per line, e.g. 8 or 7-9 or 8,6,8,6 or 8,6/7,7 for verse/chorus", suggest="syllables")
    ] = None
    metre: Annotated[
        str | None, option("iambic, trochaic, anapaestic or dactylic", "feet", choices=METRES, **_IF_ASKED)
    ] = None
    person: Annotated[
        str | None, option("who tells it: I, you, we, he, she, they, or I and you", suggest="persons", **_IF_ASKED)
    ] = None
    language: Annotated[
        str | None, option("en or zh (Chinese); that of the theme if not said", choices=LANGUAGES, **_IF_ASKED)
    ] = None
    tune: Annotated[
        str | None, option("Chinese words to an old tune's pattern, e.g. 浣溪沙", suggest="tunes", **_IF_ASKED)
    ] = None
    avoid: Annotated[
        tuple[str, ...], NOT_AN_OPTION
    ] = ()  # not to be written: words in lower case, lists such as @strict
    sampling: Sampling = Sampling()


class SongRequest(LyricRequest):
    """Words, melody, chords and band."""

    kind: Literal["song"] = "song"  # type: ignore[assignment]  # a tag, narrower than the parent's
    key: Annotated[str | None, _KEY] = None
    tempo_qpm: Annotated[float | None, _TEMPO] = None
    time_signature: Annotated[str | None, _METER] = None
    chords: Annotated[str | None, _CHORDS] = None
    length_seconds: Annotated[float | None, option("about how long: seconds, or 3:00", "length", suggest="lengths")] = (
        None
    )
    voice: Annotated[str | None, _VOICE] = None


class MusicRequest(Request):
    """Music without words."""

    kind: Literal["music"] = "music"
    style: Annotated[str, _STYLE] = "pop"
    key: Annotated[str | None, _KEY] = None
    tempo_qpm: Annotated[float | None, _TEMPO] = None
    time_signature: Annotated[str | None, _METER] = None
    chords: Annotated[str | None, _CHORDS] = None
    bars: Annotated[int, option("how many bars, 4-64", shown_range=BARS_RANGE)] = 16
    instrument: Annotated[
        str | None, option("what plays the tune: a General MIDI name such as flute", suggest="programs")
    ] = None


class SingRequest(Request):
    """Somebody's own words, set to music: every syllable is sung."""

    kind: Literal["sing"] = "sing"
    lyrics: Annotated[str, option("your own words, line by line; [Chorus] names a part", long_text=True)]
    style: Annotated[str | None, _STYLE_OF_WORDS] = None
    key: Annotated[str | None, _KEY] = None
    tempo_qpm: Annotated[float | None, _TEMPO] = None
    time_signature: Annotated[str | None, _METER] = None
    chords: Annotated[str | None, _CHORDS] = None
    length_seconds: Annotated[
        float | None, option("about how long: seconds, or 3:00", "length", suggest="lengths", **_IF_ASKED)
    ] = None
    voice: Annotated[str | None, _VOICE] = None


class EditRequest(Request):
    """A change of something that is there. source: the id of a song, or of an uploaded MIDI file."""

    source: Annotated[str, option("the song to change", "song", suggest="songs")]


class MusicEditRequest(EditRequest):
    """A change of the music alone, so that any MIDI file will do."""

    source: Annotated[str, option("the song to change", "song", suggest="songs", uploads=True)]


class TransposeRequest(MusicEditRequest):
    """The same music higher or lower; exactly one of semitones and key."""

    kind: Literal["transpose"] = "transpose"
    semitones: Annotated[int | None, option("up, or down with a minus: -24 to 24", shown_range=(-24, 24))] = None
    key: Annotated[str | None, option("or the key to go to, e.g. D or Am", suggest="keys")] = None


class TempoRequest(MusicEditRequest):
    """The same notes faster or slower; exactly one of tempo_qpm and percent."""

    kind: Literal["tempo"] = "tempo"
    tempo_qpm: Annotated[float | None, _TEMPO] = None
    percent: Annotated[int | None, option("of the tempo it has, 25-400", shown_range=(25, 400))] = None


class WordsRequest(EditRequest):
    """Other words to the same music; a line keeps its melody where it has as many syllables as before."""

    kind: Literal["words"] = "words"
    lyrics: Annotated[str, option("all the words as they shall be", long_text=True)]


class VerseRequest(EditRequest):
    """One more verse, to the tune of the verses; all else stays."""

    kind: Literal["verse"] = "verse"
    theme: Annotated[str | None, option("what the new verse is about")] = None
    avoid: Annotated[tuple[str, ...], NOT_AN_OPTION] = ()


class MuteRequest(MusicEditRequest):
    """The same music without one of its parts, or one of its tracks; exactly one of part and track."""

    kind: Literal["mute"] = "mute"
    part: Annotated[str | None, option("melody, second voice, solo, chords, bass, pad or drums", choices=PARTS)] = None
    track: Annotated[str | None, option("or the track meant, by number or name")] = None


class RewriteRequest(EditRequest):
    """Some lines written anew, with the same syllables and rhymes; every other line and all music stay."""

    kind: Literal["rewrite"] = "rewrite"
    line: Annotated[str, option("which lines, as printed, without the labels: 3, or 3-4", positional=True)]
    theme: Annotated[str | None, option("what the new line is about")] = None
    avoid: Annotated[tuple[str, ...], NOT_AN_OPTION] = ()


class InsertRequest(EditRequest):
    """One more line after another, as long as that and rhyming with it; sung to its notes where there is music."""

    kind: Literal["insert"] = "insert"
    after: Annotated[
        int, option("the line that it follows, as printed; 0 for the beginning", shown_range=(0, 80), positional=True)
    ]
    theme: Annotated[str | None, option("what the new line is about")] = None
    avoid: Annotated[tuple[str, ...], NOT_AN_OPTION] = ()


class ContinueRequest(EditRequest):
    """More words for a song, or after somebody's own first lines: the same rhymes, the same syllables.

    Music without words, such as an uploaded file, goes on as music.
    """

    kind: Literal["continue"] = "continue"
    source: Annotated[
        str, option("the song or music to go on with", "song", suggest="songs", uploads=True, positional=True)
    ] = ""
    start: Annotated[str, option("or your own first lines, with / between them")] = ""
    form: Annotated[str | None, option("what comes next, e.g. V or CV: V verse, C chorus, B bridge")] = None
    more: Annotated[int | None, option("or how many lines more, 1-16", "lines", shown_range=MORE_LINES_RANGE)] = None
    theme: Annotated[str | None, option("what the new words are about")] = None
    avoid: Annotated[tuple[str, ...], NOT_AN_OPTION] = ()


class WordsForRequest(MusicEditRequest):
    """Words written to a melody that is there: a syllable for every note, and no note is changed."""

    kind: Literal["words-for"] = "words-for"
    source: Annotated[str, option("the song or tune that gets words", "song", suggest="songs", uploads=True)]
    theme: Annotated[str, option("what it is about, in a few words")]
    style: Annotated[str | None, _STYLE] = None
    rhyme: Annotated[str | None, option("a letter per line, e.g. ABAB; X does not rhyme", suggest="rhymes")] = None
    track: Annotated[str | None, option("the track that is sung, by number or name, if it is not found")] = None
    avoid: Annotated[tuple[str, ...], NOT_AN_OPTION] = ()


class Progress(Frozen):
    """Where a job is: stage by name, done out of total within it, and the words written since."""

    stage: str
    done: int = 0
    total: int = 1
    text: str = ""


class LineReport(Frozen):
    """One sung line: what was asked for and what is there."""

    text: str
    syllables_asked: int
    syllables_found: int
    rhyme: str  # the letter of the scheme
    rhyme_key_asked: str | None  # the key to be met; None where the line is free or the first of its letter
    rhyme_key_found: str
    rhymes: bool | None  # None where nothing was asked for


class SectionReport(Frozen):
    label: str
    lines: tuple[LineReport, ...]


class SongReport(Frozen):
    """The result as `--json` prints it; files are added by whoever writes them."""

    title: str
    request: dict[str, Any]
    sections: tuple[SectionReport, ...]
    style: str
    seed: int
    key: str | None = None
    tempo_qpm: float | None = None
    time_signature: str | None = None
    length_seconds: float | None = None
    seconds_per_stage: dict[str, float] = {}
    model_versions: dict[str, str] = {}
    files: dict[str, str] = {}
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """A file of a song: its name ("song.mid"), IANA media type ("audio/midi") and bytes.

    A dataclass, not a pydantic model: it travels as bytes in a row, never as JSON.
    """

    name: str
    media_type: str
    data: bytes
