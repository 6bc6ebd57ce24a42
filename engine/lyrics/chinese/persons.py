"""Who tells a Chinese text: the words of a person, and those that are then not written. Does not know models or lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest

from engine.contract import PERSONS
from engine.lyrics.persons import parse_person

# Old verse seldom names who is meant; it has no word for "she" alone and a plural of its own (每).
_WORDS: Mapping[str, tuple[str, ...]] = {
    "I": ("我", "吾", "俺", "咱"),
    "you": ("君", "你", "汝", "卿", "您"),
    "we": ("我辈", "吾辈", "我们", "咱们", "我曹", "吾侪"),
    "he": ("他", "伊", "彼"),
    "she": ("伊", "伊人", "她"),
    "they": ("他们", "他每", "渠们", "他家"),
}
# Plurals come first, for they hold the others.
_IN_ENGLISH = (
    ("我们", "we"), ("他们", "they"), ("她们", "they"), ("我", "I"), ("你", "you"), ("君", "you"), ("他", "he"), ("她", "she"),
    ("和", "and"), ("与", "and"), ("、", "and"), ("，", "and"),
)  # fmt: skip


@dataclass(frozen=True)
class ChineseTelling:
    """words: of the persons asked for, the usual ones of each first. others: of all others, and in none of the words asked for."""

    words: tuple[str, ...]
    others: tuple[str, ...]


def chinese_telling(text: str, theme: Collection[str] = ()) -> ChineseTelling:
    """Read "I", "我们" or "I and you"; RequestError as for English. theme: words that are written all the same.

    >>> chinese_telling("我").others[:2]
    ('君', '你')
    """
    for said, person in _IN_ENGLISH:
        text = text.replace(said, f" {person} ")
    asked = parse_person(text).pronouns
    named = [person for person in PERSONS if person.lower() in asked]
    in_turn = chain.from_iterable(zip_longest(*(_WORDS[person] for person in named)))
    words = tuple(dict.fromkeys(word for word in in_turn if word is not None))
    kept = (*words, *theme)
    others = [word for person in PERSONS if person not in named for word in _WORDS[person]]
    return ChineseTelling(words, tuple(word for word in dict.fromkeys(others) if not any(word in one for one in kept)))
