"""Ratings with an obvious preference, of words that tiny models of plain songs know: no lyric model is needed for them."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

from engine.contract import LineReport, LyricRequest, SectionReport
from engine.corpus.snapshots import Judgement, Rules, Snapshot, Take, write_snapshot
from tests.tiny_hf_models import WORDS

DAY = date(2026, 11, 21)
LIKED_WORDS, OTHER_WORDS = WORDS[:6], WORDS[6:12]


def section(label: str, *lines: str) -> SectionReport:
    """Return a part as it is reported."""
    said = [
        LineReport(text=line, syllables_asked=4, syllables_found=4, rhyme="A", rhyme_key_asked=None, rhyme_key_found="",
                   rhymes=None) for line in lines
    ]  # fmt: skip
    return SectionReport(label=label, lines=tuple(said))


def take(prompt: int, *, is_liked: bool) -> Take:
    """Return a verse of two lines: of words of night and rain, or of garden and light."""
    chance = random.Random(f"{prompt} {is_liked}")
    words = LIKED_WORDS if is_liked else OTHER_WORDS
    lines = [" ".join(chance.choice(words) for _ in range(3)) for _ in range(2)]
    request = LyricRequest(theme=f"theme {prompt}", form="V").model_dump(mode="json")
    return Take(
        id=f"{prompt} {is_liked}", request=request, seed=0, versions={"lyrics": "another model"}, title=f"Song {prompt}",
        text="", sections=(section("Verse 1", *lines),),
    )  # fmt: skip


def plain_ratings(folder: Path, prompts: int = 60) -> Snapshot:
    """Write a snapshot in which of two takes of each prompt one was given five stars and the other one star."""
    takes = [take(prompt, is_liked=is_liked) for prompt in range(prompts) for is_liked in (True, False)]
    judged = [
        Judgement(rater="rater 1", kind="stars", take=one.id, value=5.0 if one.id.endswith("True") else 1.0, day=DAY)
        for one in takes
    ]
    return write_snapshot(folder, takes, judged, Rules(), DAY, lambda statistics: b"")
