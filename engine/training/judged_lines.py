"""Lines that a judge tells apart: at each line of a rated song several ways to write it, and which of them people would like.

A few hundred ratings say more through a judge, which has few features, than to a model of millions of weights: pairs of
lines after one context differ in nothing but what the judge tells apart. Does not know objectives or training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract import LineReport, Sampling, SectionReport
from engine.corpus.records import Split
from engine.corpus.snapshots import Snapshot, Take
from engine.decoding import Session
from engine.lyrics.constraints import LineConstraint, LineEnds, Punctuation
from engine.lyrics.end_words import usual_ends
from engine.lyrics.following import following
from engine.lyrics.lexicon import Lexicon, Rows
from engine.lyrics.prompt import reverse_line
from engine.lyrics.prosody import words_of
from engine.lyrics.rhyme import FREE
from engine.lyrics.writer import ROOM_PER_LINE
from engine.song.judge import Judge
from engine.song.make_song import printed_words
from engine.song.models import LyricModel
from engine.training.rated_rows import Preferred, Row
from engine.training.rated_texts import RatedTexts, written_lines

WAYS = 16  # to write a line
KEPT = 2  # of them as pairs: the best with the worst, the second with the second worst


@dataclass(frozen=True)
class _Line:
    """A line of a take and what it was to be: section and index in the report, syllables, the last word to rhyme with."""

    section: int
    index: int
    syllables: int
    rhymes_with: str | None


def judged_lines(
    snapshot: Snapshot,
    split: Split,
    *,
    model: LyricModel,
    judge: Judge,
    takes: int,
    seed: int,
    report: Callable[[str], None] = lambda text: None,
) -> list[Preferred]:
    """Return pairs of lines of up to so many takes of a split, prompts by turns; none of takes that no model wrote."""
    rated = RatedTexts(model)
    chosen = by_turns([take for take in snapshot.takes.values() if take.split == split])
    found: list[Preferred] = []
    done = 0
    for number, take in enumerate(chosen):
        if done == takes:
            break
        row = rated.encode(take)
        if row is None:
            continue
        found += _of_take(take, row, model, judge, (seed * 1_000_003 + number) % 2**31)
        done += 1
        if done % 10 == 0:
            report(f"lines of {done} takes are judged")
    return found


def by_turns(takes: Sequence[Take]) -> list[Take]:
    """Return takes in the order of their prompts' digests, a first one of each before a second one of any."""
    seen: dict[str, int] = {}
    turn: dict[str, int] = {}
    for take in sorted(takes, key=lambda take: take.id):
        turn[take.id] = seen[take.prompt] = seen.get(take.prompt, -1) + 1
    return sorted(takes, key=lambda take: (turn[take.id], take.prompt))


def _of_take(take: Take, row: Row, model: LyricModel, judge: Judge, seed: int) -> Iterator[Preferred]:
    lexicon = model.lexicon(archaic=False, avoid=take.request.get("avoid") or ())
    usual, mark, tokenizer = usual_ends(lexicon), Punctuation(model.tokenizer), model.tokenizer
    with Session(following(model.model, tokenizer, author=bool(take.request.get("artist"))), WAYS) as session:
        for number, (line, start) in enumerate(zip(_lines(take.sections), _starts(row), strict=False)):
            session.extend(row.ids[session.length : start])
            rows = _ends(lexicon, usual, line)
            if not rows.any():
                continue
            ends = LineEnds(lexicon, rows, line.syllables)
            constraints = [LineConstraint(lexicon, mark, syllables=line.syllables, ends=ends) for _ in range(WAYS)]
            seeds = [(seed + number * 7919) * 64 + way for way in range(WAYS)]
            ways = [way for way in session.sample(constraints, Sampling(), seeds, ROOM_PER_LINE) if way.finished]
            texts = {way.ids: reverse_line(tokenizer.decode(way.ids).rstrip("\n")).strip() for way in ways}
            scored = sorted((judge.score(_with_line(take, line, text)), ids) for ids, text in texts.items())
            for (low, worse), (high, better) in zip(scored[:KEPT], reversed(scored[-KEPT:]), strict=True):
                if high > low:
                    yield Preferred(_row(row, start, better), _row(row, start, worse), high - low)


def _row(row: Row, start: int, line: Sequence[int]) -> Row:
    """Return the context with one line after it, which alone is learned."""
    return Row((*row.ids[:start], *line), (*[False] * start, *[True] * len(line)), row.prompt)


def _starts(row: Row) -> list[int]:
    """Return where the words of each line begin: after what was given."""
    learned = np.array((False, *row.learned))
    return [int(place) for place in np.flatnonzero(learned[1:] & ~learned[:-1])]


def _lines(sections: Sequence[SectionReport]) -> list[_Line]:
    """Return the lines that were written, in their order."""
    return [
        _Line(
            section,
            index,
            line.syllables_asked or line.syllables_found,
            _partner(sections[section].lines[:index], line),
        )
        for section, index in written_lines(sections)
        for line in (sections[section].lines[index],)
    ]


def _partner(before: Sequence[LineReport], line: LineReport) -> str | None:
    """Return the last word that the line is to rhyme with, None for the first of its letter and for free lines."""
    same = [other.text for other in before if other.rhyme == line.rhyme and line.rhyme != FREE]
    return words_of(same[-1])[-1] if same else None


def _ends(lexicon: Lexicon, usual: Rows, line: _Line) -> Rows:
    """Return the words that may end a line; none where the word that it is to rhyme with is not known."""
    fitting = lexicon.syllables <= line.syllables
    if line.rhymes_with is None:
        return usual & fitting
    known = np.flatnonzero(lexicon.spelled([line.rhymes_with]))
    if not len(known):
        return np.zeros(len(lexicon), bool)
    return lexicon.rhymes_with(lexicon.words[int(known[0])]) & fitting


def _with_line(take: Take, line: _Line, text: str) -> str:
    """Return the words of a take, as printed, with another line in place of one, wherever that is sung."""
    old = take.sections[line.section].lines[line.index].text
    parts = [
        (section.label, [text if other.text == old else other.text for other in section.lines])
        for section in take.sections
    ]
    return printed_words(take.title, parts)
