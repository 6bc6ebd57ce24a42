"""A take's words as the very ids that the lyric model wrote, after the context that it read. Does not know ratings.

The prompt is told from the request, the marks of each line from its report; each line stands from its last word to its
first. Lines that come again were not written again. Of a song too long for the context, its beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pydantic import ValidationError

from engine.contract import LineReport, LyricRequest, SectionReport, SongRequest
from engine.corpus.snapshots import Take
from engine.errors import RequestError
from engine.lyrics.prompt import ControlPrompt, line_marks, reverse_line
from engine.lyrics.prosody import words_of
from engine.lyrics.rhyme import FREE, LETTERS
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import names_of
from engine.lyrics.writer import MOST_MARKS, ROOM_PER_LINE
from engine.song.chinese_lyrics import is_chinese
from engine.song.models import LyricModel
from engine.song.styles import find_style
from engine.song.write_words import LYRIC_KIND_OF_SECTION, MOST_MOOD_WORDS, control_prompt, manner_of
from engine.training.rated_rows import Row

WRITTEN = {"song": SongRequest, "lyrics": LyricRequest}  # kinds of requests whose words a model writes


class RatedTexts:
    """Encodes takes for one lyric model; `encode` gives None for words that no such model would write."""

    def __init__(self, model: LyricModel) -> None:
        self._model, self._tokenizer = model, model.tokenizer
        self._spelled = {
            archaic: {word.text for word in model.lexicon(archaic=archaic).words} for archaic in (False, True)
        }

    def encode(self, take: Take) -> Row | None:
        """Return the words of a take as a row; the marks are given, the words and the ends of lines are learned."""
        request = written_request(take)
        prompts = self._prompts(take, request) if request is not None else []
        if request is None or len(prompts) != 1:  # several authors in turn have contexts of their own
            return None
        ids = self._tokenizer.encode(prompts[0].text())
        learned = [False] * len(ids)
        prompt = len(ids)
        archaic, names = find_style(request.style).archaic, names_of(clean_theme(request.theme))
        for marks, line in marked_lines(take.sections):
            if len(ids) + MOST_MARKS + ROOM_PER_LINE > self._model.model.context_length:
                break
            given = self._tokenizer.encode(marks)
            words = self._tokenizer.encode(self._as_written(line, names, archaic=archaic))
            ids += [*given, *words]
            learned += [False] * len(given) + [True] * len(words)
        if not any(learned):
            return None
        length = self._model.model.context_length
        return Row(tuple(ids[:length]), tuple(learned[:length]), prompt)

    def _prompts(self, take: Take, request: LyricRequest) -> list[ControlPrompt]:
        theme, style = clean_theme(request.theme), find_style(request.style)
        manner = manner_of(request, theme, self._model.associations)
        company = (*manner.kin, *manner.mood_words[:MOST_MOOD_WORDS])
        authors = self._model.find_authors(request.artist) if request.artist else ("",)
        return [control_prompt(style, theme, take.title, request.avoid, author, company) for author in authors]

    def _as_written(self, line: str, names: Collection[str], *, archaic: bool) -> str:
        """Return a printed line as it was written: last word first, and the first word as the lexicon has it."""
        first = words_of(line)[0]
        small = first[:1].lower() + first[1:]
        is_name = first in names or (first in self._spelled[archaic] and small not in self._spelled[archaic])
        return reverse_line(f" {line if is_name else line[:1].lower() + line[1:]}") + "\n"


def written_request(take: Take) -> LyricRequest | None:
    """Return what was asked for where a model of English lyrics wrote the words; None for a member's own, and for Chinese."""
    kind = WRITTEN.get(str(take.request.get("kind")))
    if kind is None or not any(section.lines for section in take.sections):
        return None
    try:
        request = kind(**take.request)
        return None if is_chinese(request) else request
    except (RequestError, ValidationError):  # asked for in a version that had other options
        return None


def written_lines(sections: Sequence[SectionReport]) -> Iterator[tuple[int, int]]:
    """Yield section and index of every line that was written, none of those that come again."""
    labels: set[str] = set()
    for place, section in enumerate(sections):
        if section.label in labels:  # a section that comes again has the words of the first
            continue
        labels.add(section.label)
        told: set[str] = set()
        for index, line in enumerate(section.lines):
            if line.text not in told and words_of(line.text):
                yield place, index
            told.add(line.text)


def marked_lines(sections: Sequence[SectionReport]) -> Iterator[tuple[str, str]]:
    """Yield the marks and the printed text of every line that was written."""
    for place, index in written_lines(sections):
        section = sections[place]
        kind = LYRIC_KIND_OF_SECTION.get(section.label.lower().split(" ")[0], "verse")
        line = section.lines[index]
        yield (f"<{kind}>" if index == 0 else "") + _marks(line), line.text


def _marks(line: LineReport) -> str:
    letter = line.rhyme if line.rhyme in LETTERS else FREE
    return line_marks(line.syllables_asked or line.syllables_found, letter)
