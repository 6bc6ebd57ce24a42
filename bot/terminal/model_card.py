"""`songwright models card`, and what gate and ratings say of a version in a word. Does not know what cards are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.shown import NONE, hosts_client
from engine.errors import OutputError

if TYPE_CHECKING:
    from worker.store.model_versions import ModelVersion
    from worker.trial_watch import Watch


@click.command()
@click.argument("named", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="write it there  [print it]")
def card(named: str, out: Path | None) -> None:
    """Write the model card of a version: parents, data, licences, consent, recipe, gate, ratings, decisions, examples.

    It is made anew from what is on record. ID is that of `list`, or the model's digest; a starter is named by its role.

    Example:  songwright models card lyrics --out CARD.md
    """
    from engine.corpus.song_files import written_whole
    from engine.evaluation.model_card import card_text
    from worker.version_facts import card_facts

    with hosts_client() as client:
        text = card_text(card_facts(client.store, named))
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with written_whole(out) as file:
            file.write(text.encode())
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}; name another file with --out") from error
    click.echo(f"The card is in {out}.")


def gate_text(gate: Mapping[str, Any] | None) -> str:
    """Return whether a version passed the gate; "despite" where somebody promoted it all the same."""
    if gate is None:
        return NONE
    return "passed" if gate.get("passed") else "despite" if gate.get("despite") else "not passed"


def decision_text(one: Mapping[str, Any]) -> str:
    """Return what was done with a version, by whom and why."""
    return f"{one.get('at', '')[:19]} {one.get('what')} by {one.get('by')}" + (
        f": {one['why']}" if one.get("why") else ""
    )


def evidence_lines(versions: Iterable[ModelVersion], watched: Mapping[str, Watch]) -> Iterator[str]:
    """Yield a line per version of which the gate or the ratings say something."""
    from worker.trial_watch import sentence

    for version in versions:
        watch = watched.get(version.id)
        said = [] if version.gate is None else [f"gate: {gate_text(version.gate)}"]
        said += [] if watch is None else [f"ratings: {sentence(watch)}"]
        if said:
            yield f"\n{version.id}  {'; '.join(said)}"


def evidence_object(watch: Watch | None) -> dict[str, Any]:
    """Return the same for programs."""
    if watch is None:
        return {"evidence": None}
    said = watch.comparison
    return {
        "evidence": {
            "against": watch.against, "differences": said.differences, "stars": said.mean * 4, "better": said.better,
            "worse": said.worse, "verdict": said.verdict, "ratings": watch.new_ratings, "ratings_before": watch.old_ratings,
        }
    }  # fmt: skip
