"""How a rap lies on its grid and how densely it rhymes, from lead sheets and lines. Does not know how it was made.

Own definitions but rhyme density, which is that of METRICS 3. Shares are 0-1, NaN where there is nothing to count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from engine.evaluation.song_metrics import lines_of
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import plain_words
from engine.music.lead_sheet import LeadSheet, SungNote, words_of_line
from engine.music.score import TICKS_PER_QUARTER
from engine.song.alignment import sung_stress

_SIXTEENTH, _EIGHTH = TICKS_PER_QUARTER // 4, TICKS_PER_QUARTER // 2
DENSITY_WINDOW = 10  # words before the one that rhymes


def spoken_lines(sheet: LeadSheet) -> list[list[SungNote]]:
    """Return the notes of each rapped line."""
    return [line for line in lines_of(sheet) if line[0].is_spoken]


def rhymes_on_the_beat(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of rapped lines whose rhyme begins on a beat: the last stressed syllable of the last word, or its last."""
    return _share(rhyme_note(line).onset_ticks % TICKS_PER_QUARTER == 0 for line in _all_lines(sheets))


def rhyme_note(line: Sequence[SungNote]) -> SungNote:
    """Return the note of the syllable that a line's rhyme begins with."""
    first = max(
        n for n, note in enumerate(line) if note.syllable and note.syllable.word_position in ("single", "begin")
    )
    return next((note for note in reversed(line[first:]) if note.syllable and note.syllable.stress), line[-1])


def on_the_grid(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of rapped syllables that begin on a sixteenth of their bar."""
    return _share(note.onset_ticks % _SIXTEENTH == 0 for line in _all_lines(sheets) for note in line)


def stressed_on_eighths(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of stressed syllables, as spoken in verse, that begin on an eighth."""
    return _share(
        note.onset_ticks % _EIGHTH == 0 for line in _all_lines(sheets) for note in line if _spoken_stress(note) == 1
    )


def weak_on_beats(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of weak syllables that begin on a beat; low is good."""
    return _share(
        note.onset_ticks % TICKS_PER_QUARTER == 0
        for line in _all_lines(sheets)
        for note in line
        if _spoken_stress(note) == 0
    )


def weak_beats_in_a_row(sheet: LeadSheet) -> int:
    """Return the most weak syllables that follow each other on beats within a line, no stressed one on a beat between."""
    most = 0
    for line in spoken_lines(sheet):
        run = 0
        for note in line:
            if note.onset_ticks % TICKS_PER_QUARTER == 0:
                run = run + 1 if _spoken_stress(note) == 0 else 0
                most = max(most, run)
    return most


def fastest(sheets: Iterable[LeadSheet]) -> float:
    """Return the most syllables a second between any two neighbours of one line."""
    rates = [
        sheet.tempo_qpm / 60 * TICKS_PER_QUARTER / (after.onset_ticks - before.onset_ticks)
        for sheet in sheets
        for line in spoken_lines(sheet)
        for before, after in pairwise(line)
    ]
    return max(rates, default=0.0)


def syllables_a_second(sheets: Iterable[LeadSheet]) -> float:
    """Return how many syllables are spoken a second, from the first onset of each line to the end of its last note."""
    syllables, seconds = 0, 0.0
    for sheet in sheets:
        for line in spoken_lines(sheet):
            ticks = line[-1].onset_ticks + line[-1].duration_ticks - line[0].onset_ticks
            syllables, seconds = syllables + len(line), seconds + ticks / TICKS_PER_QUARTER * 60 / sheet.tempo_qpm
    return syllables / seconds if seconds else math.nan


def rhyme_density(lines: Iterable[str]) -> float:
    """Return the mean length, in vowels, of the longest rhyme of each word with one of the ten words before it.

    Malmi et al. 2016: of the words up to each, vowels alone are compared from the end on; a rhyme of one vowel counts 0,
    and so does one with the same word. NaN without words.
    """
    words = [word for line in lines for word in plain_words(line)]
    vowels = [[sound[:-1] for sound in pronounce(word) if sound[-1].isdigit()] for word in words]
    lengths = [
        max((_common(vowels, words, n, m) for m in range(max(0, n - DENSITY_WINDOW), n)), default=0)
        for n in range(len(words))
    ]
    return sum(lengths) / len(lengths) if lengths else math.nan


def _common(vowels: Sequence[Sequence[str]], words: Sequence[str], later: int, earlier: int) -> int:
    """Return how many vowels two words, with those before them, have in common from the end; 0 for one and for one word."""
    if words[later] == words[earlier]:
        return 0
    one = [vowel for word in vowels[max(0, later - DENSITY_WINDOW) : later + 1] for vowel in word]
    other = [vowel for word in vowels[max(0, earlier - DENSITY_WINDOW) : earlier + 1] for vowel in word]
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count if count > 1 else 0


def measure_raps(sheets: Sequence[LeadSheet]) -> dict[str, float]:
    """Return every figure of raps by name; rhyme density is that of the rapped lines, each song for itself."""
    densities = [rhyme_density(texts) for sheet in sheets if (texts := _texts(sheet))]
    return {
        "rhymes on the beat": rhymes_on_the_beat(sheets),
        "on the grid": on_the_grid(sheets),
        "stressed on eighths": stressed_on_eighths(sheets),
        "weak on beats": weak_on_beats(sheets),
        "weak beats in a row": max(map(weak_beats_in_a_row, sheets), default=0),
        "syllables a second": syllables_a_second(sheets),
        "fastest": fastest(sheets),
        "rhyme density": sum(densities) / len(densities) if densities else math.nan,
    }


def _texts(sheet: LeadSheet) -> list[str]:
    numbers = [line[0].syllable.line for line in spoken_lines(sheet) if line[0].syllable is not None]
    return [" ".join(words_of_line(sheet, number)) for number in numbers]


def _spoken_stress(note: SungNote) -> int:
    said = note.syllable
    return 0 if said is None else sung_stress(said.text, said.stress, said.word_position)


def _all_lines(sheets: Iterable[LeadSheet]) -> Iterable[list[SungNote]]:
    return (line for sheet in sheets for line in spoken_lines(sheet))


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else math.nan
