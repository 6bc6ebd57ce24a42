"""Measures the judge with simulated members: what it learns of a hidden taste, of chance, and of a brigade.

Run by hand; not a test. Takes are made once by the starters and kept below the temporary folder, or where --kept says.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np

from engine.corpus.snapshots import Judgement, Rules, Snapshot, Take, write_snapshot
from engine.corpus.vote_weights import weights_of_raters
from engine.evaluation.judge_figures import accuracy, score_of, wilson
from engine.lyrics.associations import Associations
from engine.song.judge import Judge
from engine.song.models import ASSOCIATIONS_FILE, SongModels, open_lyric_model, open_melody_model
from engine.training.judge import agreement, fit_judge
from tests.bench.made_takes import candidates, made_takes, prompts, sung
from tests.bench.simulated_members import Crowd, Member, brigade, crowd, random_raters, rate
from worker.loaded_models import starter_paths

RATED_PROMPTS, TAKES_OF_PROMPT, HELD_OUT, BEST_OF = 50, 2, 100, 4
HONEST, BRIGADIERS, OF_BRIGADIER = 40, 5, 40
DAY = date(2026, 11, 21)
GOAL = 0.6
CHANCE_SEED = 1000  # runs before it have shown how many trials a rating is


class Bench:
    """The takes, and the vectors that judges read words by."""

    def __init__(self, kept: Path) -> None:
        paths = starter_paths()
        models = SongModels(open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]))
        asked = prompts(RATED_PROMPTS + HELD_OUT)
        rated, held_out = asked[:RATED_PROMPTS], asked[RATED_PROMPTS:]
        seeds = range(1, TAKES_OF_PROMPT + 1)
        self.rated = made_takes(rated, seeds, models, kept, tell)
        self.held_out = candidates(held_out, 1, BEST_OF, models, kept, tell)
        self.sung = made_takes(sung(rated), seeds, models, kept, tell)
        self.associations = Associations.open(paths["lyrics"] / ASSOCIATIONS_FILE)

    def learned(self, judgements: Iterable[Judgement], takes: Sequence[Take]) -> tuple[Judge, Snapshot]:
        """Return a judge of these judgements and the snapshot that it learned from, written and read as a host's are."""
        with tempfile.TemporaryDirectory() as folder:
            snapshot = write_snapshot(Path(folder), takes, judgements, Rules(), DAY, lambda statistics: b"")
        return fit_judge(snapshot, self.associations)[0], snapshot

    def honest(self, ratings: int, seed: int) -> dict[str, Any]:
        """Return what a judge learns from honest ratings, and how often the take that it chooses is liked better."""
        members = crowd(self.rated, seed=seed)
        judge, snapshot = self.learned(rate(members.members, self.rated, ratings, seed=seed), self.rated)
        on_test = accuracy(judge, snapshot, "test")
        whole = agreement(snapshot, self.associations)
        return {
            "crowd": seed,
            "ratings": ratings,
            "accuracy on test": list(on_test),
            "accuracy on held-out prompts": list(whole),
            "rank correlation with the taste": self.correlation(judge, members),
            **self.best_of(judge, members, seed),
        }

    def best_of(self, judge: Judge, members: Crowd, seed: int) -> dict[str, Any]:
        """Return how often the chosen take beats another one of its prompt, drawn by chance, and the mean over all others."""
        chance = np.random.default_rng(seed)
        drawn, over_all = [], []
        for takes in self.held_out:
            scores = [score_of(judge, take) for take in takes]
            best = max(range(len(takes)), key=lambda number: scores[number])
            others = [take for number, take in enumerate(takes) if number != best]
            wins = [members.wins(takes[best], other) for other in others]
            drawn.append(wins[int(chance.integers(len(wins)))])
            over_all.append(float(np.mean(wins)))
        share = float(np.mean(drawn))
        return {
            "win rate over a random other": share,
            "interval": list(wilson(share, len(drawn))),
            "win rate over all others": float(np.mean(over_all)),
            "prompts": len(drawn),
        }

    def correlation(self, judge: Judge, members: Crowd) -> float:
        """Return the rank correlation of scores and hidden taste over the held-out takes; 0 for a judge that knows nothing."""
        takes = [take for some in self.held_out for take in some]
        return spearman([score_of(judge, take) for take in takes], [members.taste(take) for take in takes])

    def chance(self, ratings: int, runs: int) -> dict[str, Any]:
        """Return how often judges of chance ratings claim to know something."""
        on_test, whole = [], []
        for seed in range(CHANCE_SEED, CHANCE_SEED + runs):
            raters = random_raters(self.rated, seed=seed)
            judge, snapshot = self.learned(rate(raters, self.rated, ratings, seed=seed), self.rated)
            on_test.append(accuracy(judge, snapshot, "test"))
            whole.append(agreement(snapshot, self.associations))
            tell(f"chance ratings, run {seed - CHANCE_SEED + 1} of {runs}")
        return {
            "ratings": ratings,
            "runs": runs,
            "claims on test": sum(found.knows for found in on_test),
            "claims on held-out prompts": sum(found.knows for found in whole),
            "mean accuracy on test": float(np.mean([found.accuracy for found in on_test])),
            "mean accuracy on held-out prompts": float(np.mean([found.accuracy for found in whole])),
        }

    def brigade(self, seed: int) -> dict[str, Any]:
        """Return how a judge agrees with the honest taste without a brigade, with one, and with one by the weights."""
        members = crowd(self.rated, count=HONEST, seed=seed)
        said = rate(members.members, self.rated, 5 * HONEST, seed=seed)
        against = [one for member in brigade(members, count=BRIGADIERS) for one in self._campaign(member)]
        found = {
            "without": said,
            "with, all alike": [*said, *against],
            "with, by weights": weighted([*said, *against]),
        }
        judges = {name: self.learned(judgements, self.rated)[0] for name, judgements in found.items()}
        return {
            "crowd": seed,
            "honest ratings": len(said),
            "ratings of the brigade": len(against),
            **{name: self.correlation(judge, members) for name, judge in judges.items()},
            "win rate with, by weights": self.best_of(judges["with, by weights"], members, seed)[
                "win rate over all others"
            ],
        }

    def _campaign(self, member: Member) -> list[Judgement]:
        """Return one brigadier's stars: all of them rate the same takes."""
        return [
            Judgement(rater=member.name, kind="stars", take=take.id, value=float(member.stars(take)), day=DAY)
            for take in self.rated[:OF_BRIGADIER]
        ]

    def songs(self, ratings: int) -> dict[str, Any]:
        """Return the agreement with members who rate whole songs, and like step-wise tunes too."""
        members = crowd(self.sung)
        _, snapshot = self.learned(rate(members.members, self.sung, ratings), self.sung)
        bare = {name: take.model_copy(update={"sheet": None}) for name, take in snapshot.takes.items()}
        return {
            "ratings": ratings,
            "accuracy by words and tune": list(agreement(snapshot, self.associations)),
            "accuracy by words alone": list(agreement(replace(snapshot, takes=bare), self.associations)),
        }


