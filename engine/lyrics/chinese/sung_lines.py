"""A typed line with Chinese characters, cut into lines that can be sung. Does not know tunes or models.

What is shown is what was typed. What is sung has numbers as characters, Latin words apart, and no other signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import RequestError
from engine.lyrics.chinese.numerals import NUMBER, said_number
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.syllables import OPENING, chinese_syllables, feet_of
from engine.lyrics.said_words import said

LONGEST_PHRASES = 8  # syllables of short phrases that are sung as one line
LONGEST = 14  # syllables of a line
_KEPT = frozenset("，。、！？；：…—,.!?;:\"'()" + OPENING + "」』”’》〉）】")
_ENDS_PHRASE = frozenset("，。！？；：…,!?;:—")
_TOKEN = re.compile(rf"{NUMBER.pattern}|[\u4e00-\u9fff〇]|[^\W\d_\u4e00-\u9fff]+(?:['’-][^\W\d_\u4e00-\u9fff]+)*['’]?")


@dataclass(frozen=True)
class _Piece:
    """What is sung of the signs from `start` to `end` of a line, and of what stands before them. size: syllables."""

    start: int
    end: int
    sung: str
    size: int
    ends_phrase: bool = False


def chinese_lines(raw: str) -> Iterator[tuple[str, str]]:
    """Yield (shown, sung) for each line of 1-14 syllables in a typed one; short phrases stay together.

    RequestError for a Latin word that is longer than a line.
    """
    pieces = _pieces(raw)
    for part in _grouped(_phrases(pieces)):
        last = part[-1]
        later = next((piece.start for piece in pieces if piece.start >= last.end), len(raw))
        stop = last.end if later == len(raw) else _closing_end(raw, last.end, later)
        stop = len(raw) if later == len(raw) else stop
        start = 0 if part[0] is pieces[0] else _opening_start(raw, part[0].start)
        yield raw[start:stop].strip(), _sung(raw, part, stop)


def _pieces(raw: str) -> list[_Piece]:
    found: list[_Piece] = []
    for match in _TOKEN.finditer(raw):
        text = match.group()
        if is_hanzi(text):
            sung = text
        elif text == "〇":
            sung = "零"
        elif any(c.isdigit() for c in text):
            sung = _number(text, raw[match.end() :].lstrip()[:1])
        else:
            sung = said(text)
        size = len(chinese_syllables(sung)) if sung else 0
        if size > LONGEST and not any(map(is_hanzi, sung)):
            raise RequestError(f"{text[:20]!r} is too long to be sung as one word; part it with spaces or hyphens")
        if size:
            found.append(_Piece(match.start(), match.end(), sung, size))
    return [_with_end(raw, piece, after) for piece, after in zip(found, [*found[1:], None], strict=False)]


def _number(text: str, after: str) -> str:
    plain = "".join(
        str(n) if (n := unicodedata.decimal(c, None)) is not None else c for c in unicodedata.normalize("NFKC", text)
    )
    found = NUMBER.fullmatch(plain)
    return said_number(found, after) if found else ""


def _with_end(raw: str, piece: _Piece, after: _Piece | None) -> _Piece:
    gap = raw[piece.end : after.start] if after is not None else ""
    hanzi_around = after is not None and is_hanzi(raw[piece.end - 1]) and is_hanzi(raw[after.start])
    ends = any(sign in _ENDS_PHRASE for sign in gap) or (gap.isspace() and hanzi_around)
    return _Piece(piece.start, piece.end, piece.sung, piece.size, ends)


def _phrases(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Return the pieces phrase by phrase, none longer than a line."""
    found: list[list[_Piece]] = [[]]
    for piece in pieces:
        found[-1].append(piece)
        if piece.ends_phrase:
            found.append([])
    return [part for phrase in found if phrase for part in _short_enough(phrase)]


def _short_enough(phrase: list[_Piece]) -> Iterator[list[_Piece]]:
    """Yield a phrase in parts of about one length that end where a word does, each at most a line."""
    total = sum(piece.size for piece in phrase)
    count = -(-total // LONGEST)
    while total > LONGEST:
        sums, ends = _sums(phrase), _word_ends(phrase)
        fitting = [n for n, taken in enumerate(sums) if taken <= LONGEST and n < len(phrase) - 1] or [0]
        best = min(fitting, key=lambda n: abs(sums[n] - total / count) + 3 * (n not in ends))
        yield phrase[: best + 1]
        phrase, total, count = phrase[best + 1 :], total - sums[best], max(1, count - 1)
    yield phrase


def _sums(pieces: Sequence[_Piece]) -> list[int]:
    total, found = 0, []
    for piece in pieces:
        total += piece.size
        found.append(total)
    return found


def _word_ends(pieces: Sequence[_Piece]) -> set[int]:
    """Return the places of the pieces that end a word, those of Chinese ones as feet are cut."""
    found: set[int] = set()
    run: list[int] = []
    for n, piece in enumerate([*pieces, None]):
        if piece is not None and len(piece.sung) == 1 and is_hanzi(piece.sung):
            run.append(n)
            continue
        at = 0
        for foot in feet_of("".join(pieces[m].sung for m in run)) if run else ():
            at += foot
            found.add(run[at - 1])
        run = []
        found |= {n} if piece is not None else set()
    return found


def _grouped(phrases: Sequence[list[_Piece]]) -> Iterator[list[_Piece]]:
    """Yield lines: phrases put together while they are short."""
    line: list[_Piece] = []
    for phrase in phrases:
        if line and sum(piece.size for piece in [*line, *phrase]) > LONGEST_PHRASES:
            yield line
            line = []
        line = [*line, *phrase]
    if line:
        yield line


def _opening_before(raw: str, pieces: Sequence[_Piece], n: int) -> str:
    """Return the marks that open the piece after a piece, "" where it is the last."""
    if n + 1 == len(pieces):
        return ""
    start = pieces[n + 1].start
    return raw[_opening_start(raw, start) : start]


def _closing_end(raw: str, end: int, limit: int) -> int:
    """Return where the marks behind a piece end that do not open what follows."""
    while end < limit and raw[end] not in OPENING:
        end += 1
    return end


def _opening_start(raw: str, start: int) -> int:
    while start and raw[start - 1] in OPENING:
        start -= 1
    return start


def _sung(raw: str, pieces: Sequence[_Piece], stop: int) -> str:
    """Return the pieces with the marks between them; Latin words and what was typed apart stand apart."""
    text = ""
    for n, piece in enumerate(pieces):
        end = pieces[n + 1].start if n + 1 < len(pieces) else stop
        marks = "".join(sign for sign in raw[piece.end : end] if sign in _KEPT)
        apart = bool(text) and (
            piece.sung[:1].isascii() or pieces[n - 1].sung[-1:].isascii() or pieces[n - 1].ends_phrase
        )
        opening = raw[_opening_start(raw, piece.start) : piece.start]
        closing = marks.removesuffix(next_opening) if (next_opening := _opening_before(raw, pieces, n)) else marks
        text += (" " if apart else "") + opening + piece.sung + closing
    return text
