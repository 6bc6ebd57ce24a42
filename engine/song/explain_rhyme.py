"""Explains the rhyme: the scheme of each section, which words rhyme, near and inner rhymes. Does not know music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.lyrics.prosody import rhyme_key, word_rhyme_key, words_of
from engine.lyrics.rhyme import FREE, find_scheme, last_word, near_family, rhyme_pairs
from engine.lyrics.text import Section
from engine.lyrics.theme_words import FUNCTION_WORDS
from engine.song.explain_subject import Subject
from engine.song.explain_wording import Topic, joined, number, quoted, sentence, the

_NAMES = {
    "AABB": "two couplets: each line is answered by the next one",
    "ABAB": "crossed rhyme: every line is answered by the next but one",
    "XAXA": "the rhyme of ballads: only every second line is answered",
    "ABBA": "enclosed rhyme: the outer pair holds the inner one",
    "AAAA": "one rhyme for all four lines",
    "AABA": "the third line steps aside, and the fourth comes back",
    "AAXA": "the third line steps aside, and the fourth comes back",
    "AA": "a couplet: the second line answers the first",
    "AAXX": "a couplet first, and then two lines that go free",
    "XXAA": "two lines that go free, and then a couplet",
}
MOST_PAIRS, MOST_INNER, MOST_SECTIONS = 3, 4, 5


def explain_rhyme(subject: Subject) -> Topic | None:
    """Return what the rhymes do; None without words."""
    if not subject.sections:
        return None
    if subject.is_chinese:
        text = "These words are Chinese, and rhyme is explained for English words only, so nothing is said of it here."
        return Topic("rhyme", (text,), {})
    groups = _groups(subject.sections)
    paragraphs = _scheme_texts(groups)
    inner = [found for line in dict.fromkeys(subject.lines) for found in inner_rhymes(line)]
    near = [pair for _, section in groups for pair in near_rhymes(section.lines)]
    paragraphs.append(" ".join(filter(None, (_near_text(near), _inner_text(inner)))))
    facts: dict[str, Any] = {
        "sections": [
            {"sections": labels, "scheme": find_scheme(section.lines),
             "pairs": [[last_word(section.lines[a]), last_word(section.lines[b])] for a, b in pairs_of(section.lines)]}
            for labels, section in groups
        ],
        "near": [list(pair) for pair in near],
        "inner": [[first, second] for first, second, _ in inner],
    }  # fmt: skip
    return Topic("rhyme", tuple(filter(None, paragraphs)), facts)


def pairs_of(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the lines that rhyme, each with the last before it: by their places; the same word again is no rhyme."""
    pairs = rhyme_pairs(find_scheme(lines))
    return [(a, b) for a, b in pairs if last_word(lines[a]) != last_word(lines[b])]


