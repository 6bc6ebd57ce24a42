"""Options out of what was read: values within their ranges, and how each is repeated. Knows neither words nor songs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.wishes.keys import KeyAsked
from bot.wishes.reading import FILLER, Found, Reading
from bot.wishes.words import MOOD_OF_KEY
from engine.contract import (
    BARS_RANGE,
    LENGTH_RANGE_SECONDS,
    TEMPO_RANGE_QPM,
    TIME_SIGNATURES,
    LyricRequest,
    MusicRequest,
    Request,
    SingRequest,
    SongRequest,
)
from engine.contract import STYLES as STYLE_NAMES
from engine.errors import RequestError
from engine.music.theory import Key
from engine.song.styles import STYLES

MOST_SEED = 2**31 - 1
# The kinds of requests that a sentence can ask for, and so those that can be asked for again.
REMADE: Mapping[str, type[Request]] = {
    "song": SongRequest, "lyrics": LyricRequest, "music": MusicRequest, "sing": SingRequest,
}  # fmt: skip
# Beside the usual tempos of a style: how much slower than its slowest, or faster than its fastest.
_PACES = {"very slow": 0.7, "slow": 0.85, "fast": 1.15, "very fast": 1.3}
QUARTERS_PER_BAR = {"4/4": 4, "3/4": 3, "6/8": 3, "2/4": 2}


@dataclass(frozen=True)
class Phrase:
    """One thing to be said to the member. key: of a message. source: the member's own words for it, "" where none."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Option:
    """A field of a request with its value, and how it is repeated."""

    field: str
    value: Any
    phrase: Phrase


def kind_of(found: Iterable[Found]) -> str:
    """Return "lyrics" or "music" where the first word for a kind says so, else "song"."""
    kinds = sorted((one.start, one.value) for one in found if one.field == "kind")
    return kinds[0][1] if kinds else "song"


