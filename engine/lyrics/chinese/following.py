"""A Chinese lyric model that keeps closer to the author it was asked for. Does not know writers or songs.

As it is, the model hardly minds who is named. Of 42 songs after six authors of ci, seven each, a reader of characters and
pairs that tells 0.92 of their held-out songs apart gave the right one to 0.17 without guidance, which is chance, to 0.29
with strength 1.5 and to 0.36 with 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.families import CausalModel
from engine.guidance import GuidedModel
from engine.lyrics.chinese.tokenizer import FIELDS, ChineseTokenizer

AUTHOR_STRENGTH = 2.5


def following(model: CausalModel, tokenizer: ChineseTokenizer, *, author: bool) -> CausalModel:
    """Return the model with the difference that an author makes to it enlarged, or as it is where none is named."""
    if not author:
        return model
    named = tokenizer.id_of("<author>")
    others = {tokenizer.id_of(f"<{field}>") for field in FIELDS} - {named}

    def by_nobody(ids: Sequence[int]) -> list[int]:
        found: list[int] = []
        of_author = False
        for one in ids:
            of_author = one == named or (of_author and one not in others)
            if not of_author:
                found.append(int(one))
        return found

    return GuidedModel(model, by_nobody, AUTHOR_STRENGTH)
