"""`songwright models`: add checkpoints, try them on some songs, put them to use, go back. Does not know how they decode."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.model_card import card, decision_text, evidence_lines, evidence_object, gate_text
from bot.terminal.model_rows import (
    COLUMNS,
    NUMBERS,
    STARTER,
    figures_object,
    figures_text,
    starter_object,
    starter_row,
    state_text,
    version_object,
    version_row,
)
from bot.terminal.server_option import server_option
from bot.terminal.shown import (
    NONE,
    as_json_option,
    hosts_client,
    pairs,
    print_json,
    print_shown,
    share_text,
    table,
    time_text,
)
from engine.errors import RequestError
from engine.roles import ALL_ROLES, JUDGE, Role

if TYPE_CHECKING:
    from worker.store.model_versions import ModelVersion

role_argument = click.argument("role", type=click.Choice(ALL_ROLES))


def _not_the_starter(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    if given == STARTER:  # a word of the list, and no id
        raise RequestError("the starter is used where no model is promoted; songwright models retire ID brings it back")
    return given


id_argument = click.argument("version_id", metavar="ID", callback=_not_the_starter)


@click.group()
def models() -> None:
    """Add models, try them on some of the songs, put them to use, go back.

    \b
    A model writes words (lyrics), tunes (melody) or Chinese words (chinese), or chooses between takes (judge). One of
    each is promoted: it makes the songs; before any is, the starter does that came with Songwright, and nobody
    chooses. Nothing needs a restart: songs that have begun end with the model that they began with, the next ones are
    made with the new one.

    A Discord server may have models of its own: adapters, small parts that change the model below them and share it in
    memory with everybody's songs and with the other servers.

    \b
      songwright models add out/checkpoint          a candidate, whose id is printed
      songwright models trial ID --share 0.1        it makes a tenth of the songs; ratings are counted apart
      songwright models promote ID                  it makes all of them
      songwright models rollback lyrics             back to the one before
      songwright models add out/checkpoint --server 71000000000000001        an adapter, for the songs of one server

    ID is that of `list`, or the model's digest.
    """


models.add_command(card)


@models.command("list")
@click.option("--role", type=click.Choice(ALL_ROLES), default=None, help="only these  [all]")
@as_json_option
def list_command(role: Role | None, as_json: bool) -> None:
    """Print the models, their states and ratings.

    songs, ratings and stars are those of the last 2,000 songs. Below stands what the gate said of those that were tuned
    here, and what the ratings say of one on trial or new in use: evidence of 20 decides.
    """
    from worker.trial_watch import watches

    roles = ALL_ROLES if role is None else (role,)
    with hosts_client() as client:
        versions = [version for role in roles for version in client.models.all_of(role)]
        figures = client.models.figures()
        with client.store.reading() as session:
            watched = {watch.version.id: watch for watch in watches(session)}
    starters = [starter_object(role, versions) for role in roles if role != JUDGE]
    if as_json:
        print_json({"starters": [s | figures_object(figures, s["digest"]) for s in starters],
                    "versions": [version_object(v, figures) | evidence_object(watched.get(v.id)) for v in versions]})  # fmt: skip
        return
    rows = [*(starter_row(s, figures) for s in starters), *(version_row(v, figures) for v in versions)]
    print_shown(table(COLUMNS, rows, right=NUMBERS))
    for line in evidence_lines(versions, watched):
        click.echo(line)
    if not versions:
        click.echo("\nNo model was added yet; songwright models add PATH adds one, songwright train makes one.")


@models.command()
@id_argument
@as_json_option
def show(version_id: str, as_json: bool) -> None:
    """Print all about a model, with its card."""
    with hosts_client() as client:
        version = client.models.get(version_id)
        figures = client.models.figures()
    if as_json:
        print_json(version_object(version, figures))
        return
    songs, ratings, stars = figures_text(figures, version.digest)
    rated = ratings if stars == NONE else f"{ratings}, {stars} stars on average"
    about = {"id": version.id, "role": version.role, "state": state_text(version), "digest": version.digest,
             "server": version.server or NONE, "base": version.base_digest or NONE,
             "family": version.family, "path": version.path, "parent": version.parent_id or NONE,
             "added": time_text(version.created_at), "promoted last": time_text(version.promoted_at),
             "songs": f"{songs} of the last 2,000", "ratings": rated}  # fmt: skip
    about |= {"gate": str((version.gate or {}).get("verdict") or gate_text(version.gate)),
              "report": str((version.gate or {}).get("report") or NONE)}  # fmt: skip
    about |= {f"decision {number}": decision_text(one) for number, one in enumerate(version.decisions, 1)}
    print_shown(pairs(about))
    click.echo(f"\ncard: {json.dumps(version.card, indent=2, ensure_ascii=False)}")


@models.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--parent", "parent_id", default=None, metavar="ID", help="the model that it was trained on from")
@server_option("make only songs with it that are asked for in this Discord server; for adapters")
@as_json_option
def add(path: Path, parent_id: str | None, server: str | None, as_json: bool) -> None:
    """Add a checkpoint as a candidate.

    Songs are made with it once it is on trial or promoted. It is verified against its manifest, opened, and decoded
    with once. The directory stays where it is, and every worker must see it under the same path.

    An adapter (songwright finetune lyrics --adapter) is for one server, and opens with the very model that it was tuned
    upon: a starter, or one that was added before.

    Example:  songwright models add out/checkpoint
    """
    from worker import promotion

    _light_numbers()
    with hosts_client() as client:
        parent = None if parent_id is None else client.models.get(parent_id).id
        version = promotion.add(client.store, path, now=_now(), parent_id=parent, server=server)
    sentence = f"{version.role} model {version.id} ({version.digest}) is here{_there(version)}: {version.state}."
    if version.state == "candidate":
        trial = f"songwright models trial {version.id} --share 0.1, or " if version.server is None else ""
        sentence += f" Next: {trial}songwright models promote {version.id}"
    _tell(version, sentence, as_json)


@models.command()
@id_argument
@click.option("--share", type=float, default=None, help="of the songs: above 0, at most 0.5")
@click.option("--end", is_flag=True, help="end the trial; the model is a candidate again")
@as_json_option
def trial(version_id: str, share: float | None, end: bool, as_json: bool) -> None:
    """Let a model make a share of the songs.

    It does so beside the one in use, and who asks says which of the two makes a song. One model of a role at a time;
    a new --share changes that of the one on trial. Adapters of a server are promoted there at once.

    Example:  songwright models trial ID --share 0.1
    """
    if (share is None) == (not end):
        raise RequestError("give either --share, such as --share 0.1, or --end")
    from worker import promotion

    _light_numbers()
    with hosts_client() as client:
        version = client.models.get(version_id)
        if share is None:
            version = client.models.end_trial(version.id)
            sentence = f"The trial of {version.id} is over; the next songs are made without it."
        else:
            version = promotion.begin_trial(client.store, version.id, share, now=_now())
            sentence = (
                f"{version.id} makes {share_text(share)} of the next songs; songwright models list shows their ratings."
            )
    _tell(version, sentence, as_json)


@models.command()
@id_argument
@click.option("--despite", default=None, metavar="REASON",
              help="promote it although it did not pass the gate; the reason is kept with it")  # fmt: skip
@click.option("--unsafe", is_flag=True,
              help="with --despite: also past safety lines that failed or were not measured; they are named on record")  # fmt: skip
@as_json_option
def promote(version_id: str, despite: str | None, unsafe: bool, as_json: bool) -> None:
    """Put a model to use for all next songs.

    It is verified, opened and tried before, so that no song fails for it. One that was tuned here must have passed the
    gate; to pass over it takes a reason, which stays on record. A gate that found nothing to learn has measured no
    safety line: songwright gate ID --all does, and to promote it without takes --unsafe. An adapter is put to use in the
    server that it was added for.
    """
    from worker import promotion

    _light_numbers()
    with hosts_client() as client:
        version = promotion.promote(
            client.store, client.models.get(version_id).id, now=_now(), despite=despite, unsafe=unsafe
        )
    back = version.role if version.server is None else f"{version.role} --server {version.server}"
    _tell(version, f"{version.id} {_work(version.role)} of all next songs{_there(version)}. "
                   f"Back again: songwright models rollback {back}", as_json)  # fmt: skip


@models.command()
@id_argument
@as_json_option
def retire(version_id: str, as_json: bool) -> None:
    """Take a model out of use.

    If it was promoted, the starter makes the next songs until another one is promoted; in a server that had it for
    itself, what everybody uses does.
    """
    with hosts_client() as client:
        before = client.models.get(version_id)
        version = client.models.retire(before.id)
    is_missed = before.state == "promoted" and version.role != JUDGE
    instead = "the starter" if version.server is None else "what everybody uses"
    next_ = f"; {instead} makes the {version.role} of the next songs{_there(version)}" if is_missed else ""
    _tell(version, f"{version.id} is retired{next_}.", as_json)


@models.command()
@role_argument
@server_option("the adapters of this Discord server, instead of what everybody uses")
@as_json_option
def rollback(role: Role, server: str | None, as_json: bool) -> None:
    """Go back to the model that was promoted before.

    The one in use is retired; before the first one there was the starter, in a server what everybody uses.
    """
    from worker import promotion

    _light_numbers()
    with hosts_client() as client:
        version = promotion.roll_back(client.store, role, now=_now(), server=server)
    if version is not None:
        sentence = f"{version.id} ({version.digest}) {_work(role)} of all next songs{_there(version)} again."
        _tell(version, sentence, as_json)
    elif as_json:
        print_json(
            {"role": role, "in_use": STARTER} if server is None else {"role": role, "server": server, "in_use": None}
        )
    elif server is not None:
        click.echo(f"What everybody uses {_work(role)} of all next songs in the server {server}.")
    else:
        starter = "Nobody chooses the takes" if role == JUDGE else f"The starter {_work(role)}"
        click.echo(f"{starter} of all next songs.")


def _tell(version: ModelVersion, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(version))
    else:
        click.echo(sentence)


def _there(version: ModelVersion) -> str:
    """Return where a version is for, where that is one server."""
    return "" if version.server is None else f" in the server {version.server}"


def _work(role: Role) -> str:
    """Return what a model in use does, to be followed by "of" the songs."""
    return "chooses the takes" if role == JUDGE else f"makes the {role}"


def _light_numbers() -> None:
    from bot.terminal.song import one_blas_thread

    one_blas_thread()


def _now() -> Any:
    from worker.clock import utc_now

    return utc_now()