def near_rhymes(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return neighbouring unrhymed lines' last words that are alike but for the consonant of an ending."""
    free = [line for line, letter in zip(lines, find_scheme(lines), strict=True) if letter == FREE and words_of(line)]
    found = []
    for index, line in enumerate(free):
        for other in free[index + 1 : index + 3]:
            one, two = rhyme_key(line), rhyme_key(other)
            if one != two and near_family(one) == near_family(two):
                found.append((last_word(line), last_word(other)))
    return found


def inner_rhymes(line: str) -> list[tuple[str, str, str]]:
    """Return (word, later word, line) of one line that rhyme: words with a meaning of their own, and not the same."""
    words = [word.lower() for word in words_of(line)]
    first: dict[str, str] = {}
    found = []
    for word in words:
        key = word_rhyme_key(word)
        if word in FUNCTION_WORDS or not key:
            continue
        if key in first and first[key] != word:
            found.append((first[key], word, line))
        first.setdefault(key, word)
    return found


def _groups(sections: Sequence[Section]) -> list[tuple[list[str], Section]]:
    """Return the sections of different words, each with the labels that it comes under."""
    found: dict[tuple[str, ...], tuple[list[str], Section]] = {}
    for section in sections:
        labels, _ = found.setdefault(section.lines, ([], section))
        if section.label not in labels:
            labels.append(section.label)
    return list(found.values())


def _scheme_texts(groups: Sequence[tuple[list[str], Section]]) -> list[str]:
    """Return a paragraph for each scheme that is there, with the sections that have it and the words that rhyme in them."""
    by_scheme: dict[str, list[tuple[list[str], Section]]] = {}
    for labels, section in groups:
        scheme = find_scheme(section.lines)
        by_scheme.setdefault(scheme if pairs_of(section.lines) else "", []).append((labels, section))
    unrhymed = [_unrhymed_text(labels, section) for labels, section in by_scheme.pop("", [])]
    return [_scheme_text(scheme, alike) for scheme, alike in by_scheme.items()] + (
        [" ".join(unrhymed)] if unrhymed else []
    )


def _scheme_text(scheme: str, alike: Sequence[tuple[list[str], Section]]) -> str:
    names = [who(labels) for labels, _ in alike]
    name = _name_of(scheme)
    verb = "goes" if len(alike) == 1 and len(alike[0][0]) == 1 else "go"
    free = scheme.count(FREE)
    unanswered = (
        f" An X stands for a line that has no partner; there {'is' if free == 1 else 'are'} {number(free)}."
        if free
        else ""
    )
    first = f"{sentence(joined(names))} {verb} {' '.join(scheme)}{f', which is {name}' if name else ''}.{unanswered}"
    told = []
    for labels, section in alike[:MOST_SECTIONS]:
        pairs = [(last_word(section.lines[a]), last_word(section.lines[b])) for a, b in pairs_of(section.lines)]
        words = [f"{quoted(one)} with {quoted(other)}" for one, other in pairs[:MOST_PAIRS]]
        rest = [f"{number(len(pairs) - MOST_PAIRS)} more"] if len(pairs) > MOST_PAIRS else []
        told.append(f"{joined(words + rest)} in {who(labels)}" if len(alike) > 1 else joined(words + rest))
    more = f"; {number(len(alike) - MOST_SECTIONS)} more sections do the same" if len(alike) > MOST_SECTIONS else ""
    return (
        f"{first} It rhymes {'; '.join(told)}{more}."
        if verb == "goes"
        else f"{first} The words that rhyme are {'; '.join(told)}{more}."
    )


def _unrhymed_text(labels: Sequence[str], section: Section) -> str:
    lines = section.lines
    if len(lines) < 2:
        return f"{sentence(who(labels))} has one line, so there is nothing for it to rhyme with."
    same = len({last_word(line) for line in lines}) < len(lines)
    more = " The same word comes back at the ends of lines, which is repetition and not rhyme." if same else ""
    return f"In {who(labels)} no line rhymes with another.{more}"


def who(labels: Sequence[str]) -> str:
    """Return the sections that share their words as one says them; "the text" where they have no names."""
    return joined([the(label) for label in labels if label]) or "the text"


def _name_of(scheme: str) -> str:
    """Return what a scheme is called; longer ones by their groups of four where all are alike."""
    if scheme in _NAMES:
        return _NAMES[scheme]
    fours = {_renamed(scheme[i : i + 4]) for i in range(0, len(scheme), 4)}
    if len(scheme) % 4 == 0 and len(fours) == 1 and (name := _NAMES.get(fours.pop())):
        return f"in each four lines {name}"
    if len(scheme) % 2 == 0 and all(a == b != FREE for a, b in zip(scheme[::2], scheme[1::2], strict=True)):
        return "a row of couplets: each line is answered by the next one"
    return ""


def _renamed(scheme: str) -> str:
    """Return a part of a scheme with its letters counted anew; a letter that is alone in it becomes X."""
    letters: dict[str, str] = {}
    for letter in scheme:
        if scheme.count(letter) > 1 and letter != FREE:
            letters.setdefault(letter, "ABCDEF"[len(letters)])
    return "".join(letters.get(letter, FREE) for letter in scheme)


def _near_text(near: Sequence[tuple[str, str]]) -> str:
    if not near:
        return ""
    told = joined([f"{quoted(one)} and {quoted(other)}" for one, other in near[:MOST_PAIRS]], last="or")
    return f"Some ends nearly rhyme and differ in a last consonant alone, such as {told}."


def _inner_text(inner: Sequence[tuple[str, str, str]]) -> str:
    if not inner:
        return "There are no rhymes inside the lines."
    told = [f"{quoted(one)} answers {quoted(other)} in {quoted(line)}" for one, other, line in inner[:MOST_INNER]]
    return f"There is rhyme inside lines too: {joined(told)}."
