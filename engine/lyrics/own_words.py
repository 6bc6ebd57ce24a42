"""The words that a member typed, read into sections of lines that can be sung, or refused. Does not know tunes or bars.

What is shown is what was typed, without markup and invisible characters. What is sung has numbers and signs said as
words, and nothing that has no sound.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from engine.contract import SYLLABLES_RANGE
from engine.errors import RequestError
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.sung_lines import chinese_lines
from engine.lyrics.chinese.syllables import chinese_syllables
from engine.lyrics.insults import holds_chinese_insult, is_insult
from engine.lyrics.plain_songs import HEADING, LABEL
from engine.lyrics.prosody import Syllable, syllables_of
from engine.lyrics.said_words import said
from engine.lyrics.section_headings import with_bracketed_headings
from engine.lyrics.text import parse_lyrics
from engine.lyrics.theme import ADDRESS, EMOJI_NAME, MARKDOWN_LINK, MENTION, without_piled_marks
from engine.lyrics.unsung import notices_of, unsung_script

MOST_CHARACTERS, MOST_LINES, LONGEST_TITLE, LONGEST_LABEL = 4000, 80, 40, 30
MOST_SYLLABLES = SYLLABLES_RANGE[1]
_EXAMPLE = 'write them line by line, or with " / " between lines: "Row the boat home / over the foam"'
_PAUSES = ",.;:!?"
_PAUSE_WORTH = 4  # syllables by which a part may miss the mean length so that it ends in a pause
_AROUND_TITLE = " ,.;:!?-'\"()*_#>~`|，。、！？；：…“”‘’「」『』《》（）"
NOT_SUNG_HERE = "the words hold one that is not sung here; say it in other words"


@dataclass(frozen=True)
class OwnLine:
    """One line. shown: as typed. sung: the same with numbers said as words and without what has no sound."""

    shown: str
    sung: str

    @cached_property
    def syllables(self) -> tuple[Syllable, ...]:
        """The syllables that are sung, 1 to 14; those of a word joined are the word, and each Chinese character is one."""
        return chinese_syllables(self.sung) if self.is_chinese else syllables_of(self.sung)

    @property
    def is_chinese(self) -> bool:
        """Whether there are Chinese characters in it."""
        return any(map(is_hanzi, self.sung))


@dataclass(frozen=True)
class OwnSection:
    """label: as typed, "" where none was. lines: none for a part without words of its own, such as "[Solo]"."""

    label: str
    lines: tuple[OwnLine, ...]


@dataclass(frozen=True)
class OwnWords:
    """title: from a header, a line of its own above the first label, or the first line. notices: what is not sung, told."""

    title: str
    sections: tuple[OwnSection, ...]
    notices: tuple[str, ...] = ()

    @property
    def are_chinese(self) -> bool:
        """Whether most of the lines are Chinese."""
        lines = [line for section in self.sections for line in section.lines]
        return 2 * sum(line.is_chinese for line in lines) > len(lines)


def read_own_words(text: str) -> OwnWords:
    """Return the words as sections of lines of at most 14 syllables, of which one at least can be sung.

    Labels such as [Chorus] begin a section, blank lines part unlabelled ones. RequestError for no words, more than 4000
    characters or 80 lines, words that are neither Latin nor Chinese throughout, and insults.
    """
    if len(text) > MOST_CHARACTERS:
        raise RequestError(f"the words must be 1-{MOST_CHARACTERS} characters, got {len(text)}; leave some verses out")
    lyrics = parse_lyrics(with_bracketed_headings(_with_line_breaks(_visible(text))))
    title, sections = lyrics.title, []
    for index, section in enumerate(lyrics.sections):
        first_label = next((later.label for later in lyrics.sections[index + 1 :]), "")
        if index == 0 and not section.label and len(section.lines) == 1 and first_label and not title:
            title = section.lines[0]
            continue
        for stanza in [section.lines] if section.label else section.stanzas:
            lines = tuple(line for raw in stanza for line in _lines_of(raw))
            if lines or section.label:
                sections.append(OwnSection(_label(section.label), lines))
    count = sum(len(section.lines) for section in sections)
    if not count and (script := unsung_script(text)):
        raise RequestError(
            f"the words have letters of the {script} script, and only English and Chinese can be sung for now; "
            "write them in Latin letters"
        )
    if not count:
        raise RequestError(f"there are no words to sing; {_EXAMPLE}")
    if count > MOST_LINES:
        raise RequestError(f"the words fill {count} lines, and a song has at most {MOST_LINES}; leave some verses out")
    first = next(section.lines[0] for section in sections if section.lines)
    name = _title(title) or _title(first.shown) or _title(first.sung)
    return OwnWords(name, tuple(sections), notices_of(text))


def _visible(text: str) -> str:
    """Return the text without mentions, addresses, code fences, piled-up marks and invisible characters."""
    text = without_piled_marks(text.replace("\r\n", "\n").replace("\r", "\n"), form="NFC")
    text = MENTION.sub(" ", re.sub(r"```[a-z]*", "\n", text))
    text = EMOJI_NAME.sub(" ", ADDRESS.sub(" ", MARKDOWN_LINK.sub(r"\1", text)))
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if character == "\n" or category not in ("Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn"):
            kept.append(character)
        elif category == "Cc":
            kept.append(" ")
    return "".join(kept)


def _with_line_breaks(text: str) -> str:
    """Return one typed line with " / " as lines, and labels within it or in bold on lines of their own."""
    lines = [line for line in text.split("\n") if line.strip() and not HEADING.match(line.strip())]
    if len(lines) == 1 and not LABEL.match(lines[0].strip()):
        text = re.sub(r"(?<!<)(\[[^\[\]\n]{1,60}\])", r"\n\1\n", text)
        text = re.sub(r"\s*//\s*", "\n\n", text)
        text = re.sub(r"\s+/\s+", "\n", text)
    return re.sub(r"(?m)^[\s*_#>]*(\[[^\[\]\n]+\])[\s*_:]*$", r"\1", text)


def _lines_of(raw: str) -> Iterator[OwnLine]:
    """Yield a typed line, in as many parts as its syllables ask for; nothing for one that has no words."""
    if any(map(is_hanzi, raw)):
        if holds_chinese_insult(raw):
            raise RequestError(NOT_SUNG_HERE)
        for shown, sung in chinese_lines(raw):
            _refuse_insults(sung)
            yield OwnLine(shown, sung)
        return
    typed = raw.split()
    following, shouted = [*typed[1:], ""], raw.isupper() and len(typed) > 1
    words = [OwnLine(w, said(w, after, shouted=shouted)) for w, after in zip(typed, following, strict=True)]
    _refuse_insults(" ".join(word.sung for word in words))
    words = [part for word in words for part in _short_enough(word)]
    for part in _parts(words):
        if any(word.syllables for word in part):
            yield OwnLine(" ".join(w.shown for w in part), " ".join(w.sung for w in part if w.syllables))


def _refuse_insults(sung: str) -> None:
    if any(is_insult(word) for word in re.findall(r"[a-z]+", sung.lower())):
        raise RequestError(NOT_SUNG_HERE)


def _parts(words: list[OwnLine]) -> Iterator[list[OwnLine]]:
    """Cut a line into parts of at most 14 syllables and about one length, after a comma or full stop if one is near."""
    left = sum(len(word.syllables) for word in words)
    count = -(-left // MOST_SYLLABLES)
    while left > MOST_SYLLABLES:
        aim, sums = left / max(1, count), list(accumulate(len(word.syllables) for word in words))
        fitting = [index for index, taken in enumerate(sums) if 0 < taken <= MOST_SYLLABLES]
        best = min(fitting, key=lambda i: abs(sums[i] - aim) - _PAUSE_WORTH * (words[i].shown[-1] in _PAUSES))
        yield words[: best + 1]
        words, left, count = words[best + 1 :], left - sums[best], count - 1
    yield words


def _short_enough(word: OwnLine) -> Iterator[OwnLine]:
    """Yield a word of at most 14 syllables; one that is longer, such as a long number, in the words it is said with."""
    if len(word.syllables) <= MOST_SYLLABLES:
        yield word
        return
    for part in word.sung.split():
        if len(syllables_of(part)) > MOST_SYLLABLES:
            raise RequestError(f"{part[:20]!r} is too long to be sung as one word; part it with spaces or hyphens")
        yield OwnLine(part, part)


def _label(label: str) -> str:
    """Return a label in plain letters: "verse 1: Ann" -> "Verse 1"; "" where it names nothing."""
    plain = " ".join(re.sub(r"[^\w\s-]", " ", label.split(":")[0]).split())[:LONGEST_LABEL].strip()
    return plain[:1].upper() + plain[1:]


def _title(text: str) -> str:
    """Return at most 40 characters of a line as a title, cut between words; "" where it has no letter or digit."""
    words = text.split()
    while len(words) > 1 and len(" ".join(words)) > LONGEST_TITLE:
        words.pop()
    title = " ".join(words)[:LONGEST_TITLE].strip(_AROUND_TITLE)
    return title if any(c.isalnum() for c in title) else ""
