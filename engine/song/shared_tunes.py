"""Which sections of a plan are sung to one tune. Does not know words, notes or lines."""

from __future__ import annotations

from engine.song.plan import SongPlan


def tune_source(plan: SongPlan, index: int) -> int:
    """Return the section whose tune a section is sung to: itself, or the one that its words or tune come from."""
    section = plan.sections[index]
    source = section.words_of if section.words_of is not None else section.tune_of
    return index if source is None else tune_source(plan, source)


def sung_to(plan: SongPlan, source: int) -> list[int]:
    """Return the sections that are sung to the tune of a section, itself first, in the order of the song."""
    return [index for index in range(len(plan.sections)) if tune_source(plan, index) == source]


def other_verses(plan: SongPlan, source: int) -> list[int]:
    """Return the sections that sing words of their own to the tune of another."""
    return [index for index in sung_to(plan, source) if index != source and plan.sections[index].words_of is None]
