"""Tuning of a lyric or melody model on a snapshot of ratings: from the parent's checkpoint to a candidate's. Knows no store.

Ratings are learned twice: by the objective from the rated takes, and through a judge of the same ratings, which tells apart
lines or tunes that the parent writes anew. The candidate is a checkpoint like its parent, with other weights and a card
that says how it came to be. Its folder is written whole, its manifest last; a run that was killed leaves none, and goes on
from its last whole step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from transformers import PreTrainedTokenizerFast

from engine.adapters import is_adapter
from engine.checkpoint import Checkpoint, open_checkpoint
from engine.corpus.records import Split
from engine.corpus.snapshots import Snapshot
from engine.errors import RequestError
from engine.evaluation.lyric_likelihood import open_for_scoring
from engine.lyrics.prompt import EOS, PAD
from engine.music.melody_tokens import VOCABULARY
from engine.training.begun_runs import RUN, begin_or_go_on
from engine.training.checkpoints import written_once
from engine.training.preference_run import Rated, RunShape, Tuned, tune_rows
from engine.training.preference_trainers import Objective
from engine.training.processes import told_by_the_first
from engine.training.rated_melodies import encode_tune
from engine.training.rated_rows import (
    Encode,
    Liked,
    Preferred,
    counts,
    drawn,
    evened,
    liked_in_turn,
    liked_rows,
    preferred_rows,
)
from engine.training.rated_texts import RatedTexts
from engine.training.tuned_checkpoints import write_beside, write_whole

TunedRole = Literal["lyrics", "melody"]
Method = Literal["full", "lora"]
SMALL = 20_000_000  # parameters, up to which all weights are trained unless it is said otherwise
LORA_RANK = 16
JUDGED = 50
FEWEST_ROWS = 8  # or pairs, under which chance decides alone
# Nats per id. Further away tunes of people become unlikely: at 0.009 they cost 0.6 % more nats, at 0.024 2.1 %, at 0.064
# 3.7 %, at 0.25 15 %.
MELODY_KL = 0.015
SHAPES: dict[tuple[TunedRole, Objective], RunShape] = {
    ("lyrics", "kto"): RunShape(steps=60, batch_rows=16, every=10, rate=3e-5, beta=0.1, kl_limit=0.3),
    ("lyrics", "dpo"): RunShape(steps=30, batch_rows=12, every=10, rate=3e-5, beta=0.1, kl_limit=0.3),
    ("lyrics", "sft"): RunShape(steps=60, batch_rows=16, every=10, rate=3e-5, beta=0.1, kl_limit=0.3),
    ("melody", "kto"): RunShape(steps=60, batch_rows=16, every=10, rate=1e-4, beta=0.1, kl_limit=MELODY_KL),
    ("melody", "dpo"): RunShape(steps=25, batch_rows=4, every=2, rate=5e-5, beta=0.1, kl_limit=MELODY_KL),
    ("melody", "sft"): RunShape(steps=60, batch_rows=16, every=10, rate=1e-4, beta=0.1, kl_limit=MELODY_KL),
}
USUAL_OBJECTIVE: dict[TunedRole, Objective] = {"lyrics": "dpo", "melody": "dpo"}
LORA_RATE_TIMES = 10  # LoRA's own matrices begin at nothing and need larger steps


@dataclass(frozen=True)
class Tuning:
    """parent: a checkpoint of the role. method: None is by size. steps, minutes, rate, kl_limit: None is the usual.

    judged: of how many takes a judge tells lines or tunes apart that the parent writes anew; 0 is without a judge.
    company: a lyric checkpoint by whose associations the judge reads words; the parent by default, for words.
    adapter: the candidate is only what LoRA adds to the parent, and is opened with it.
    """

    role: TunedRole
    parent: Path
    out: Path
    objective: Objective = "dpo"
    method: Method | None = None
    steps: int | None = None
    minutes: float | None = None
    rate: float | None = None
    kl_limit: float | None = None
    threads: int = 2
    seed: int = 0
    resume: bool = False
    judged: int = JUDGED
    company: Path | None = None
    adapter: bool = False


def tune(tuning: Tuning, snapshot: Snapshot, report: Callable[[str], None] = print) -> Path:
    """Tune the parent on the train split of a snapshot and write `out/checkpoint`; return its path.

    The checkpoint is the best on the valid split. With `resume`, a run that is there goes on, and one that has ended is
    left as it is. RequestError where the snapshot says too little of such a model, or the run was begun otherwise.
    """
    began = time.monotonic()
    done = tuning.out / "checkpoint"
    if tuning.resume and done.exists():
        return open_checkpoint(done).directory
    if is_adapter(tuning.parent):
        raise RequestError(f"{tuning.parent} is an adapter, and adapters are not tuned further; tune its base anew")
    if tuning.adapter and tuning.method == "full":
        raise RequestError("an adapter is tuned by lora, got the method full; leave one of the two away")
    parent = open_checkpoint(tuning.parent)
    model = open_for_scoring(tuning.parent, tuning.threads)
    is_small = model.num_parameters() <= SMALL and not tuning.adapter
    method: Method = tuning.method or ("full" if is_small else "lora")
    shape = shape_of(tuning, method)
    begin_or_go_on(tuning.out, _facts(tuning, parent, snapshot, method, shape), resume=tuning.resume)
    encode = encoder_of(tuning.role, tuning.parent)
    judged = told_by_the_first(lambda: judged_pairs(tuning, snapshot, report)) if tuning.judged else {}
    train, valid = (_rows(tuning, snapshot, split, encode, judged.get(split, [])) for split in ("train", "valid"))
    if len(train) < FEWEST_ROWS:
        raise RequestError(
            f"the snapshot says of {len(train)} takes or pairs that a {tuning.role} model wrote whether they were liked, and "
            f"tuning by {tuning.objective} needs {FEWEST_ROWS} at least; wait for more ratings, or name another --objective"
        )
    report(f"{model.num_parameters()} parameters, {method}; {len(train)} rows to learn from, {len(valid)} to choose by")
    shown = shown_in_turn(train, shape.steps * shape.batch_rows, shape.seed)
    tuned = tune_rows(
        model, shown, valid, tuning.out / RUN, tuning.objective, shape, tokenizer_of(tuning.role, parent),
        resume=tuning.resume, report=report,
    )  # fmt: skip
    card = _card(tuning, parent, snapshot, shape, tuned) | {
        "rows": {"train": counts(train), "valid": counts(valid)},
        "seconds": round(time.monotonic() - began),
    }
    write = write_beside if tuning.adapter else write_whole
    return written_once(lambda: write(parent, tuned, done, card), tuning.out)


def _rows(tuning: Tuning, snapshot: Snapshot, split: Split, encode: Encode, judged: list[Preferred]) -> Rated:
    """Return what is learned of a split: what the judge told apart, and the rated takes themselves.

    Lines stand alone where there are any: with whole takes beside them the lyric model was 0.35 nats per id from its parent at
    step 20, without them 0.14.
    """
    told = evened(as_rated(judged, tuning.objective))
    if told and tuning.role == "lyrics":
        return told
    return [*evened(rated_rows(snapshot, split, tuning.objective, encode)), *told]


def shape_of(tuning: Tuning, method: Method) -> RunShape:
    """Return how the run goes: the usual of the role and objective, and what was said otherwise."""
    usual = SHAPES[tuning.role, tuning.objective]
    said = {name: getattr(tuning, name) for name in ("steps", "rate", "kl_limit") if getattr(tuning, name) is not None}
    rate = usual.rate * (LORA_RATE_TIMES if method == "lora" else 1)
    given = {**asdict(usual), "rate": rate, **said}
    given |= {"minutes": tuning.minutes, "threads": tuning.threads, "seed": tuning.seed}
    return RunShape(**{**given, "lora_rank": LORA_RANK if method == "lora" else 0})


def encoder_of(role: TunedRole, parent: Path) -> Encode:
    """Return what makes rows of takes for the models of a role."""
    if role == "melody":
        return encode_tune
    from engine.song.models import open_lyric_model

    return RatedTexts(open_lyric_model(parent)).encode


def rated_rows(snapshot: Snapshot, split: Split, objective: Objective, encode: Encode) -> Rated:
    """Return the rows of a split that an objective learns from; plain training (sft) has only those that were liked."""
    if objective == "dpo":
        return preferred_rows(snapshot, split, encode)
    rows = liked_rows(snapshot, split, encode)
    return [row for row in rows if row.liked] if objective == "sft" else rows


def judged_pairs(tuning: Tuning, snapshot: Snapshot, report: Callable[[str], None]) -> dict[Split, list[Preferred]]:
    """Return what a judge of the train split tells apart of lines or tunes that the parent writes anew, by split.

    Empty where there are too few ratings for a judge.
    """
    from engine.lyrics.associations import Associations
    from engine.song.models import ASSOCIATIONS_FILE, open_lyric_model, open_melody_model
    from engine.training.judge import fit_judge
    from engine.training.judged_lines import judged_lines
    from engine.training.judged_tunes import judged_tunes

    company = tuning.company or tuning.parent
    try:
        judge, _ = fit_judge(snapshot, Associations.open(company / ASSOCIATIONS_FILE), report)
    except RequestError as error:
        report(f"no judge helps: {error}")
        return {}
    told: dict[str, Any] = {"judge": judge, "seed": tuning.seed, "report": report}
    write = (
        partial(judged_lines, snapshot, model=open_lyric_model(tuning.parent), **told)
        if tuning.role == "lyrics"
        else partial(judged_tunes, snapshot, model=open_melody_model(tuning.parent), **told)
    )
    return {"train": write("train", takes=tuning.judged), "valid": write("valid", takes=max(1, tuning.judged // 6))}


def as_rated(pairs: Sequence[Preferred], objective: Objective) -> Rated:
    """Return pairs as an objective learns from them: as they are, or each row by itself."""
    if objective == "dpo":
        return pairs
    liked = [Liked(pair.chosen, True, pair.weight) for pair in pairs]
    return liked if objective == "sft" else [*liked, *(Liked(pair.rejected, False, pair.weight) for pair in pairs)]


def shown_in_turn(rows: Rated, count: int, seed: int) -> Rated:
    """Return `count` rows in the order in which they are learned: the heavier, the more often."""
    liked = [row for row in rows if isinstance(row, Liked)]
    if len({row.liked for row in liked}) == 2:
        return liked_in_turn(liked, count, seed)
    places = drawn([row.weight for row in rows], count, np.random.default_rng(seed))
    return cast("Rated", [rows[place] for place in places])


def tokenizer_of(role: TunedRole, parent: Checkpoint) -> PreTrainedTokenizerFast:
    """Return the tokens of a role as transformers takes them; those of melodies are words such as "pitch:60"."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    if role == "lyrics":
        return PreTrainedTokenizerFast(tokenizer_file=str(parent.tokenizer_file), pad_token=PAD, eos_token=EOS)
    words = Tokenizer(models.WordLevel(dict(VOCABULARY.ids), unk_token="pad"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="pad", eos_token="pad", unk_token="pad")


def _facts(tuning: Tuning, parent: Checkpoint, snapshot: Snapshot, method: Method, shape: RunShape) -> dict[str, Any]:
    """Return what another run would have otherwise."""
    return {
        "command": f"finetune {tuning.role}",
        "from": {"path": str(tuning.parent), "sha256": parent.digest},
        "snapshot": {"path": str(snapshot.directory), "sha256": snapshot.digest},
        "objective": tuning.objective, "method": method, "steps": shape.steps, "rate": shape.rate, "seed": shape.seed,
        "judged": tuning.judged,
        **({"adapter": True} if tuning.adapter else {}),
    }  # fmt: skip


def _card(tuning: Tuning, parent: Checkpoint, snapshot: Snapshot, shape: RunShape, tuned: Tuned) -> dict[str, Any]:
    kept = {name: parent.card[name] for name in ("kind", "licence", "parameters") if name in parent.card}
    return {
        **kept,
        "name": f"{tuning.role} tuned on ratings",
        "role": tuning.role,
        "parent": parent.digest,
        "snapshot": snapshot.digest,
        "snapshot_day": snapshot.day.isoformat(),
        "consent": snapshot.rules.consent,
        "objective": tuning.objective,
        "judged": tuning.judged,
        "options": asdict(shape),
        "seed": shape.seed,
        "step": tuned.step,
        "kl_per_id": round(tuned.kl, 5),
        "ended": tuned.ended,
    }
