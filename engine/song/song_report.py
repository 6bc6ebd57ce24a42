"""What is told of a finished song: each line beside its plan, and the facts. Does not know files or models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.contract import LineReport, Request, SectionReport, SongReport
from engine.lyrics.draft import WrittenLine
from engine.lyrics.prosody import count_syllables
from engine.lyrics.rhyme import lines_rhyme, rhyme_pairs
from engine.music.midi_file import length_seconds
from engine.music.score import Score
from engine.song.making import Making
from engine.song.plan import LinePlan, SongPlan


def report_words(
    request: Request,
    title: str,
    plan: SongPlan,
    sections: Iterable[SectionReport],
    making: Making,
    versions: dict[str, str],
) -> SongReport:
    """Return the report of words alone; sections without lines are left out."""
    return SongReport(
        title=title,
        request=request.model_dump(mode="json"),
        sections=tuple(section for section in sections if section.lines),
        style=plan.style,
        seed=making.seed,
        seconds_per_stage=dict(making.seconds),
        model_versions=versions,
        notices=tuple(making.notices),
    )


def report_song(
    request: Request,
    title: str,
    plan: SongPlan,
    sections: Iterable[SectionReport],
    making: Making,
    versions: dict[str, str],
    score: Score,
    notices: Iterable[str],
) -> SongReport:
    """Return the report of a song with music, all sections of the plan in order."""
    return SongReport(
        title=title,
        request=request.model_dump(mode="json"),
        sections=tuple(sections),
        style=plan.style,
        seed=making.seed,
        key=plan.key_name,
        tempo_qpm=plan.tempo_qpm,
        time_signature=str(plan.time_signature),
        length_seconds=round(length_seconds(score), 2),
        seconds_per_stage=dict(making.seconds),
        model_versions=versions,
        notices=(*making.notices, *notices),
    )


def written_section(label: str, plans: Sequence[LinePlan], written: Sequence[WrittenLine]) -> SectionReport:
    """Compare a section with its plan; syllables and rhymes are counted anew from the printed text."""
    partner = {later: earlier for earlier, later in rhyme_pairs("".join(line.rhyme for line in plans))}
    lines = []
    for index, (plan, line) in enumerate(zip(plans, written, strict=True)):
        rhymes = lines_rhyme(written[partner[index]].text, line.text) if index in partner else None
        lines.append(
            LineReport(
                text=line.text,
                syllables_asked=plan.syllables,
                syllables_found=count_syllables(line.text),
                rhyme=plan.rhyme,
                rhyme_key_asked=line.rhyme_key_asked,
                rhyme_key_found=line.rhyme_key_found,
                rhymes=rhymes,
            )
        )
    return SectionReport(label=label, lines=tuple(lines))
