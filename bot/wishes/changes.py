"""What a reply to a song asks for: an exact change of it, or a new take of its request. Reads no words itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from bot.wishes.edits import Edit, SongFacts
from bot.wishes.keys import KeyAsked
from bot.wishes.line_changes import LINE_FIELDS, line_change
from bot.wishes.music_changes import arranged, music_edit
from bot.wishes.options import (
    REMADE,
    Option,
    Phrase,
    checked,
    checked_tempo,
    fit_to,
    options_of,
)
from bot.wishes.reading import Found, Reading, lookup
from bot.wishes.relative_changes import mode_of, relative_options
from bot.wishes.words import PACES
from engine.contract import (
    MuteRequest,
    Request,
    TempoRequest,
    TransposeRequest,
    VerseRequest,
    WordsRequest,
)
from engine.music.theory import Key

_NEW_WORDS = ("verse", *LINE_FIELDS)  # what a theme is for, where one is named
_EXACT = ("percent", "percent_exact", "qpm_change", "tempo_qpm", "semitones", "key", "part", "own_words", *_NEW_WORDS)


@dataclass(frozen=True)
class Changes:
    """What is done now, what is said of it, and what must wait."""

    request: Request | None
    phrases: tuple[Phrase, ...]
    later: tuple[Phrase, ...] = ()


def changes(
    reading: Reading, song: SongFacts, theme: tuple[str, str], own_words: tuple[str, str] | None, leftovers: list[str]
) -> Changes:
    """Return what a reading of a reply asks for. theme: its text and source, "" for none; own_words likewise or None."""
    _slow_waltzes(reading)
    verses = [one.start for one in reading.found if one.field in _NEW_WORDS]
    edits = _exact_edits(reading, song, theme, own_words)
    options = options_of(reading, leftovers, song.style)
    relative, needless = relative_options(reading, song)
    options += relative
    if theme[0] and not verses:
        options.insert(0, Option("theme", theme[0], Phrase("understood.theme", {"theme": theme[0]}, theme[1])))
    elif theme[1] and not verses:
        leftovers.append(theme[1])
    again = [reading.source(one) for one in reading.found if one.field == "again"]
    arrangement = None if again else arranged(options, song)
    if arrangement is not None:
        options = []
        edits = sorted([*edits, arrangement], key=lambda edit: reading.text.find(edit.phrase.source.split(" ")[0]))
    if options or again:
        done = _remake(song, options, again, edits, leftovers)
    elif edits:
        first, *rest = edits
        done = Changes(first.request, (first.phrase, *first.more), tuple(edit.phrase for edit in rest))
    else:
        done = Changes(None, () if needless else (Phrase("ask.wish"),))
    return replace(done, phrases=(*done.phrases, *needless))


def _exact_edits(
    reading: Reading, song: SongFacts, theme: tuple[str, str], own_words: tuple[str, str] | None
) -> list[Edit]:
    """Return the exact changes in the order they were said, and take out of the reading what is no option any more."""
    edits, of_music = [], set[Found]()
    verses = [one.start for one in reading.found if one.field in _NEW_WORDS]
    for one in sorted(reading.found, key=lambda one: one.start):
        source = reading.source(one)
        its_theme = theme if verses and one.start == max(verses) else ("", "")
        edit = music_edit(one, source, song, has_theme=bool(its_theme[1]))
        if edit is not None:
            of_music.add(one)
        elif one.field in _EXACT:
            edit = _edit(one, source, song, its_theme, own_words)
        if edit is not None:
            edits.append(edit)
    reading.found[:] = [
        one
        for one in reading.found
        if one.field != "tempo_qpm" and one not in of_music and not _is_exact_key(one, song)
    ]
    return _without_repeats(edits)


def _without_repeats(edits: Sequence[Edit]) -> list[Edit]:
    """Join the words for the same change said twice."""
    kept: list[Edit] = []
    for edit in edits:
        same = next(
            (index for index, one in enumerate(kept) if one.request is not None and one.request == edit.request), None
        )
        if same is None:
            kept.append(edit)
        else:
            kept[same] = _with_source(kept[same], f"{kept[same].phrase.source} {edit.phrase.source}")
    return kept


def _with_source(edit: Edit, source: str) -> Edit:
    option = edit.option and replace(edit.option, phrase=replace(edit.option.phrase, source=source))
    return replace(edit, phrase=replace(edit.phrase, source=source), option=option)


def _slow_waltzes(reading: Reading) -> None:
    """Beside a style, "slow" is the pace of the style, not a change of the tempo that there is."""
    if any(one.field == "style" for one in reading.found):
        for index, one in enumerate(reading.found):
            pace = lookup(PACES, reading.source(one)) if one.field == "percent" else None
            if pace:
                reading.found[index] = replace(one, field="pace", value=pace)


def _key_for(asked: KeyAsked, song: SongFacts) -> Key:
    """Return the key; "in D" keeps the mode of the song."""
    mode = mode_of(song)
    return asked.key if asked.mode_named or mode is None else Key.parse(f"{asked.key.tonic_name} {mode}")


def _is_exact_key(one: Found, song: SongFacts) -> bool:
    return one.field == "key" and mode_of(song) in (None, _key_for(one.value, song).mode)


def _edit(
    one: Found, source: str, song: SongFacts, theme: tuple[str, str], own_words: tuple[str, str] | None
) -> Edit | None:
    match one.field:
        case "percent" | "percent_exact":
            return _percent(int(one.value), source, song)
        case "tempo_qpm":
            return _tempo(one.value, source, song)
        case "qpm_change":
            if song.tempo_qpm is None:
                return Edit(None, Phrase("wish.tempo_unknown", {}, source))
            return _tempo(song.tempo_qpm + one.value, source, song)
        case "semitones":
            return _semitones(one.value, source, song)
        case "key" if _is_exact_key(one, song):
            return _transposed(_key_for(one.value, song), source, song)
        case "part":
            return _mute(one.value, source, song)
        case "verse":
            return _verse(source, song, theme)
        case field if field in LINE_FIELDS:
            return Edit(*line_change(field, one.value, source, song.id, song.has_words, theme))
        case "own_words" if own_words is not None:
            return _words(own_words, song)
    return None


def _percent(percent: int, source: str, song: SongFacts) -> Edit:
    checked("tempo", percent, (25, 400), " percent of what it is, got {}; try 120")
    way = "faster" if percent > 100 else "slower"
    phrase = Phrase(f"understood.{way}", {"percent": str(percent)}, source)
    option = None
    if song.tempo_qpm is not None:
        tempo = round(song.tempo_qpm * percent / 100, 1)
        option = Option("tempo_qpm", tempo, Phrase("understood.tempo", {"tempo": f"{tempo:g}"}, source))
    return Edit(TempoRequest(source=song.id, percent=percent), phrase, option)


def _tempo(tempo_qpm: float, source: str, song: SongFacts) -> Edit:
    tempo = checked_tempo(tempo_qpm)
    phrase = Phrase("understood.tempo", {"tempo": f"{tempo:g}"}, source)
    return Edit(TempoRequest(source=song.id, tempo_qpm=tempo), phrase, Option("tempo_qpm", tempo, phrase))


def _semitones(semitones: int | str, source: str, song: SongFacts) -> Edit:
    number = int(checked("semitones", int(semitones), (-24, 24), ", got {}; an octave is 12"))
    phrase = Phrase(f"understood.{'higher' if number > 0 else 'lower'}", {"semitones": str(abs(number))}, source)
    option = None
    if song.key is not None and number % 12:
        key = str(Key.parse(song.key).transpose(number))
        option = Option("key", key, Phrase("understood.key", {"key": key}, source))
    return Edit(TransposeRequest(source=song.id, semitones=number), phrase, option)


def _transposed(key: Key, source: str, song: SongFacts) -> Edit:
    phrase = Phrase("understood.key", {"key": str(key)}, source)
    return Edit(TransposeRequest(source=song.id, key=str(key)), phrase, Option("key", str(key), phrase))


def _mute(part: str, source: str, song: SongFacts) -> Edit:
    if song.parts and part not in song.parts:
        return Edit(None, Phrase("wish.part_missing", {"part": part, "parts": ", ".join(song.parts)}, source))
    return Edit(MuteRequest(source=song.id, part=part), Phrase("understood.without", {"part": part}, source))


def _verse(source: str, song: SongFacts, theme: tuple[str, str]) -> Edit:
    whole = f"{source} {theme[1]}".strip()
    if not song.has_words:
        return Edit(None, Phrase("wish.no_words", {}, whole))
    if not theme[0]:
        return Edit(VerseRequest(source=song.id), Phrase("understood.verse", {}, whole))
    phrase = Phrase("understood.verse_about", {"theme": theme[0]}, whole)
    return Edit(VerseRequest(source=song.id, theme=theme[0]), phrase)


def _words(own_words: tuple[str, str], song: SongFacts) -> Edit:
    text, source = own_words
    if not any(character.isalnum() for character in text):
        return Edit(None, Phrase("ask.words", {}, source))
    phrase = Phrase("understood.own_words", {"lines": str(len(text.splitlines()))}, source)
    return Edit(WordsRequest(source=song.id, lyrics=text), phrase)


def _remake(
    song: SongFacts, options: list[Option], again: list[str], edits: Sequence[Edit], leftovers: list[str]
) -> Changes:
    """Ask for the song's own request again with the options put in, and with the exact changes where they can be."""
    named = {option.field for option in options}
    folded = [edit.option for edit in edits if edit.option is not None and edit.option.field not in named]
    folded = [
        option for index, option in enumerate(folded) if option.field not in {one.field for one in folded[:index]}
    ]
    later = tuple(edit.phrase for edit in edits if not any(edit.option is option for option in folded))
    request_type = REMADE.get(song.kind)
    if request_type is None:
        said = tuple(option.phrase for option in [*options, *folded])
        return Changes(None, (*said, Phrase("wish.remake_unknown", {}, " ".join(again))), later)
    values, phrases = fit_to(song.kind, [*options, *folded], leftovers)
    said = (*phrases, Phrase("understood.again" if again else "wish.remake", {}, " ".join(again)))
    if not values and not again:
        return Changes(None, tuple(phrases), later)
    kept = {name: value for name, value in song.request.items() if name in request_type.model_fields and name != "kind"}
    if again and "seed" not in values:
        kept["seed"] = None
    try:
        request = request_type.model_validate({**kept, **values})
    except ValidationError:
        return Changes(None, (*said, Phrase("wish.remake_unknown")), later)
    return Changes(request, said, later)
