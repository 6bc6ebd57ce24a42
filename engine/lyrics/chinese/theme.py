"""What a Chinese text is to be about: the words of a theme that the model can write. Does not know the model."""

from __future__ import annotations

import re
from collections.abc import Container

from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.tokenizer import ChineseTokenizer

MOST_WORDS = 3
# What people put around a theme when they ask for a song.
_AROUND = re.compile("关于|有关|写一首|来一首|一首|歌词|歌曲|的歌|的词|我想要|我想|请写|请|给我|帮我|唱一|主题是|主题")
_EMPTY = frozenset("的了着和与及在是我你他她它们这那个一首之于把被很都也就")


def theme_words(theme: str, words: Container[str], tokenizer: ChineseTokenizer) -> list[str]:
    """Return up to three words of a theme, in their order: known pairs of characters first, then what is left.

    words: pairs that the model has read often. Characters that it cannot write are left out; so are particles. Empty
    where nothing is left.
    """
    runs = re.split(
        f"[^{''.join(map(re.escape, set(filter(is_hanzi, theme))))}]+" if any(map(is_hanzi, theme)) else ".", theme
    )
    known: list[str] = []
    rest: list[str] = []
    for run in (part for whole in runs for part in _AROUND.split(whole) if part):
        left = ""
        place = 0
        while place < len(run):
            if run[place : place + 2] in words:
                known.append(run[place : place + 2])
                place += 2
                left += " "
            else:
                left += run[place]
                place += 1
        for piece in re.split(f"[ {''.join(_EMPTY)}]+", left):
            writable = "".join(character for character in piece if tokenizer.knows(character))
            rest += [writable[i : i + 2] for i in range(0, len(writable), 2)]
    return list(dict.fromkeys([*known, *rest]))[:MOST_WORDS]
