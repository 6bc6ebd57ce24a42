"""What a tuned version is worth on prompts that nobody asked for, by the hidden taste itself: no judge, no gate, no bot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.corpus.snapshots import Take
from engine.evaluation.gate_likelihood import held_out_melodies, held_out_texts, of_lyrics, of_melodies
from engine.song.models import SongModels, open_lyric_model, open_melody_model
from tests.bench.bench_tuning import compared, controls, kept_takes, learned_by_heart
from tests.bench.made_takes import sung
from tests.bench.rating_hall import told
from tests.bench.rating_plan import Plan
from tests.bench.simulated_members import Crowd
from tests.bench.tuning_takes import made_song, made_words, with_tune
from worker.loaded_models import starter_paths

SEED = 1


def held_out(plan: Plan, tuned: Path, people: Crowd, folder: Path) -> dict[str, Any]:
    """Return how often the tuned version's takes win against the starter's with the same seeds, and what else has changed.

    Pairs are (starter, tuned). For melodies both sing the same words, so that nothing else may win.
    """
    paths = starter_paths()
    parents = SongModels(open_lyric_model(paths["lyrics"]), open_melody_model(paths["melody"]))
    requests = sung(plan.requests[plan.prompts : plan.prompts + plan.held_out])
    made = made_words if plan.role == "lyrics" else made_song
    theirs = kept_takes(folder / "held-out-starter.jsonl", lambda: (made(one, SEED, parents) for one in requests))
    told(f"the starter's {len(theirs)} takes are there")
    if plan.role == "lyrics":
        models = SongModels(open_lyric_model(tuned), parents.melody)
        ours = kept_takes(folder / "held-out-tuned.jsonl", lambda: (made_words(one, SEED, models) for one in requests))
        likely = of_lyrics(paths["lyrics"], tuned, held_out_texts(plan.people) if plan.people else [], _texts(theirs))
    else:
        models = SongModels(parents.lyrics, open_melody_model(tuned))
        ours = kept_takes(folder / "held-out-tuned.jsonl", lambda: (with_tune(take, models) for take in theirs))
        likely = of_melodies(paths["melody"], tuned, held_out_melodies(plan.people) if plan.people else [])
    figures = compared(ours, theirs, people) | {"controls": [controls(found) for found in (theirs, ours)]}
    if plan.role == "lyrics":
        figures["learned by heart"] = [learned_by_heart(found, parents) for found in (theirs, ours)]
    return figures | {"likelihood": vars(likely)}


def _texts(takes: list[Take]) -> list[str]:
    return [take.text for take in takes]
