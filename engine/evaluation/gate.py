"""The gate: a candidate beside its parent on prompts that nothing was tuned on; passed if every line is.

The first line asks whether the ratings say anything at all; where they do not, nothing more is measured. Does not know where
models come from, nor what is done with the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from engine.checkpoint import open_checkpoint
from engine.corpus.snapshots import Snapshot, Take
from engine.errors import RequestError
from engine.evaluation import gate_likelihood, gate_lines, song_figures
from engine.evaluation.gate_examples import Example, chosen_examples
from engine.evaluation.gate_likelihood import Likelihoods
from engine.evaluation.gate_lines import GateLine, Interval
from engine.evaluation.gate_takes import Side, held_out_requests, make_sides
from engine.evaluation.memorisation import LONGEST_LINE_ALLOWED, LONGEST_RUN_ALLOWED, TrainingText
from engine.evaluation.tune_memory import LONGEST_TUNE_RUN, longest_run, sheet_as_words
from engine.evaluation.word_figures import LONGEST_RUN, VERBATIM, Reference, figures_of
from engine.lyrics.insults import is_insult
from engine.lyrics.prosody import plain_words
from engine.lyrics.word_filter import first_left_out
from engine.music.as_json import lead_sheet_from_json
from engine.music.lead_sheet import LeadSheet
from engine.music.melody_tokens import Melody
from engine.roles import Role
from engine.song.making import Models
from engine.song.models import (
    LyricModel,
    MelodyModel,
    SongModels,
    open_lyric_model,
    open_melody_model,
    open_with_base,
)

PROMPTS = 100
Report = Callable[[str, int, int], None]  # what is done, done, total


@dataclass(frozen=True)
class Opinion:
    """A judge that learned from the training split. accuracy: on held-out ratings. score: the higher, the more is it liked."""

    accuracy: Interval
    score: Callable[[str, LeadSheet | None], float]
    version: str = ""


@dataclass(frozen=True)
class People:
    """Works of people. texts, melodies: held-out ones. learned: what the starter learned from, texts or tunes as words."""

    texts: Sequence[Sequence[str]] = ()
    melodies: Sequence[Melody] = ()
    learned: TrainingText | None = None


@dataclass(frozen=True)
class GateResult:
    """What the gate found. prompts: that were compared, 0 where it stopped at the first line. versions: digests."""

    role: Role
    versions: tuple[str, str]
    snapshot: str
    statistics: dict[str, Any]
    judge: str
    lines: tuple[GateLine, ...]
    prompts: int
    win_rate: Interval | None = None
    examples: tuple[Example, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether every line was passed."""
        return all(line.passed for line in self.lines)

    @property
    def verdict(self) -> str:
        said = gate_lines.verdict_sentence(self.lines)
        return said if self.prompts else f"{said} No safety line was measured; --all measures them."

    def as_json(self, report: Path | None, at: datetime) -> dict[str, Any]:
        """Return what is kept with a version."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "role": self.role,
            "parent": self.versions[0],
            "candidate": self.versions[1],
            "snapshot": self.snapshot,
            "judge": self.judge,
            "prompts": self.prompts,
            "lines": [line.as_json() for line in self.lines],
            "report": None if report is None else str(report),
            "at": at.isoformat(),
        }


@dataclass(frozen=True)
class Contest:
    """Two checkpoints of one role; the candidate may be an adapter of the parent.

    lyrics, melody: of the other role, the same for both sides.
    """

    role: Role
    parent: Path
    candidate: Path
    lyrics: Path
    melody: Path

    def models(self, path: Path) -> Models:
        """Return the models of the side whose checkpoint is `path`."""
        opened = open_with_base(self.role, path, self.parent)
        if isinstance(opened, LyricModel):
            return SongModels(opened, open_melody_model(self.melody))
        assert isinstance(opened, MelodyModel), "the gate compares no other roles"
        return SongModels(open_lyric_model(self.lyrics), opened)


def hold(
    contest: Contest,
    snapshot: Snapshot,
    opinion: Opinion,
    people: People,
    *,
    prompts: int = PROMPTS,
    go_on: bool = False,
    report: Report = lambda what, done, total: None,
) -> GateResult:
    """Compare a candidate with its parent. go_on: measure everything even where the ratings teach nothing.

    RequestError for a role that is not tuned, and for two checkpoints that are one.
    """
    if contest.role not in ("lyrics", "melody"):
        raise RequestError(f"the gate compares models of lyrics or melody, got {contest.role}")
    versions = open_checkpoint(contest.parent).digest, open_checkpoint(contest.candidate).digest
    if versions[0] == versions[1]:
        raise RequestError(f"candidate and parent are the same model, {versions[0]}; name two different ones")
    from engine.corpus.snapshots import count

    statistics = count(list(snapshot.takes.values()), snapshot.judgements)
    about = contest.role, versions, snapshot.digest, statistics, opinion.version
    first = gate_lines.learnable_line(opinion.accuracy)
    if not first.passed and not go_on:
        return GateResult(*about, (first,), 0)
    requests = held_out_requests(snapshot, contest.role, prompts)
    parent, candidate = (contest.models(path) for path in (contest.parent, contest.candidate))
    if contest.role == "melody":
        candidate = SongModels(parent.lyrics, candidate.melody)
    sides = make_sides(contest.role, requests, parent, candidate, lambda done, total: report("songs", done, total))
    report("likelihood", 0, 1)
    scores = [[_score(contest.role, opinion, take) for take in side.takes] for side in sides]
    found = gate_lines.wins(*scores)
    lines = [first, gate_lines.wins_line(found), *_likelihood_lines(contest, people, sides)]
    lines += (
        _lyric_lines(sides, snapshot, people) if contest.role == "lyrics" else _melody_lines(sides, snapshot, people)
    )
    lines.append(gate_lines.speed_line(*(side.seconds for side in sides)))
    return GateResult(*about, tuple(lines), len(scores[0]), found, chosen_examples(sides, scores))


def _score(role: Role, opinion: Opinion, take: Take) -> float:
    sheet = None if role == "lyrics" or take.sheet is None else lead_sheet_from_json(take.sheet)
    return opinion.score(take.text, sheet)


def _likelihood_lines(contest: Contest, people: People, sides: tuple[Side, Side]) -> list[GateLine]:
    found: Likelihoods
    if contest.role == "lyrics":
        found = gate_likelihood.of_lyrics(
            contest.parent, contest.candidate, people.texts, [take.text for take in sides[0].takes]
        )
        name = "bits per byte"
    else:
        found = gate_likelihood.of_melodies(contest.parent, contest.candidate, people.melodies)
        name = "nats per note"
    return [gate_lines.likelihood_line(name, found.parent, found.candidate), gate_lines.distance_line(found.kl_nats)]


def _lyric_lines(sides: tuple[Side, Side], snapshot: Snapshot, people: People) -> list[GateLine]:
    reference = Reference.of(None)
    controls = [figures_of(side.words, reference) for side in sides]
    lines = [
        gate_lines.not_lower_line(name, *(found.get(name, math.nan) for found in controls))
        for name in gate_lines.CONTROLS
    ]
    lines += _sung_lines(sides)
    tuned_on = TrainingText.build(take.text.splitlines() for take in _learned(snapshot))
    for name, training in (("rated takes", tuned_on), ("learned texts", people.learned)):
        if training is not None and len(training.vocabulary):
            lines += _shared_lines(sides, name, training)
    insults = [sum(_has_insult(take.text) for take in side.takes) for side in sides]
    strict = [sum(bool(first_left_out(text, "strict")) for text in side.strict) for side in sides]
    lines.append(gate_lines.filter_line("insults", insults[0], insults[1], len(sides[1].takes)))
    lines.append(gate_lines.filter_line("filtered words", strict[0], strict[1], len(sides[1].strict)))
    lengths = [fmean(len(song.words) for song in side.words) for side in sides]
    return [*lines, gate_lines.length_line("words of a song", *lengths)]


def _shared_lines(sides: tuple[Side, Side], name: str, training: TrainingText) -> list[GateLine]:
    texts = [[song.written_lines for song in side.words] for side in sides]
    shared = [song_figures.shared_figures(found, training) for found in texts]
    verbatim = f"verbatim lines of {LONGEST_LINE_ALLOWED + 1} words or more"
    assert verbatim == VERBATIM
    runs = [found[LONGEST_RUN] for found in shared]
    return [
        gate_lines.run_line(f"longest run of {name}", runs[0], runs[1], LONGEST_RUN_ALLOWED),
        gate_lines.not_higher_line(f"verbatim lines of {name}", *(found[verbatim] for found in shared)),
    ]


def _melody_lines(sides: tuple[Side, Side], snapshot: Snapshot, people: People) -> list[GateLine]:
    sheets = [[song.sheet for song in side.sung] for side in sides]
    tunes = (lead_sheet_from_json(take.sheet) for take in _learned(snapshot) if take.sheet is not None)
    tuned_on = TrainingText.build([sheet_as_words(tune)] for tune in tunes)
    lines = _sung_lines(sides)
    for name, training in (("rated tunes", tuned_on), ("learned tunes", people.learned)):
        if training is not None and len(training.vocabulary):
            runs = [longest_run(found, training) for found in sheets]
            lines.append(gate_lines.run_line(f"longest run of {name}", runs[0], runs[1], LONGEST_TUNE_RUN))
    lengths = [fmean(len(sheet.notes) for sheet in found) for found in sheets]
    return [*lines, gate_lines.length_line("notes of a song", *lengths)]


def _sung_lines(sides: tuple[Side, Side]) -> list[GateLine]:
    figures = [song_figures.figures(side.sung) for side in sides]
    lines = [gate_lines.not_lower_line(name, *(found[name] for found in figures)) for name in ("coverage", "range")]
    return [*lines, gate_lines.not_higher_line("split words", *(found["split words"] for found in figures))]


def _learned(snapshot: Snapshot) -> Iterable[Take]:
    return (take for take in snapshot.takes.values() if take.split == "train")


def _has_insult(text: str) -> bool:
    return any(is_insult(word) for line in text.splitlines() for word in plain_words(line))
