"""Takes without any model and snapshots of stars for them, for tests of what learns from ratings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from engine.corpus.snapshots import Judgement, Rules, Snapshot, Take, write_snapshot
from tests.tiny_models import WORDS

DAY = date(2026, 11, 21)
PROMPTS, TAKES_OF_PROMPT, LINES = 40, 2, 8


def takes(prompts: int = PROMPTS) -> list[Take]:
    """Return takes of random words, two of each prompt; their lines have 3 to 8 words."""
    return [take(prompt, number) for prompt in range(prompts) for number in range(TAKES_OF_PROMPT)]


def take(prompt: int, number: int) -> Take:
    """Return one take, the same at each asking."""
    chance = random.Random(f"{prompt} {number}")
    words = chance.randint(3, 8)
    lines = [" ".join(chance.choice(WORDS) for _ in range(words)) + "," for _ in range(LINES)]
    text = "A Song\n\n[Verse 1]\n" + "\n".join(lines) + "\n"
    return Take(
        id=f"{prompt}-{number}",
        request={"theme": f"theme {prompt}"},
        seed=number,
        versions={},
        title="A Song",
        text=text,
    )


def letters_in_line(take: Take) -> float:
    """Return how long the lines of a take are."""
    return len(take.text) / LINES


def stars(raters: int, given: Callable[[str, Take], float], of: Iterable[Take]) -> list[Judgement]:
    """Return the stars of raters for all takes."""
    return [
        Judgement(rater=f"rater {number}", kind="stars", take=take.id, value=given(f"rater {number}", take), day=DAY)
        for number in range(raters)
        for take in of
    ]


def short_lines(rater: str, take: Take) -> float:
    """Return stars that are higher the shorter the lines are, with some chance."""
    chance = random.Random(f"{rater} {take.id}")
    return float(min(5, max(1, round(6.5 - letters_in_line(take) / 9 + chance.gauss(0, 1)))))


def by_chance(rater: str, take: Take) -> float:
    """Return stars that say nothing."""
    return float(random.Random(f"chance {rater} {take.id}").randint(1, 5))


def snapshot_of(folder: Path, judgements: Iterable[Judgement], of: Iterable[Take]) -> Snapshot:
    """Write and open a snapshot without a picture."""
    return write_snapshot(folder, of, judgements, Rules(), DAY, lambda statistics: b"")
