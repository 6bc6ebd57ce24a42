"""What tuning on simulated ratings is worth: win rate, bits per byte, controls and memory of a tuned model beside its parent.

Run by hand: `python -m tests.bench.bench_tuning lyrics`; not a test. 75 prompts in two takes each by the starter, 600 stars of
60 simulated members, a fifth of them chance; a snapshot of these; `engine.training.preference`; then 100 other prompts by both
models with the same seed. The judge of who wins is the hidden taste itself. Takes are kept in --folder and made once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import click

from engine.checkpoint import open_checkpoint
from engine.corpus.snapshots import Rules, Snapshot, Take
from engine.evaluation.gate_likelihood import held_out_melodies, held_out_texts, of_lyrics, of_melodies
from engine.evaluation.judge_figures import wilson
from engine.lyrics.prosody import plain_words
from engine.song.models import SongModels, open_lyric_model, open_melody_model
from engine.training.preference import JUDGED, USUAL_OBJECTIVE, Tuning, tune
from tests.bench.made_takes import prompts, sung
from tests.bench.simulated_members import TASTES, Crowd, crowd, rate
from tests.bench.tuning_takes import made_song, made_words, with_tune
from worker.loaded_models import starter_paths

PROMPTS, RATINGS, HELD_OUT = 75, 600, 100
Make = Callable[[], Iterator[Take]]


def kept_takes(file: Path, make: Make) -> list[Take]:
    """Return the takes of a file, made now where there is none."""
    if not file.is_file():
        draft = file.with_suffix(".draft")
        draft.write_text("".join(take.model_dump_json() + "\n" for take in make()), encoding="utf-8")
        draft.replace(file)
    return [Take.model_validate_json(line) for line in file.read_bytes().splitlines()]


def words_alone(take: Take) -> Take:
    """Return a take as it would be rated if only words had been asked for."""
    return take.model_copy(update={"sheet": None})


def snapshot_of(takes: Sequence[Take], people: Crowd, ratings: int) -> Snapshot:
    """Return what simulated members said of takes."""
    judged = tuple(rate(people.members, takes, ratings))
    return Snapshot(
        Path("in memory"), "simulated", date(2026, 11, 21), Rules(), {take.id: take for take in takes}, judged
    )


def controls(takes: Sequence[Take]) -> dict[str, float]:
    """Return the shares of lines with the syllables asked for, and of those to rhyme that do."""
    lines = [line for take in takes for section in take.sections for line in section.lines]
    rhymed = [line.rhymes for line in lines if line.rhymes is not None]
    return {
        "syllables": fmean(line.syllables_asked == line.syllables_found for line in lines),
        "rhymes": fmean(rhymed) if rhymed else 1.0,
    }


def learned_by_heart(takes: Sequence[Take], models: SongModels) -> float:
    """Return the share of lines that complete a run of five words of a training text, as far as the parent's memory tells."""
    counts: list[int] = []
    for take in takes:
        guard = models.lyrics.guard([take.title, str(take.request.get("theme", ""))])
        before: list[list[str]] = []
        for line in [line.text for section in take.sections for line in section.lines]:
            words = plain_words(line)
            counts += guard.learned(before, [words]) if guard is not None and words else [0]
            before.append(words)
    return fmean(count > 0 for count in counts)


def compared(first: Sequence[Take], second: Sequence[Take], people: Crowd) -> dict[str, Any]:
    """Return how often the first takes win, with Wilson's interval, and by how much each taste moved."""
    share = fmean(people.wins(a, b) for a, b in zip(first, second, strict=True))
    low, high = wilson(share, len(first))
    moved = {
        name: round(fmean(measure(a) - measure(b) for a, b in zip(first, second, strict=True)), 5)
        for name, measure in TASTES.items()
        if name != "steps" or first[0].sheet is not None
    }
    return {"win_rate": round(share, 4), "low": round(low, 4), "high": round(high, 4), "n": len(first), "moved": moved}


@click.command()
@click.argument("role", type=click.Choice(["lyrics", "melody"]))
@click.option("--folder", type=click.Path(path_type=Path), default=Path("out/bench_tuning"), show_default=True)
@click.option("--ratings", default=RATINGS, show_default=True)
@click.option("--held-out", default=HELD_OUT, show_default=True)
@click.option("--seed", default=0, show_default=True, help="of the prompts, of the members and of the run")
@click.option("--objective", type=click.Choice(["kto", "dpo", "sft"]), default=None)
@click.option("--steps", type=int, default=None)
@click.option(
    "--judged", default=JUDGED, show_default=True, help="takes whose lines or tunes a judge tells apart; 0 is none"
)
@click.option("--people", type=click.Path(path_type=Path), default=None,
              help="held-out works of people: a JSON-lines corpus, or a folder of lead sheets")  # fmt: skip
def main(
    role: Any,
    folder: Path,
    ratings: int,
    held_out: int,
    seed: int,
    objective: Any,
    steps: int | None,
    judged: int,
    people: Path | None,
) -> None:
    """Make takes, rate them, tune, and print the figures as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = starter_paths()
    parents = SongModels(open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]))
    requests = sung(prompts(PROMPTS + held_out, seed=seed))
    asked, others = requests[:PROMPTS], requests[PROMPTS:]
    rated, unseen = folder / f"rated-{seed}.jsonl", folder / f"held-out-{seed}-{held_out}.jsonl"
    takes = kept_takes(rated, lambda: (made_song(r, number, parents) for r in asked for number in (1, 2)))
    theirs = kept_takes(unseen, lambda: (made_song(r, 1, parents) for r in others))
    if role == "lyrics":
        takes, theirs = list(map(words_alone, takes)), list(map(words_alone, theirs))
    hidden = crowd(takes, seed=seed)
    tuning = Tuning(
        role, paths[role], folder / f"{role}-{time.strftime('%H%M%S')}", objective=objective or USUAL_OBJECTIVE[role],
        steps=steps, seed=seed, judged=judged, company=paths["lyrics"],
    )  # fmt: skip
    began = time.monotonic()
    tuned = tune(tuning, snapshot_of(takes, hidden, ratings), lambda text: click.echo(text, err=True))
    figures: dict[str, Any] = {
        "tuning_seconds": round(time.monotonic() - began),
        "card": dict(open_checkpoint(tuned).card),
    }
    if role == "lyrics":
        models = SongModels(open_lyric_model(tuned), parents.melody)
        ours = [made_words(request, 1, models) for request in others]
        figures["learned by heart"] = [learned_by_heart(found, parents) for found in (theirs, ours)]
        likely = of_lyrics(paths[role], tuned, held_out_texts(people) if people else [], [t.text for t in theirs])
    else:
        models = SongModels(parents.lyrics, open_melody_model(tuned))
        ours = [with_tune(take, models) for take in theirs]  # the same words: nothing else may win
        likely = of_melodies(paths[role], tuned, held_out_melodies(people) if people else [])
    figures |= compared(ours, theirs, hidden)
    figures["controls"] = [controls(found) for found in (theirs, ours)]
    figures["likelihood"] = vars(likely)
    print(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
