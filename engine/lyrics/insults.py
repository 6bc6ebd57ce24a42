"""Words that are never sung. Does not know where they would stand."""

from __future__ import annotations

import hashlib

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