def length_text(seconds: float) -> str:
    """Return 1:30 for 90 seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def checked(name: str, value: float, limits: tuple[float, float], advice: str) -> float:
    """Return the value; RequestError where it is outside the limits. advice: unit and way out."""
    low, high = limits
    if not low <= value <= high:
        raise RequestError(
            f"{name} must be {low:g}{' to ' if low < 0 else '-'}{high:g}{advice.replace('{}', f'{value:g}')}"
        )
    return value


def checked_tempo(tempo_qpm: float) -> float:
    return checked("tempo", tempo_qpm, TEMPO_RANGE_QPM, " quarter notes per minute, got {}; try 100")


def checked_length(seconds: float) -> float:
    return checked("length", seconds, LENGTH_RANGE_SECONDS, " seconds, got {}; try 180")


def options_of(reading: Reading, leftovers: list[str], song_style: str | None = None) -> list[Option]:
    """Return the options in the order they were said, one a field; what contradicts goes to the leftovers.

    song_style: of the song that is changed, None for a new one.
    """
    groups: dict[str, list[Found]] = {}
    for one in sorted(reading.found, key=lambda one: one.start):
        groups.setdefault(one.field, []).append(one)
    options = _styles(reading, groups.get("style", []), leftovers)
    style = next((option.value for option in options if option.field == "style"), song_style or STYLE_NAMES[0])
    has_meter = any(option.field == "time_signature" for option in options)
    for name, make in _MAKERS.items():
        for index, one in enumerate(groups.get(name, [])):
            if index or (name == "time_signature" and has_meter):
                _same_or_left(reading, groups[name][0], one, leftovers)
            else:
                options += make(one.value, reading.source(one))
    options += _limericks(reading, groups, options)
    _add_mood(reading, groups, options, leftovers)
    _add_mood_of_words(reading, groups, options, leftovers)
    _add_inner_rhyme(reading, groups, options)
    _add_pace(reading, groups, options, style)
    for name in ("refusal", "other_style"):
        leftovers += [reading.source(one) for one in groups.get(name, [])]
    return sorted(options, key=lambda option: reading.text.find(option.phrase.source))


def _same_or_left(reading: Reading, first: Found, other: Found, leftovers: list[str]) -> None:
    if first.value == other.value:
        reading.found.append(Found(FILLER, True, other.start, other.end))
    else:
        leftovers.append(reading.source(other))


def _styles(reading: Reading, found: Sequence[Found], leftovers: list[str]) -> list[Option]:
    """Return the last style named; a "jazz waltz" is jazz in 3/4."""
    if not found:
        return []
    others = [one for one in found if one.value != "waltz"]
    if others and len(others) < len(found):
        waltz = next(one for one in found if one.value == "waltz")
        meter = [Option("time_signature", "3/4", Phrase("understood.meter", {"meter": "3/4"}, reading.source(waltz)))]
    else:
        others, meter = list(found), []
    chosen = others[-1]
    for one in found:
        if one is not chosen and not (meter and one is waltz):
            _same_or_left(reading, chosen, one, leftovers)
    return [
        Option("style", chosen.value, Phrase("understood.style", {"style": chosen.value}, reading.source(chosen))),
        *meter,
    ]


def _plain(name: str, place: str) -> Any:
    return lambda value, source: [Option(name, value, Phrase(f"understood.{place}", {place: str(value)}, source))]


def _key(value: KeyAsked, source: str) -> list[Option]:
    return [Option("key", str(value.key), Phrase("understood.key", {"key": str(value.key)}, source))]


def _tempo(value: float, source: str) -> list[Option]:
    tempo = checked_tempo(value)
    return [Option("tempo_qpm", tempo, Phrase("understood.tempo", {"tempo": f"{tempo:g}"}, source))]


def _meter(value: str, source: str) -> list[Option]:
    if value not in TIME_SIGNATURES:
        raise RequestError(f"time signature must be one of {', '.join(TIME_SIGNATURES)}, got {value!r}")
    return [Option("time_signature", value, Phrase("understood.meter", {"meter": value}, source))]


def _length(value: float, source: str) -> list[Option]:
    seconds = checked_length(value)
    return [Option("length_seconds", seconds, Phrase("understood.length", {"length": length_text(seconds)}, source))]


def _bars(value: int, source: str) -> list[Option]:
    bars = int(checked("bars", value, BARS_RANGE, ", got {}; try 16"))
    return [Option("bars", bars, Phrase("understood.bars", {"bars": str(bars)}, source))]


def _seed(value: int, source: str) -> list[Option]:
    if value > MOST_SEED:
        raise RequestError(f"seed must be 0-{MOST_SEED}, got {value}; try a smaller number")
    return [Option("seed", value, Phrase("understood.seed", {"seed": str(value)}, source))]


def _kind(value: str, source: str) -> list[Option]:
    return [Option("kind", value, Phrase(f"understood.kind.{value}", {}, source))]


_MAKERS: Mapping[str, Any] = {
    "kind": _kind, "key": _key, "tempo_qpm": _tempo, "time_signature": _meter, "length_seconds": _length, "bars": _bars,
    "seed": _seed, "rhyme": _plain("rhyme", "rhyme"), "syllables": _plain("syllables", "syllables"),
    "form": _plain("form", "form"), "voice": _plain("voice", "voice"), "chords": _plain("chords", "chords"),
    "artist": _plain("artist", "artist"), "title": _plain("title", "title"),
    "metre": _plain("metre", "metre"), "instrument": _plain("instrument", "instrument"),
}  # fmt: skip


def _limericks(reading: Reading, groups: Mapping[str, Sequence[Found]], options: Sequence[Option]) -> list[Option]:
    """A limerick is a rhyme scheme with its syllables, where neither is named."""
    named = {option.field for option in options}
    made: list[Option] = []
    for index, one in enumerate(groups.get("limerick", [])):
        source = reading.source(one)
        if index or {"rhyme", "syllables"} <= named:
            reading.found.append(Found(FILLER, True, one.start, one.end))
            continue
        for name, value in (("rhyme", "AABBA"), ("syllables", "9,9,6,6,9")):
            if name not in named:
                made += _plain(name, name)(value, source)
                source = ""
    return made


def _add_mood(
    reading: Reading, groups: Mapping[str, Sequence[Found]], options: list[Option], leftovers: list[str]
) -> None:
    """A mood is a key where none is named; where one is, a mood of its mode goes without saying."""
    for one in (*groups.get("mood", []), *groups.get("mode", [])):
        source = reading.source(one)
        key = next((option.value for option in options if option.field == "key"), None)
        if key is None:
            phrase = Phrase("understood.mood", {"mood": source.lower(), "key": one.value}, source)
            options.append(Option("key", one.value, phrase))
        elif Key.parse(key).mode == Key.parse(one.value).mode:
            if one is not groups.get("mood", [None])[0]:  # that is the mood of the words
                reading.found.append(Found(FILLER, True, one.start, one.end))
        else:
            leftovers.append(source)


def _add_mood_of_words(
    reading: Reading, groups: Mapping[str, Sequence[Found]], options: list[Option], leftovers: list[str]
) -> None:
    """The mood that chose the key, or the first other one, is the mood of the words."""
    keyed = groups.get("mood", [])[:1]
    mood = MOOD_OF_KEY[keyed[0].value] if keyed and reading.source(keyed[0]) not in leftovers else None
    source = reading.source(keyed[0]) if mood else ""
    for one in groups.get("words_mood", []):
        if mood is None:
            mood, source = one.value, reading.source(one)
        elif one.value == mood:
            reading.found.append(Found(FILLER, True, one.start, one.end))
        else:
            leftovers.append(reading.source(one))
    if mood is not None:
        options.append(Option("mood", mood, Phrase("understood.mood_of_words", {"mood": source.lower()}, source)))


def _add_inner_rhyme(reading: Reading, groups: Mapping[str, Sequence[Found]], options: list[Option]) -> None:
    """Rhymes inside the lines are asked for beside the scheme, or alone."""
    for index, one in enumerate(groups.get("inner_rhyme", [])):
        if index:
            reading.found.append(Found(FILLER, True, one.start, one.end))
            continue
        scheme = next((option for option in options if option.field == "rhyme"), None)
        if scheme is not None:
            options.remove(scheme)
            reading.found.append(Found(FILLER, True, one.start, one.end))
        value = f"{scheme.value if scheme is not None else one.value} internal".strip()
        source = scheme.phrase.source if scheme is not None else reading.source(one)
        options += _plain("rhyme", "rhyme")(value, source)


def _add_pace(reading: Reading, groups: Mapping[str, Sequence[Found]], options: list[Option], style_name: str) -> None:
    """ "Slow" is slower than a style's usual tempos; it goes without saying where a tempo is named."""
    for one in groups.get("pace", []):
        if any(option.field == "tempo_qpm" for option in options):
            reading.found.append(Found(FILLER, True, one.start, one.end))
            continue
        meter = next((option.value for option in options if option.field == "time_signature"), "")
        tempo = tempo_of_pace(one.value, style_name, meter)
        options.append(
            Option("tempo_qpm", tempo, Phrase("understood.tempo", {"tempo": f"{tempo:g}"}, reading.source(one)))
        )


