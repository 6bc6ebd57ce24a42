"""Who tells a song: the pronouns of a person, and those that are then not written. Does not know lexicons or lines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.contract import PERSONS
from engine.errors import RequestError

_PERSON_HELP = "for two of them write: I and you"
_PRONOUNS: Mapping[str, tuple[str, ...]] = {
    "I": ("i", "me", "my", "mine", "myself"),
    "you": ("you", "your", "yours", "yourself", "yourselves", "thou", "thee", "thy", "thine", "thyself", "ye"),
    "we": ("we", "us", "our", "ours", "ourselves"),
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "hers", "herself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
}
_WITH_VERBS = ("'m", "'s", "'re", "'ve", "'ll", "'d", "'lt", "'rt")
_OF_NAME = {name.lower(): name for name in PERSONS} | {
    "me": "I", "us": "we", "thou": "you", "him": "he", "her": "she", "them": "they",
}  # fmt: skip


@dataclass(frozen=True)
class Telling:
    """pronouns: in lower case, with those that have a verb ("i'm"), of the persons asked for. others: of all others."""

    pronouns: frozenset[str]
    others: frozenset[str]


def parse_person(text: str) -> Telling:
    """Read "I", "we" or "I and you"; RequestError names the persons that there are.

    >>> sorted(parse_person("I").others & {"i", "you", "it"})
    ['you']
    """
    named = [word for word in re.split(r"[\s,;/+&]+|\band\b", text.strip().lower()) if word]
    unknown = next((word for word in named if word not in _OF_NAME), None if named else text.strip())
    if unknown is not None:
        near = difflib.get_close_matches(unknown, _OF_NAME, n=1, cutoff=0.5)
        hint = f"did you mean {_OF_NAME[near[0]]}?" if near else _PERSON_HELP
        raise RequestError(f"person must be one or more of {', '.join(PERSONS)}, got {unknown[:40]!r}; {hint}")
    asked = {_OF_NAME[word] for word in named}
    return Telling(_all_of(asked), _all_of(set(PERSONS) - asked))


def _all_of(persons: Iterable[str]) -> frozenset[str]:
    plain = [pronoun for person in persons for pronoun in _PRONOUNS[person]]
    return frozenset(plain) | {pronoun + verb for pronoun in plain for verb in _WITH_VERBS}
