"""A lyric model that keeps to the kind and the author it was asked for. Does not know writers or songs.

As it is, the model hardly minds these marks: hymns came out as ballads, and whoever was asked for, it was Jean Ingelow.
Measured on 100 songs (share of styles told apart by a reader of real songs, over that share on real songs): 0.76 without
guidance, 0.84 with strength 0.5, 1.2 with 1, where the words begin to be about nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.families import CausalModel
from engine.guidance import GuidedModel
from engine.lyrics.prompt import FIELDS, KINDS
from engine.lyrics.tokenizer import LyricTokenizer

STRENGTH = 1.0
PLAINEST_KIND = "poem"  # most of the training texts


def following(model: CausalModel, tokenizer: LyricTokenizer, strength: float = STRENGTH) -> CausalModel:
    """Return the model with the difference doubled, or so, that kind and author make to it."""
    return GuidedModel(model, plainer_prompt(tokenizer), strength)


def plainer_prompt(tokenizer: LyricTokenizer) -> Callable[[Sequence[int]], list[int]]:
    """Return what makes a prompt one for a poem by nobody: another kind, and no author."""
    kinds = {tokenizer.id_of(f"<{kind}>") for kind in KINDS}
    author, *others = (tokenizer.id_of(f"<{field}>") for field in FIELDS)
    poem = tokenizer.id_of(f"<{PLAINEST_KIND}>")

    def plainer(ids: Sequence[int]) -> list[int]:
        found: list[int] = []
        of_author = False
        for one in ids:
            of_author = one == author or (of_author and one not in others)
            if not of_author:
                found.append(poem if one in kinds else int(one))
        return found

    return plainer
