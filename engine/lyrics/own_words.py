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
from engine.lyrics.insults import is_insult
from engine.lyrics.number_words import number_words, ordinal_words
from engine.lyrics.plain_songs import HEADING, LABEL
from engine.lyrics.prosody import WORD, Syllable, syllables_of
from engine.lyrics.text import parse_lyrics
from engine.lyrics.theme import ADDRESS, EMOJI_NAME, MARKDOWN_LINK, MENTION, QUOTES, other_script, without_piled_marks

MOST_CHARACTERS, MOST_LINES, LONGEST_TITLE, LONGEST_LABEL = 4000, 80, 40, 30
MOST_SYLLABLES = SYLLABLES_RANGE[1]
LONGEST_DIGITS = 15
_EXAMPLE = 'write them line by line, or with " / " between lines: "Row the boat home / over the foam"'
_NUMBER = re.compile(r"([0-9]+)(st|nd|rd|th|s)?(?![a-z])|([0-9]+)", re.IGNORECASE)
_SIGNS = {"&": " and ", "%": " percent ", "+": " plus ", "=": " equals "}
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}\b)")
_PAUSES = ",.;:!?"
_PAUSE_WORTH = 4  # syllables by which a part may miss the mean length so that it ends in a pause
_SHOWN_QUOTES = {code: sign for code, sign in QUOTES.items() if sign != " and "}  # "&" is shown as it is


@dataclass(frozen=True)
class OwnLine:
    """One line. shown: as typed. sung: the same with numbers said as words and without what has no sound."""

    shown: str
    sung: str

    @cached_property
    def syllables(self) -> tuple[Syllable, ...]:
        """The syllables that are sung, 1 to 14; those of a word joined are the word."""
        return syllables_of(self.sung)


@dataclass(frozen=True)
class OwnSection:
    """label: as typed, "" where none was. lines: none for a part without words of its own, such as "[Solo]"."""

    label: str
    lines: tuple[OwnLine, ...]


@dataclass(frozen=True)
class OwnWords:
    """title: from a header, a line of its own above the first label, or the first line."""

    title: str
    sections: tuple[OwnSection, ...]


def read_own_words(text: str) -> OwnWords:
    """Return the words as sections of lines of at most 14 syllables, of which one at least can be sung.

    Labels such as [Chorus] begin a section, blank lines part unlabelled ones. RequestError for no words, more than 4000
    characters or 80 lines, letters that are not Latin, and insults.
    """
    if len(text) > MOST_CHARACTERS:
        raise RequestError(f"the words must be 1-{MOST_CHARACTERS} characters, got {len(text)}; leave some verses out")
    lyrics = parse_lyrics(_with_line_breaks(_visible(text)))
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
    if not count:
        raise RequestError(f"there are no words to sing; {_EXAMPLE}")
    if count > MOST_LINES:
        raise RequestError(f"the words fill {count} lines, and a song has at most {MOST_LINES}; leave some verses out")
    first = next(section.lines[0] for section in sections if section.lines)
    return OwnWords(_title(title) or _title(first.shown) or _title(first.sung), tuple(sections))


def _visible(text: str) -> str:
    """Return the text without mentions, addresses, code fences, piled-up marks and invisible characters."""
    text = without_piled_marks(text.replace("\r\n", "\n").replace("\r", "\n").translate(_SHOWN_QUOTES))
    text = MENTION.sub(" ", re.sub(r"```[a-z]*", "\n", text))
    text = EMOJI_NAME.sub(" ", ADDRESS.sub(" ", MARKDOWN_LINK.sub(r"\1", text)))
    kept = []
    for character in text:
        decimal = unicodedata.decimal(character, None)
        if decimal is not None:
            kept.append(str(decimal))
        elif character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn"):
            kept.append(character)
        elif unicodedata.category(character) == "Cc":
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
    if script := other_script(raw):
        raise RequestError(
            f"the words have letters of the {script} script, and only English can be sung for now; "
            "write them in Latin letters"
        )
    words = [OwnLine(word, _sung(word)) for word in raw.split()]
    if any(is_insult(part) for word in words for part in re.findall(r"[a-z]+", word.sung.lower())):
        raise RequestError("the words hold one that is not sung here; say it in other words")
    words = [part for word in words for part in _short_enough(word)]
    for part in _parts(words):
        if any(word.syllables for word in part):
            yield OwnLine(" ".join(w.shown for w in part), " ".join(w.sung for w in part if w.syllables))


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


def _sung(word: str) -> str:
    """Return what is sung of a typed word: numbers and signs as words, no other symbols. "24" -> "twenty-four"."""
    for sign, said in _SIGNS.items():
        word = word.replace(sign, said)
    said = _NUMBER.sub(_said_number, _THOUSANDS.sub("", word))
    kept = "".join(c if c.isalpha() or c in "'-,.;:!?\"()" or unicodedata.combining(c) else " " for c in said)
    return " ".join(_with_a_letter_each(part) for part in kept.split() if WORD.search(part))


def _said_number(found: re.Match[str]) -> str:
    digits, ending = found[1] or found[3], (found[2] or "").lower()
    if len(digits) > LONGEST_DIGITS:
        raise RequestError(f"the number {digits[:LONGEST_DIGITS]}... is too long to be sung; write it in words")
    words = ordinal_words(digits) if ending in ("st", "nd", "rd", "th") else number_words(digits)
    if ending == "s":
        words[-1] = words[-1][:-1] + "ies" if words[-1].endswith("y") else words[-1] + "s"
    return " " + " ".join(words) + " "


def _with_a_letter_each(word: str) -> str:
    """Return a word in which every syllable has a letter: "www" is sung as "double-u double-u double-u"."""
    if all(any(c.isalpha() for c in syllable.text) for syllable in syllables_of(word)):
        return word
    return " ".join("double-u" if letter == "w" else letter for letter in word.lower() if letter.isalpha())


def _label(label: str) -> str:
    """Return a label in plain letters: "verse 1: Ann" -> "Verse 1"; "" where it names nothing."""
    plain = " ".join(re.sub(r"[^\w\s-]", " ", label.split(":")[0]).split())[:LONGEST_LABEL].strip()
    return plain[:1].upper() + plain[1:]


def _title(text: str) -> str:
    """Return at most 40 characters of a line as a title, cut between words; "" where it has no letter or digit."""
    words = text.split()
    while len(words) > 1 and len(" ".join(words)) > LONGEST_TITLE:
        words.pop()
    title = " ".join(words)[:LONGEST_TITLE].strip(" ,.;:!?-'\"()*_#>~`|")
    return title if any(c.isalnum() for c in title) else ""
