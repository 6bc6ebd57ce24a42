"""Words that are never sung. Does not know where they would stand."""

from __future__ import annotations

import hashlib

from engine.lyrics.chinese.filtered_words import plain_hanzi

# Insults, as the first ten digits of their SHA-1, so that nobody has to read them.
NOT_SUNG = frozenset(
    """
    38cbc7bbe5 4e33c81b41 50a326e743 6e9e2b753a 85fe8de475 867268472c 8f709233af 921f208a40 ae2408e314 b1aa14315b
    b5af50a4c2 e9180f9b2a f5c4da51fb f69c253333
    """.split()
)


def is_insult(word: str) -> bool:
    """Return whether a lower-case word, or what it is the plural of, is an insult to people for what they are."""
    singular = {word, word.removesuffix("s"), word.removesuffix("es")}
    return any(hashlib.sha1(one.encode()).hexdigest()[:10] in NOT_SUNG for one in singular)


# Those of two to four Chinese characters.
CHINESE_NOT_SUNG = frozenset(
    """
    00a074396b 056fd138ed 152a54699d 17f1dd70ee 362ec19bff 3ff913c7e2 492c05b375 5734089e5a 743bad7a74 7524d70457
    8f1f6feca1 b2008918c0 ed7b98d4ff
    """.split()
)
_LENGTHS = (2, 3, 4)


def holds_chinese_insult(text: str) -> bool:
    """Return whether such a word stands in a text in Chinese, which has no spaces, in whichever characters."""
    plain = plain_hanzi(text)
    return any(
        _is_listed(plain[start : start + length]) for length in _LENGTHS for start in range(len(plain) - length + 1)
    )


def _is_listed(run: str) -> bool:
    return hashlib.sha1(run.encode()).hexdigest()[:10] in CHINESE_NOT_SUNG
