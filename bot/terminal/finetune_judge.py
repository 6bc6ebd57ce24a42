"""`songwright finetune judge` and `songwright evaluate judge`: learn which songs people like, and say how well that went.

Does not know how a judge is learned or asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.figures_shown import PATH, as_json_option, print_json, print_table
from bot.terminal.shown import hosts_client
from engine.errors import OutputError, RequestError

if TYPE_CHECKING:
    from engine.corpus.snapshots import Snapshot

SPLITS = ("train", "valid", "test")
snapshot_option = click.option(
    "--snapshot", "named", required=True, help="a snapshot: its folder, or its id of `songwright snapshots list`"
)


@click.command("judge")
@snapshot_option
@click.option("--out", type=PATH, required=True, help="a new directory for the judge")
@click.option("--lyrics", "lyrics_path", type=PATH, default=None,
              help="a lyric checkpoint, by whose word vectors it reads; the one in use by default")  # fmt: skip
@as_json_option
def finetune_judge(named: str, out: Path, lyrics_path: Path | None, as_json: bool) -> None:
    """Learn a judge from ratings and pairs.

    A judge says which of several takes people would like best. It takes seconds, and no GPU. Once it is added and
    promoted, words and tune of every song are written four times (SONGWRIGHT_BEST_OF), and it keeps the best.

    Example:  songwright finetune judge --snapshot snapshots/2026-11-21-3f2a9c0d1e4b --out judges/first
    """
    from bot.terminal.evaluate_words import open_lyrics
    from engine.training.judge import learn_judge

    if out.exists():
        raise OutputError(f"{out} exists and checkpoints are never changed; choose a new directory")
    card = learn_judge(
        open_newest(named), open_lyrics(lyrics_path).directory, out, say=_quiet if as_json else click.echo
    )
    if as_json:
        print_json(card)
        return
    held_out = card["agreement on held-out prompts of all splits"]
    click.echo(f"It agrees with people on {_shares(held_out)}")
    if not held_out["better than chance"]:
        click.echo("That may be chance: gather more ratings before you use it.")
    click.echo(f"The judge is in {out}. Next: songwright models add {out}")


@click.command("judge")
@click.argument("checkpoint", type=PATH)
@snapshot_option
@click.option("--on", type=click.Choice(SPLITS), default="test", show_default=True,
              help="the split; it has learned from train")  # fmt: skip
@as_json_option
def evaluate_judge(checkpoint: Path, named: str, on: Any, as_json: bool) -> None:
    """Print how often a judge agrees with people, against chance.

    It should score the take higher that people chose of two, or that got the better of two ratings. The interval is
    Wilson's at 95 %. Below stand what it foresaw, by how sure it was, and how often that came true.

    Example:  songwright evaluate judge judges/first --snapshot snapshots/2026-11-21-3f2a9c0d1e4b
    """
    from engine.evaluation.judge_figures import judge_figures
    from engine.song.judge import open_judge

    snapshot = open_named(named)
    found = judge_figures(open_judge(checkpoint), snapshot, on)
    if as_json:
        print_json(found)
        return
    click.echo(f"{checkpoint.name} agrees with people on {_shares(found)}")
    click.echo("That is better than chance." if found["better than chance"] else "That may be chance.")
    rows = [
        [
            f"{one['low']:.0%}-{one['high']:.0%}",
            f"{one['foreseen']:.1%}",
            f"{one['came_true']:.1%}",
            str(one["comparisons"]),
        ]
        for one in found["reliability"]
    ]
    print_table("how sure it is", ["", "foreseen", "came true", "comparisons"], rows)


def open_named(named: str) -> Snapshot:
    """Open the snapshot of a folder, or of an id or digest that the store knows."""
    from bot.terminal.snapshots import find_snapshot
    from engine.corpus.snapshots import open_snapshot

    if Path(named).is_dir():
        return open_snapshot(Path(named))
    with hosts_client() as client:
        return open_snapshot(Path(find_snapshot(client, named).path))


def open_newest(named: str) -> Snapshot:
    """Open a snapshot to learn from; RequestError where a newer one was made, for members may have withdrawn since.

    A folder that the store does not know was made elsewhere, and is opened as it is.
    """
    from bot.terminal.snapshots import all_snapshots

    with hosts_client() as client:
        known = all_snapshots(client)
    names = (named, str(Path(named).resolve()))
    mine = next((one for one in known if {one.id, one.digest, Path(one.path).name, one.path} & set(names)), None)
    if mine is not None:
        newest = [one for one in known if one.server == mine.server][-1]
        if newest.id != mine.id:
            raise RequestError(
                f"the snapshot {mine.id} is older than {newest.id}, and whoever withdrew since is still in it; "
                f"learn from --snapshot {newest.id}"
            )
    return open_named(named)


def _shares(found: Any) -> str:
    return (
        f"{found['accuracy']:.1%} of what they told apart ({found['low']:.1%}-{found['high']:.1%}, "
        f"held-out ratings and pairs that count as {found['n']:.0f} trials); chance is 50 %."
    )


def _quiet(line: str) -> None:
    """Say nothing."""
