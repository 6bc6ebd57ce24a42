"""Tunes that a judge tells apart: several to the words of a rated song, and which of them people would like.

For the same reason as `judged_lines`, and for tunes all at once: what people like in one is told by the whole of it. Does not
know objectives or training.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.contract import SongRequest
from engine.corpus.records import Split
from engine.corpus.snapshots import Snapshot, Take
from engine.lyrics.prosody import syllables_of
from engine.music.as_json import lead_sheet_from_json, lead_sheet_to_json
from engine.song.judge import Judge
from engine.song.melody_writer import write_melody
from engine.song.models import MelodyModel
from engine.song.plan import SongPlan, make_plan
from engine.training.judged_lines import by_turns
from engine.training.rated_melodies import encode_tune
from engine.training.rated_rows import Preferred

WAYS = 6  # to sing the words
KEPT = 2  # of them as pairs: the best with the worst, the second with the second worst


def judged_tunes(
    snapshot: Snapshot,
    split: Split,
    *,
    model: MelodyModel,
    judge: Judge,
    takes: int,
    seed: int,
    report: Callable[[str], None] = lambda text: None,
) -> list[Preferred]:
    """Return pairs of tunes to the words of up to so many takes of a split, prompts by turns; none of other kinds than songs."""
    found: list[Preferred] = []
    done = 0
    for number, take in enumerate(by_turns([take for take in snapshot.takes.values() if take.split == split])):
        plan = _plan(take)
        if done == takes or plan is None:
            continue
        tunes = [sung_again(take, plan, model, (seed * 1_000_003 + number * 7919 + way) % 2**31) for way in range(WAYS)]
        found += _pairs(tunes, judge)
        done += 1
        if done % 10 == 0:
            report(f"tunes of {done} takes are judged")
    return found


def _plan(take: Take) -> SongPlan | None:
    """Return the plan that a take was made by; None where this version would plan it otherwise."""
    if take.request.get("kind") != "song" or take.sheet is None:
        return None
    plan = make_plan(SongRequest(**take.request), take.seed)
    planned = [(section.label, len(section.lines)) for section in plan.sections]
    return plan if planned == [(section.label, len(section.lines)) for section in take.sections] else None


def sung_again(take: Take, plan: SongPlan, model: MelodyModel, seed: int) -> Take:
    """Return the take with another tune to the same words."""
    lines = [[syllables_of(line.text) for line in section.lines] for section in take.sections]
    sheet = write_melody(model.model, plan, lines, take.title, seed=seed)
    return take.model_copy(update={"sheet": lead_sheet_to_json(sheet)})


def _pairs(tunes: list[Take], judge: Judge) -> list[Preferred]:
    scored = []
    for tune in tunes:
        row = encode_tune(tune)
        if row is not None and tune.sheet is not None:
            scored.append((judge.score(tune.text, lead_sheet_from_json(tune.sheet)), row))
    scored.sort(key=lambda pair: (pair[0], pair[1].ids))
    return [
        Preferred(better, worse, high - low)
        for (low, worse), (high, better) in zip(scored[:KEPT], reversed(scored[-KEPT:]), strict=True)
        if high > low
    ]
