"""From cleaned records to marked training texts: chunks of whole stanzas under the control prompt, with weights.

Does not know models or token ids.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.corpus.records import LyricRecord, Split, Stanza, split_of
from engine.lyrics.prompt import ControlPrompt, is_archaic, line_marks, reverse_line
from engine.lyrics.prosody import count_syllables, words_of
from engine.lyrics.rhyme import FREE, find_scheme

LINES_PER_CHUNK = 24
LINES_PER_SECTION = 8
MARKS_KEPT = 0.9  # the rest is seen without line marks, so that the model can also write freely
AUTHOR_KEPT, TITLE_KEPT, THEME_KEPT = 0.4, 0.6, 0.9
SYLLABLES_SUNG = (2, 14)

FUNCTION_WORDS = frozenset(
    """
    the and that with from this they have were what when which your will there their them then than been would could
    should shall upon into some such more most only over under where while through thou thee thy thine hath doth
    dost very much many must might may can did does done had has her him his its our out own she they'll who whom
    whose why for not but all you are was one now how let too nor yet still ever never come came went gone made make
    like unto said says say see saw know knew till ere about again against away before after down every each other
    another here well also even just because both between those these though thus tis twas it's don't i'll i'm can't
    off
    """.split()
)


@dataclass(frozen=True)
class Chunk:
    """A training text. weight: how often it is shown in the first part and the last part of training."""

    text: str
    kind: str
    split: Split
    byte_count: int
    weight: float
    weight_late: float


class ThemeWords:
    """Content words that tell a text from others, by term frequency times inverse document frequency."""

    def __init__(self, document_counts: Counter[str], documents: int) -> None:
        self._counts, self._documents = document_counts, documents

    @classmethod
    def learn(cls, documents: Iterable[list[str]]) -> ThemeWords:
        counts: Counter[str] = Counter()
        total = 0
        for words in documents:
            counts.update(set(words))
            total += 1
        return cls(counts, total)

    def best(self, words: list[str], most: int = 6) -> list[str]:
        """Return up to `most` words, the most telling first; words seen in under 30 documents do not count."""
        scores = {
            word: n * math.log(self._documents / self._counts[word])
            for word, n in Counter(words).items()
            if 30 <= self._counts[word] <= self._documents * 0.08
        }
        return sorted(scores, key=lambda word: (-scores[word], word))[:most]


def content_words(lines: Iterable[str]) -> list[str]:
    """Return the lower-case words of `lines` that can carry a theme: three letters or more, no function words."""
    found = (word.lower() for line in lines for word in words_of(line))
    return [word for word in found if re.fullmatch(r"[a-z]{3,}", word) and word not in FUNCTION_WORDS]


def era_of(born: int | None) -> str:
    """Name the time of an author's birth: early (before 1700), middle, late (from 1850 on) or undated."""
    return "undated" if born is None else "early" if born < 1700 else "middle" if born < 1850 else "late"


def cut_stanzas(record: LyricRecord) -> Iterator[Stanza]:
    """Yield stanzas of at most 8 lines; long ones are cut so that rhymes stay near."""
    for stanza in record.stanzas:
        lines = stanza.lines
        parts = max(1, math.ceil(len(lines) / LINES_PER_SECTION))
        size = math.ceil(len(lines) / parts)
        for start in range(0, len(lines), size):
            yield Stanza(lines[start : start + size], stanza.is_chorus)


def group_stanzas(record: LyricRecord) -> Iterator[list[Stanza]]:
    """Yield runs of stanzas that fit one chunk."""
    group: list[Stanza] = []
    for stanza in cut_stanzas(record):
        if group and sum(len(s.lines) for s in group) + len(stanza.lines) > LINES_PER_CHUNK:
            yield group
            group = []
        group.append(stanza)
    if group:
        yield group


def section_text(stanza: Stanza, marked: bool) -> tuple[str, int, int]:
    """Return a section as training text, its rhymed lines, and its lines whose length can be sung."""
    scheme = find_scheme(stanza.lines)
    parts = ["<chorus>" if stanza.is_chorus else "<verse>"]
    sung = 0
    for line, letter in zip(stanza.lines, scheme, strict=True):
        syllables = count_syllables(line)
        sung += SYLLABLES_SUNG[0] <= syllables <= SYLLABLES_SUNG[1]
        parts.append((line_marks(syllables, letter) if marked else "") + reverse_line(" " + line) + "\n")
    return "".join(parts), sum(letter != FREE for letter in scheme), sung


def weigh(record: LyricRecord, rhymed: float, sung: float, archaic: bool, words_per_line: float) -> tuple[float, float]:
    """Return how often a chunk is shown early and late in training: songs over epics, later eras over early ones."""
    if sung < 0.8 or rhymed < 0.25:
        return 0.0, 0.0
    base = {"song": 3.0, "nursery": 3.0, "ballad": 2.0, "hymn": 1.5}.get(record.kind, 1.0)
    if record.kind == "poem":
        base = 0.15 if "(part" in record.title or " part " in record.title or record.n_lines > 90 else 0.8
        base *= 1.0 if words_per_line <= 7.5 else 0.5
    base *= {"early": 0.15, "middle": 0.8, "late": 1.0, "undated": 1.0}[era_of(record.born)]
    base *= 0.5 + rhymed / 2
    late = 0.0 if archaic and record.kind != "hymn" else base if record.kind != "poem" or base >= 0.5 else 0.0
    return base * (0.6 if archaic else 1.0), late


def chunks_of(record: LyricRecord, themes: ThemeWords, known: frozenset[str]) -> Iterator[Chunk]:
    """Yield the training texts of a record; a record in which under 88 % of the words are known English gives none."""
    words = [word.lower() for stanza in record.stanzas for line in stanza.lines for word in words_of(line)]
    if len(words) < 20 or sum(word.strip("'") in known for word in words) < 0.88 * len(words):
        return
    rng = random.Random(record.id)
    split = split_of(record.work)
    for group in group_stanzas(record):
        lines = [line for stanza in group for line in stanza.lines]
        archaic = sum(is_archaic(word.lower()) for line in lines for word in words_of(line)) > len(lines) / 24
        best = themes.best(content_words(lines))
        theme = rng.sample(best, min(len(best), rng.randint(1, 4))) if rng.random() < THEME_KEPT else []
        prompt = ControlPrompt(
            kind=record.kind,
            register="archaic" if archaic else "plain",
            era=era_of(record.born),
            theme_words=theme,
            author=record.author if rng.random() < AUTHOR_KEPT else "",
            title=record.title[:60] if rng.random() < TITLE_KEPT else "",
        )
        marked = rng.random() < MARKS_KEPT
        sections = [section_text(stanza, marked) for stanza in group]
        rhymed, sung = (sum(s[i] for s in sections) / len(lines) for i in (1, 2))  # type: ignore[misc]  # ints at 1, 2
        weight, late = weigh(record, rhymed, sung, archaic, sum(len(words_of(line)) for line in lines) / len(lines))
        text = prompt.text() + "".join(s[0] for s in sections) + "<eos>"
        yield Chunk(text, record.kind, split, sum(len(line.encode()) + 1 for line in lines), weight, late)
