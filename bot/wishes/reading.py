"""Reads a message against rules, leftmost and longest first, and keeps account of every word. Knows no meanings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.wishes.words import END, LATIN, Vocabulary

GAP = "\x00"  # stands in `Reading.left` for every character that has been understood
FILLER = "filler"
_WORD = re.compile(r"\w")
_LATIN_RUN = re.compile(f"[{LATIN}]+(?:['’][{LATIN}]+)*")


@dataclass(frozen=True)
class Rule:
    """What a pattern means: `value` of the match for a field, or None where it means nothing after all."""

    field: str
    pattern: re.Pattern[str]
    value: Callable[[re.Match[str]], Any]


@dataclass(frozen=True)
class Found:
    """A value with its place in the message."""

    field: str
    value: Any
    start: int
    end: int


def rule(field_name: str, pattern: str, value: Callable[[re.Match[str]], Any] = lambda found: True) -> Rule:
    return Rule(field_name, re.compile(pattern, re.IGNORECASE), value)


def words_rule(field_name: str, value: Any, latin: str, chinese: str = "") -> Rule:
    """Return the rule that whole words, or Chinese characters anywhere, mean a value."""
    parts = ([f"(?:{latin}){END}"] if latin else []) + ([chinese] if chinese else [])
    return rule(field_name, "|".join(parts), lambda found: value)


def vocabulary_rules(field_name: str, vocabulary: Vocabulary) -> list[Rule]:
    return [words_rule(field_name, value, *words) for value, words in vocabulary.items()]


def any_word(vocabulary: Vocabulary) -> str:
    """Return a pattern for every word of a vocabulary, longest first where one begins another in Chinese."""
    latin = "|".join(words for words, _ in vocabulary.values() if words)
    chinese = "|".join(words for _, words in vocabulary.values() if words)
    return f"(?:(?:{latin}){END}|{chinese or '(?!)'})"


def lookup(vocabulary: Vocabulary, word: str) -> str | None:
    """Return what a whole word means, None if it is not in the vocabulary."""
    for value, (latin, chinese) in vocabulary.items():
        if re.fullmatch(f"{latin}|{chinese}" if chinese else latin, word.strip(), re.IGNORECASE):
            return value
    return None


@dataclass
class Reading:
    """A message while it is read. left: as long as the text, with `GAP` for what is understood."""

    text: str
    left: str = field(init=False)
    found: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.text.replace(GAP, " ").replace("’", "'")

    def present(self, rules: Sequence[Rule]) -> list[Rule]:
        """Return the rules whose pattern occurs at all; the others need not be tried at every word."""
        return [rule for rule in rules if rule.pattern.search(self.left)]

    def scan(self, start: int, end: int, rules: Sequence[Rule]) -> list[Found]:
        """Return what the rules find in a part, without overlaps; of equally long matches the first rule's."""
        found, position = [], start
        while position < end:
            best = self._at(position, end, rules)
            if best is not None:
                found.append(best)
                position = best.end
            else:
                run = _LATIN_RUN.match(self.left, position, end)
                position = run.end() if run else position + 1
        return found

    def _at(self, position: int, end: int, rules: Sequence[Rule]) -> Found | None:
        best: Found | None = None
        if self.left[position].isspace() or self.left[position] == GAP:
            return None
        for rule in rules:
            match = rule.pattern.match(self.left, position)
            if match is None or not (best.end if best else position) < match.end() <= end:
                continue
            if (value := rule.value(match)) is not None:
                best = Found(rule.field, value, position, match.end())
        return best

    def whole(self, start: int, end: int, rules: Sequence[Rule]) -> list[Found] | None:
        """Return what the rules find where that is every word of a part and more than fillers; else None."""
        found = self.scan(start, end, rules)
        rest = list(self.left[start:end])
        for one in found:
            rest[one.start - start : one.end - start] = GAP * (one.end - one.start)
        is_whole = not _WORD.search("".join(rest)) and any(one.field != FILLER for one in found)
        return found if is_whole else None

    def leading(self, start: int, end: int, rules: Sequence[Rule]) -> tuple[list[Found], int]:
        """Return what the rules find from the start up to the first word without a meaning, and where that is."""
        found, position = [], start
        while position < end:
            best = self._at(position, end, rules)
            if best is not None:
                found.append(best)
                position = best.end
            elif _WORD.match(self.left, position):
                break
            else:
                position += 1
        return found, position

    def claim(self, found: Sequence[Found]) -> None:
        """Take what was found out of what is left."""
        left = list(self.left)
        for one in found:
            self.found.append(one)
            left[one.start : one.end] = GAP * (one.end - one.start)
        self.left = "".join(left)

    def source(self, one: Found) -> str:
        return self.text[one.start : one.end].strip()

    def pieces(self, start: int, end: int, signs: str = "") -> Iterator[tuple[int, int]]:
        """Yield the stretches of a part that have words and are not understood. signs: what also parts them."""
        for stretch in re.finditer(f"[^{GAP}{signs}]+", self.left[start:end]):
            if _WORD.search(stretch[0]):
                yield start + stretch.start(), start + stretch.end()

    def without_tail(self, start: int, end: int, rules: Sequence[Rule]) -> int:
        """Claim what the rules find at the end of a part, and return where its other words end; one word stays."""
        claimed = []
        for one in reversed(self.scan(start, end, rules)):
            if one.start == start or _WORD.search(self.left[one.end : end]):
                break
            claimed.append(one)
            end = one.start
        self.claim(claimed)
        return end

    def trimmed(self, start: int, end: int, rules: Sequence[Rule]) -> tuple[int, int]:
        """Claim fillers at both ends of a part and return where its other words begin and end."""
        fillers, begin = self.leading(start, end, rules)
        self.claim(fillers)
        return begin, self.without_tail(begin, end, rules)
