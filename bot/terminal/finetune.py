"""`songwright finetune lyrics|melody|judge`: learn from ratings. Does not know how models are tuned."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.figures_shown import PATH, as_json_option, print_json
from bot.terminal.finetune_judge import finetune_judge, open_named, open_newest, snapshot_option
from bot.terminal.plain_candidates import how_to_measure
from bot.terminal.shown import hosts_client
from bot.terminal.training import COUNT, carry_out, quiet_transformers
from engine.errors import RequestError
from engine.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from engine.training.preference import Tuning


@click.group()
def finetune() -> None:
    """Learn from ratings: tune a model so that it writes what members like, or learn a judge of takes.

    \b
      songwright snapshots make
      songwright finetune lyrics --snapshot ID --out runs/liked
      songwright finetune melody --snapshot ID --out runs/liked-tunes --objective dpo
      songwright finetune lyrics --snapshot ID --out runs/ours --adapter    (for one Discord server)
      songwright finetune lyrics --snapshot ID --out runs/gpt2 --from models/gpt2    (a model of plain songs)
      torchrun --nproc-per-node 2 -m bot finetune lyrics ...      (several GPUs, one run)

    What comes of it is a candidate, OUT/checkpoint, which nobody hears before it passes the gate (songwright gate). With
    --adapter on a snapshot of one server (songwright snapshots make --server ID) it is for that server alone; many lie upon
    one model, which is in memory once.
    """


OPTIONS = (
    snapshot_option,
    click.option("--out", type=PATH, required=True, help="folder for the run; the candidate becomes OUT/checkpoint"),
    click.option("--from", "parent", type=PATH, default=None, help="the parent checkpoint  [the model in use]"),
    click.option("--objective", type=click.Choice(["kto", "dpo", "sft"]), default=None,
                 help="kto: what was liked and what was not; dpo: which of two was better; sft: more of what was liked  "
                 "[dpo]"),
    click.option("--full", "method", flag_value="full", default=None, help="train all weights  [up to 20M of them]"),
    click.option("--lora", "method", flag_value="lora", help="train small matrices beside the weights  [above 20M]"),
    click.option("--adapter", is_flag=True,
                 help="write only what --lora trains, which is implied: a part of a few hundred kilobytes for one Discord "
                 "server, that lies upon the parent and shares it in memory"),
    click.option("--steps", type=COUNT, default=None, help="updates, at most  [by role and objective]"),
    click.option("--minutes", type=click.FloatRange(0, min_open=True), default=None, help="stop after so long  [never]"),
    click.option("--rate", type=click.FloatRange(0, 1, min_open=True), default=None,
                 help="size of the updates  [by role and objective; ten times that with --lora]"),
    click.option("--kl-limit", type=click.FloatRange(0, min_open=True), default=None,
                 help="nats per token by which the model may differ from its parent at most"),
    click.option("--judged", type=click.IntRange(0), default=None,
                 help="of how many takes a judge, learned from the same ratings, tells apart lines or tunes that the parent "
                 "writes anew; 0 is ratings alone  [50]"),
    click.option("--threads", type=COUNT, default=None, help="processor cores  [2, or OMP_NUM_THREADS]"),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="the same seed gives the same model"),
    click.option("--resume", is_flag=True, help="go on from the last whole checkpoint in --out"),
    as_json_option,
)  # fmt: skip


def tuning_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a tuning run."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@finetune.command()
@tuning_options
def lyrics(**given: Any) -> None:
    """Tune the lyric model on what members said of words that a model wrote.

    The best checkpoint on held-out prompts is kept, and none that goes too far from its parent. log.jsonl in OUT/run has
    loss, rewards, divergence and length; it is the same model for the same snapshot, options and seed.

    With --from a model of plain songs (a checkpoint of hf-causal, or a directory that transformers wrote with its
    tokenizer.json) rated songs are learned below their headings, whichever model wrote them, and no judge helps. The gate
    is for models that songs are made with; such a candidate is measured by songwright compare.
    """
    _tune("lyrics", **given)


@finetune.command()
@tuning_options
def melody(**given: Any) -> None:
    """Tune the melody model on what members said of songs with a tune.

    Only what the model chose is learned: where notes lie, their pitches and durations; words and chords were given.
    """
    _tune("melody", **given)


finetune.add_command(finetune_judge)


def _tune(
    role: Any, named: str, parent: Path | None, objective: Any, threads: int | None, judged: int | None, as_json: bool,
    adapter: bool, **given: Any,
) -> None:  # fmt: skip
    if adapter and given["method"] == "full":
        raise RequestError("an adapter is what --lora trains, and --full trains all weights; leave one of the two out")
    if adapter:
        given |= {"method": "lora", "adapter": True}
    _needs_trl()
    from engine.lyrics.text_models import writes_plain_songs
    from engine.training.preference import JUDGED, USUAL_OBJECTIVE, Tuning
    from worker.loaded_models import starter_paths

    is_plain = parent is not None and role == "lyrics" and writes_plain_songs(parent)
    tuning = Tuning(
        role, parent or _in_use(role),
        objective=objective or USUAL_OBJECTIVE[role],
        threads=threads or int(os.environ.get("OMP_NUM_THREADS") or 2),
        judged=(0 if is_plain else JUDGED) if judged is None else judged,
        company=starter_paths()["lyrics"] if role == "melody" else None,
        **given,
    )  # fmt: skip
    if as_json:
        _print(tuning, named)
        return
    carry_out(lambda report: _tuned(tuning, named, report))
    if os.environ.get("RANK", "0") != "0":
        return
    if is_plain:
        click.echo(f"Next: {how_to_measure(tuning.parent, tuning.out / 'checkpoint')}")
    else:
        made = tuning.out / "checkpoint"
        if adapter:  # before the gate, so that its verdict is kept with it
            click.echo(f"Next: songwright models add {made} --server ID")
        click.echo(
            f"{'Then' if adapter else 'Next'}: songwright gate {made} --parent {tuning.parent} --snapshot {named}"
        )


def _tuned(tuning: Tuning, named: str, report: Callable[[str], None]) -> Path:
    from engine.lyrics.text_models import writes_plain_songs
    from engine.training.plain_preference import tune_plain
    from engine.training.preference import tune

    tune_it = tune_plain if tuning.role == "lyrics" and writes_plain_songs(tuning.parent) else tune
    return tune_it(tuning, (open_named if tuning.resume else open_newest)(named), report)


def _print(tuning: Tuning, named: str) -> None:
    """Tune and print nothing but where the candidate is, and its card."""
    from engine.checkpoint import open_checkpoint

    quiet_transformers()
    keep_freed_memory()
    checkpoint = open_checkpoint(_tuned(tuning, named, lambda text: None))
    if os.environ.get("RANK", "0") == "0":
        print_json(
            {"checkpoint": str(checkpoint.directory), "digest": checkpoint.digest, "card": dict(checkpoint.card)}
        )


def _needs_trl() -> None:
    try:
        import trl  # noqa: F401  # only to say so early
    except ImportError:
        raise RequestError('tuning needs TRL: pip install -c constraints.txt -e ".[train,tune]"') from None


def _in_use(role: Any) -> Path:
    from worker.loaded_models import promoted_paths

    with hosts_client() as client:
        return promoted_paths(client.store)[role]
