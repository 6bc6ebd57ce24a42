"""What crosses a process: requests, sampling options, progress and results, as frozen, validated data.

Knows nothing of torch, models, SQL or Discord. Options are declared here once, with range, default and description;
the terminal and the slash commands are derived from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_THEME_CHARACTERS = 300
TEMPO_RANGE_QPM = (40, 240)
SYLLABLES_RANGE = (3, 14)
LENGTH_RANGE_SECONDS = (15, 600)

StyleName = str


class Frozen(BaseModel):
    """Frozen, strict about names: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sampling(Frozen):
    """How the next id is chosen from logits."""

    temperature: Annotated[float, Field(ge=0.0, le=2.0, description="0 is greedy, 1 is the model's own spread")] = 0.85
    top_k: Annotated[int, Field(ge=0, le=5000, description="only the k likeliest; 0 is off")] = 0
    top_p: Annotated[float, Field(gt=0.0, le=1.0, description="only the likeliest that together weigh p")] = 0.92
    min_p: Annotated[float, Field(ge=0.0, lt=1.0, description="drop ids below this share of the likeliest")] = 0.0


def option(text: str, name: str | None = None, **limits: Any) -> Any:
    """Describe a field for people. name: what it is called on the terminal and in slash commands, if not as the field."""
    return Field(description=text, json_schema_extra={"option": name} if name else None, **limits)


class LyricRequest(Frozen):
    """Words alone."""

    kind: Literal["lyrics"] = "lyrics"
    theme: Annotated[str, option("what it is about, in a few words")]
    style: Annotated[str, option("pop, rock, ballad, folk, waltz, hymn, lullaby, country or blues")] = "pop"
    artist: Annotated[str | None, option("write like this author of the training texts, e.g. Robert Burns")] = None
    form: Annotated[str | None, option("sections in order, e.g. VCVCBC: V verse, C chorus, B bridge")] = None
    rhyme: Annotated[str | None, option("a letter per line, e.g. ABAB or ABAB/AABB; X does not rhyme")] = None
    syllables: Annotated[str | None, option("per line, e.g. 8 or 8,6,8,6 or 8,6/7,7 for verse/chorus")] = None
    seed: Annotated[int | None, option("the same seed gives the same result", ge=0, lt=2**31)] = None
    sampling: Sampling = Sampling()


class SongRequest(LyricRequest):
    """Words, melody, chords and band."""

    kind: Literal["song"] = "song"  # type: ignore[assignment]  # a tag, narrower than the parent's
    key: Annotated[str | None, option("C, F#m, Eb minor ...")] = None
    tempo_qpm: Annotated[float | None, option("quarter notes per minute, 40-240", "tempo")] = None
    time_signature: Annotated[str | None, option("4/4, 3/4, 6/8 or 2/4", "meter")] = None
    chords: Annotated[str | None, option('chord symbols, one per bar, e.g. "C G Am F"')] = None
    length_seconds: Annotated[float | None, option("about how long: seconds, or 3:00", "length")] = None
    voice: Annotated[str | None, option("soprano, alto, tenor, bass or child")] = None


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
