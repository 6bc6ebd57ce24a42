"""`songwright gate`: a candidate beside its parent, with a page to read. Does not know how anything is measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.terminal.figures_shown import PATH, needs_torch, progress, training_text
from bot.terminal.plain_candidates import refuse_plain
from bot.terminal.shown import as_json_option, hosts_client, print_json, print_shown, table
from engine.errors import RequestError

if TYPE_CHECKING:
    from engine.corpus.snapshots import Snapshot
    from engine.evaluation.gate import GateResult, Opinion, People
    from engine.roles import Role
    from worker.client import Client
    from worker.promotion import FoundModel

NOT_PASSED = 1  # exit code, as of a check
REPORT = "gate.html"


@click.command()
@click.argument("candidate", metavar="CANDIDATE")
@click.option(
    "--parent",
    default=None,
    metavar="DIR",
    help="what it is compared with  [its parent, or the starter; of an adapter what it lies upon]",
)
@click.option("--snapshot", "named", required=True, metavar="DIR", help="the snapshot that it was tuned on, or its id")
@click.option(
    "--prompts", type=click.IntRange(2, 1000), default=100, show_default=True, help="held-out prompts, two takes each"
)
@click.option("--corpus", type=PATH, default=None,
              help="held-out works of people: a corpus (.jsonl.gz) for lyrics, a folder of lead sheets for melodies")  # fmt: skip
@click.option("--all", "go_on", is_flag=True, help="measure all, also where the ratings teach nothing")
@click.option("--out", type=PATH, default=None, help=f"the report  [{REPORT} beside the candidate]")
@as_json_option
def gate(
    candidate: str,
    parent: str | None,
    named: str,
    prompts: int,
    corpus: Path | None,
    go_on: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare a candidate with its parent, line by line, and write a report; exit code 1 where it does not pass.

    Both answer prompts that nothing was tuned on. What is looked at: whether the ratings can be learned at all, how often
    the judge prefers the candidate, likelihood of people's works, controls, memorisation, filter, speed and length. The
    verdict is kept with a candidate that `songwright models list` knows: one that did not pass is not promoted unless
    somebody says why.

    CANDIDATE and --parent are folders, or ids of `songwright models list`.

    Example:  songwright gate out/checkpoint --snapshot snapshots/2026-11-21-3f2a9c0d1e4b --corpus english.jsonl.gz
    """
    needs_torch()
    _quiet_numbers()
    from engine.corpus.snapshot_picture import statistics_png
    from engine.evaluation.gate import Contest, hold
    from engine.evaluation.gate_report import write_report
    from worker import promotion
    from worker.clock import utc_now
    from worker.loaded_models import promoted_paths

    with hosts_client() as client:
        found = promotion.look_at(_directory(client, candidate), client.store)
        against = _parent(client, parent, found)
        snapshot = _snapshot(client, named)
        in_use = promoted_paths(client.store)
        contest = Contest(found.role, against, found.path, in_use["lyrics"], in_use["melody"])
        with progress("making songs") as report:
            result = hold(
                contest, snapshot, learned_opinion(snapshot, in_use["lyrics"]), _people(found.role, corpus),
                prompts=prompts, go_on=go_on, report=lambda what, done, total: report(done, total),
            )  # fmt: skip
        now, page = utc_now(), out or found.path.parent / REPORT
        made = f"Made at {now:%Y-%m-%d %H:%M} UTC: songwright gate {found.path} --parent {against} --snapshot {named}"
        write_report(result, page, made, statistics_png)
        kept = result.as_json(page.resolve(), now)
        _record(client, found.digest, kept)
    _show(result, kept, page, as_json)
    if not result.passed:
        click.get_current_context().exit(NOT_PASSED)


def _quiet_numbers() -> None:
    from bot.terminal.song import one_blas_thread
    from bot.terminal.training import quiet_transformers

    one_blas_thread()
    quiet_transformers()


def learned_opinion(snapshot: Snapshot, lyrics: Path) -> Opinion:
    """Learn a judge from the training split; where there is too little to learn from, one that knows nothing."""
    from engine.evaluation.gate import Opinion
    from engine.evaluation.gate_lines import Interval
    from engine.lyrics.associations import Associations
    from engine.song.judge import COMPANY_FILE
    from engine.training.judge import agreement, fit_judge

    try:
        associations = Associations.open(lyrics / COMPANY_FILE)
        told = agreement(snapshot, associations)
        judge, _ = fit_judge(snapshot, associations)
    except RequestError:  # too few judgements: the gate says so in its first line
        return Opinion(Interval(math.nan, 0.0, 1.0, 0), lambda text, sheet: 0.0)
    return Opinion(
        Interval(told.accuracy, told.low, told.high, round(told.n)), judge.score, f"of {len(judge.names)} features"
    )


def _people(role: Role, corpus: Path | None) -> People:
    from engine.evaluation.gate import People
    from engine.evaluation.gate_likelihood import held_out_texts
    from engine.evaluation.tune_memory import read_tunes

    if corpus is None:
        return People()
    if role == "melody":
        if not corpus.is_dir():
            raise RequestError(f"{corpus} is no folder; melodies are compared on a folder with lead sheets")
        click.echo(f"reading the tunes in {corpus}; this takes up to a minute", err=True)
        melodies, learned = read_tunes(corpus)
        return People(melodies=melodies, learned=learned)
    return People(texts=held_out_texts(corpus), learned=training_text(corpus))


def _directory(client: Client, named: str) -> Path:
    """Return the folder of a checkpoint that is named by it, or by its id; RequestError for one of plain songs."""
    path = Path(named)
    if not path.is_dir():
        return Path(client.models.get(named).path)
    refuse_plain(path)
    return path


def _parent(client: Client, named: str | None, found: FoundModel) -> Path:
    """Return the folder of what a candidate is compared with: of an adapter the model that it lies upon."""
    from worker.loaded_models import starter_paths

    if named is not None:
        return _directory(client, named)
    if found.base is not None:
        return found.base.path
    for version in client.models.all_of(found.role):
        if version.digest == found.digest and version.parent_id is not None:
            return Path(client.models.get(version.parent_id).path)
    return starter_paths()[found.role]


def _snapshot(client: Client, named: str) -> Snapshot:
    from engine.corpus.snapshots import open_snapshot
    from worker import snapshots as stored

    if Path(named).is_dir():
        return open_snapshot(Path(named))
    with client.store.reading() as session:
        for one in stored.all_of(session):
            if named in (one.id, one.digest, Path(one.path).name):
                return open_snapshot(Path(one.path))
    raise RequestError(f"there is no snapshot {named[:60]!r}; songwright snapshots list lists them")


def _record(client: Client, digest: str, kept: dict[str, Any]) -> None:
    """Keep the verdict with the candidate, if it is in the store."""
    from worker.store import model_versions

    with client.store.writing() as session:
        for version in model_versions.all_of(session, kept["role"]):
            if version.digest == digest:
                model_versions.record_gate(session, version.id, kept)


def _show(result: GateResult, kept: dict[str, Any], page: Path, as_json: bool) -> None:
    if as_json:
        print_json(kept)
        return
    rows = [
        [
            "NOT" if not line.passed else "passed" if line.is_measured else "-",
            f"{line.name} (safety)" if line.safety else line.name,
            line.bar,
            line.sentence,
        ]
        for line in result.lines
    ]
    print_shown(table(["", "line", "bar", "what was found"], rows), "")
    click.echo(result.verdict)
    click.echo(f"The report is in {page}.")
