"""The requests that wishes for the music become, and how they are repeated. Reads no words itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.wishes.edits import Edit, SongFacts
from bot.wishes.music_rules import MusicWish
from bot.wishes.options import REMADE, Option, Phrase, checked
from bot.wishes.reading import Found
from engine.contract import Request
from engine.music_edit_requests import (
    AMOUNT_RANGE,
    MORE_BARS_RANGE,
    ArrangeRequest,
    ContinueMusicRequest,
    HarmonizeRequest,
    HumanizeRequest,
    InfillRequest,
    InstrumentRequest,
    NewMelodyRequest,
    RemixRequest,
)
from engine.song.styles import STYLES

MUSIC_FIELDS = ("harmonize", "melody", "remix", "infill", "arrange", "part_on", "more_bars", "humanize")
USUAL_MORE_BARS = 8


def music_edit(one: Found, source: str, song: SongFacts, *, has_theme: bool) -> Edit | None:
    """Return the exact change of music that a finding asks for, None where it asks for none.

    has_theme: whether words are asked for beside it. An instrument, "longer" and "go on" are changes of music where
    they can be nothing else.
    """
    if one.field in MUSIC_FIELDS:
        return _edit(one.field, one.value, source, song) if song.has_music else _no_music(source)
    if not song.has_music:
        return None
    if one.field == "instrument":
        return _on_instrument(one.value, source, song)
    if song.has_words:
        return None
    if one.field == "length_factor" and float(one.value) > 1:
        return _longer(float(one.value), source, song)
    if one.field == "continue" and one.value is True and not has_theme:
        return _more_bars(None, source, song)
    return None


def arranged(options: Sequence[Option], song: SongFacts) -> Edit | None:
    """Return a style that is all that is wished for as an arrangement, where its bands play in the meter that there is.

    Otherwise None: a waltz in common time needs a new take.
    """
    style = next((option for option in options if option.field == "style"), None)
    others = [option for option in options if option is not style]
    if style is None or not song.has_music or song.time_signature not in STYLES[style.value].time_signatures:
        return None
    if any((option.field, option.value) != ("time_signature", song.time_signature) for option in others):
        return None
    source = " ".join(option.phrase.source for option in options)
    return _edit("arrange", MusicWish(style.value), source, song)


def _no_music(source: str) -> Edit:
    return Edit(None, Phrase("wish.no_music", {}, source))


def _edit(field: str, wish: MusicWish, source: str, song: SongFacts) -> Edit:
    bars: dict[str, Any] = {} if wish.bars is None else {"bars": wish.bars}
    key, values = f"understood.{field}", {}
    match field:
        case "harmonize":
            request: Request = HarmonizeRequest(source=song.id, voices=wish.value, **bars)
            key = f"understood.harmonize_{wish.value}"
        case "melody":
            request = NewMelodyRequest(source=song.id, **bars)
        case "remix":
            request = RemixRequest(source=song.id, what=wish.value, **bars, **_amount(wish))
            key = f"understood.remix_{wish.value}"
        case "humanize":
            request = HumanizeRequest(source=song.id, **bars, **_amount(wish))
        case "infill":
            request, values, bars = InfillRequest(source=song.id, **bars), bars, {}
        case "arrange":
            request, values = ArrangeRequest(source=song.id, style=wish.value), {"style": wish.value}
        case "part_on":
            part, instrument = wish.value
            request = InstrumentRequest(source=song.id, part=part, instrument=instrument)
            values = {"part": part, "instrument": instrument}
        case _:
            return _more_bars(wish.value, source, song)
    more = [Phrase("understood.in_bars", bars)] if bars else []
    if amount := _amount(wish) if field in ("remix", "humanize") else {}:
        more.append(Phrase("understood.amount", {"amount": str(amount["amount"])}))
    return Edit(request, Phrase(key, values, source), more=tuple(more))


def _amount(wish: MusicWish) -> dict[str, Any]:
    if wish.percent is None:
        return {}
    return {"amount": int(checked("amount", wish.percent, AMOUNT_RANGE, " percent, got {}; try 50"))}


def _on_instrument(instrument: str, source: str, song: SongFacts) -> Edit:
    phrase = Phrase("understood.instrument", {"instrument": instrument}, source)
    takes = song.kind in REMADE and "instrument" in REMADE[song.kind].model_fields
    option = Option("instrument", instrument, phrase) if takes else None
    return Edit(InstrumentRequest(source=song.id, instrument=instrument), phrase, option)


def _longer(factor: float, source: str, song: SongFacts) -> Edit:
    low, high = MORE_BARS_RANGE
    return _more_bars(min(max(round(song.bars * (factor - 1)), low), high), source, song)


def _more_bars(bars: int | None, source: str, song: SongFacts) -> Edit:
    more = int(
        checked("bars", USUAL_MORE_BARS if bars is None else bars, MORE_BARS_RANGE, ", got {}; continue again for more")
    )
    phrase = Phrase("understood.more_bars", {"bars": str(more)}, source)
    return Edit(ContinueMusicRequest(source=song.id, bars=more), phrase)