def tempo_of_pace(pace: str, style_name: str, time_signature: str) -> float:
    """Return quarter notes per minute for "slow" and the like, within TEMPO_RANGE_QPM."""
    slowest, fastest = STYLES.get(style_name, STYLES["pop"]).tempo_range(time_signature)
    if pace not in _PACES:
        return float(round((slowest + fastest) / 2))
    low, high = TEMPO_RANGE_QPM
    return float(min(max(round((slowest if "slow" in pace else fastest) * _PACES[pace]), low), high))


def fit_to(kind: str, options: Sequence[Option], leftovers: list[str]) -> tuple[dict[str, Any], list[Phrase]]:
    """Return the values that a kind of request takes and all phrases; what it does not take goes to the leftovers."""
    values: dict[str, Any] = {}
    phrases: list[Phrase] = []
    takes = REMADE[kind].model_fields
    options = _moods_for(takes, options)
    for option in _lengths_as_bars(options) if kind == "music" else options:
        if option.field == "kind":
            phrases.append(option.phrase)
        elif option.field in takes:
            values[option.field] = option.value
            if option.phrase.key:
                phrases.append(option.phrase)
        else:
            leftovers.append(option.phrase.source)
            phrases.append(Phrase(f"wish.no_place.{kind}", {"part": option.phrase.source}))
    return values, phrases


def _moods_for(takes: Collection[str], options: Sequence[Option]) -> list[Option]:
    """Return the options with each mood as what a kind of request takes: its words', its key, or both, said once."""
    mood = next((option for option in options if option.field == "mood"), None)
    key = next((option for option in options if option.field == "key"), None)
    if mood is None:
        return list(options)
    left_out, said = None, mood
    if key is not None and key.phrase.source == mood.phrase.source:  # the mood chose the key
        left_out = key if "key" not in takes else mood if "mood" not in takes else None
        said = Option("mood", mood.value, Phrase("")) if "key" in takes else mood
    elif "mood" not in takes and key is not None and mood.value in MOOD_OF_KEY.values():  # a mood of the key's mode
        values = {**mood.phrase.values, "key": str(key.value)}
        said = Option("key", key.value, Phrase("understood.mood", values, mood.phrase.source))
    return [said if option is mood else option for option in options if option is not left_out]


def _lengths_as_bars(options: Sequence[Option]) -> list[Option]:
    """Music is asked for in bars: turn a length into them, with the tempo that makes it so long."""
    named = {option.field: option.value for option in options}
    if "length_seconds" not in named or "bars" in named:
        return list(options)
    meter = named.get("time_signature") or STYLES[named.get("style", STYLE_NAMES[0])].time_signatures[0]
    tempo = named.get("tempo_qpm") or tempo_of_pace("moderate", named.get("style", STYLE_NAMES[0]), meter)
    low, high = BARS_RANGE
    bars = round(named["length_seconds"] * tempo / 60 / QUARTERS_PER_BAR[meter])
    bars = min(max(bars, low), high)
    source = next(option.phrase.source for option in options if option.field == "length_seconds")
    made = [option for option in options if option.field != "length_seconds"]
    made.append(Option("bars", bars, Phrase("understood.bars", {"bars": str(bars)}, source)))
    if "tempo_qpm" not in named:
        made.append(Option("tempo_qpm", tempo, Phrase("understood.tempo", {"tempo": f"{tempo:g}"})))
    if "time_signature" not in named:
        made.append(Option("time_signature", meter, Phrase("understood.meter", {"meter": meter})))
    return made