def weighted(said: Sequence[Judgement]) -> list[Judgement]:
    """Return judgements with the weights that snapshots give them."""
    weights = weights_of_raters((one.rater, one.take, one.value) for one in said)
    return [one.model_copy(update={"weight": round(weights[one.rater], 6)}) for one in said]


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the rank correlation of two rows; 0 where one of them does not vary."""
    if len(set(first)) == 1 or len(set(second)) == 1:
        return 0.0
    a, b = (np.argsort(np.argsort(values)) for values in (first, second))
    return float(np.corrcoef(a, b)[0, 1])


def tell(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--ratings", type=click.IntRange(50), default=200, show_default=True)
@click.option("--crowds", type=click.IntRange(1), default=10, show_default=True, help="of members with other tastes")
@click.option("--chance-runs", type=click.IntRange(0), default=20, show_default=True)
@click.option("--kept", type=click.Path(path_type=Path, dir_okay=False),
              default=Path(tempfile.gettempdir()) / "judge_takes.jsonl", show_default=True)  # fmt: skip
def main(ratings: int, crowds: int, chance_runs: int, kept: Path) -> None:
    """Print what judges learn, as JSON; exit code 1 if best-of-4 wins less often than the goal."""
    bench = Bench(kept)
    honest = [bench.honest(ratings, seed) for seed in range(crowds)]
    rates = [found["win rate over all others"] for found in honest]
    found = {
        "honest": honest,
        "best of 4, mean win rate over all others": float(np.mean(rates)),
        "best of 4, worst crowd": min(rates),
        "chance": bench.chance(ratings, chance_runs) if chance_runs else None,
        "brigade": [bench.brigade(seed) for seed in range(crowds)],
        "songs": bench.songs(ratings),
    }
    print(json.dumps(found, indent=1))
    raise SystemExit(0 if np.mean(rates) >= GOAL else 1)


if __name__ == "__main__":
    main()
