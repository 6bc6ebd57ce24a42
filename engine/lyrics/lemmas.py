"""What the forms of an English word have in common, so that they can be told from other words. Does not know texts."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=65536)
def lemma(word: str) -> str:
    """Cut the endings of plurals, possessives and verb forms off: rains, rained, raining -> rain; ponies, pony -> poni.

    The plural rules are Harman's S stemmer (1991). What is left need not be a word: it is only compared with itself.
    """
    stem = re.sub(r"'s?$", "", word.lower())
    if len(stem) > 4 and stem.endswith("ies") and not stem.endswith(("eies", "aies")):
        stem = stem[:-2]
    elif len(stem) > 3 and stem.endswith("s") and not stem.endswith(("us", "ss", "aes", "ees", "oes")):
        stem = stem[:-1]
    cut = re.sub(r"(?<=[a-z]{2})(?:ing|in'|ed)$", "", stem)
    if cut != stem and re.search(r"[aeiouy]", cut):
        stem = re.sub(r"([bdgmnprt])\1$", r"\1", cut)
    return re.sub(r"y$", "i", re.sub(r"(?<=[a-z]{2})e$", "", stem))
