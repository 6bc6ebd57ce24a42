"""`songwright capacity`: how many members a machine serves, and what breaks first. Does not know how that is reckoned."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from engine.errors import RequestError

MOST_SIMULATED = 500_000


@click.command()
@click.option("--requests", type=float, default=0.2, show_default=True, help="requests of a member per day")
@click.option("--peak", type=float, default=3.0, show_default=True, help="the busiest hour against the mean one")
@click.option("--mix", default=None, help='shares by kind, such as "song=0.7,edit=0.3"')
@click.option("--spread", type=float, default=0.3, show_default=True, help="how much the work of one kind varies")
@click.option("--measured", type=click.Path(path_type=Path), default=None, help="JSON file with figures of a machine")
@click.option("--members", type=int, default=None, help="simulate this many members instead of looking for the most")
@click.option("--step-ms", type=float, default=1.0, show_default=True, help="least time of a decoding step on a GPU")
@click.option("--steps", type=int, default=1000, show_default=True, help="decoding steps of a song, one by one")
@click.option("--parameters", type=float, default=6.8e6, show_default=True, help="of both models together")
@click.option("--cpu-seconds", type=float, default=0.7, show_default=True, help="of one core, besides decoding")
@click.option("--slots", type=int, default=None, help="jobs at once on a GPU  [16 on a small one, 64 on an H200]")
@click.option("--jobs", type=int, default=20_000, show_default=True, help="how many are simulated at every number")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
def capacity(**given: Any) -> None:
    """Simulate how long members wait, and say how many a machine serves: 95 of 100 songs within 20 seconds."""
    from worker.capacity.load import TWO_CORES
    from worker.capacity.members import most_members, simulate
    from worker.capacity.million import World, parts

    if not 100 <= given["jobs"] <= MOST_SIMULATED:
        raise RequestError(f"--jobs must be 100 to {MOST_SIMULATED}, got {given['jobs']}")
    if given["members"] is not None and given["members"] < 1:
        raise RequestError(f"--members must be 1 or more, got {given['members']}")
    load, settings = _load(given), {"jobs": given["jobs"], "seed": given["seed"]}
    machines = (_measured(given["measured"]) if given["measured"] else TWO_CORES, *_gpus(given))
    served = [
        simulate(load, machine, given["members"], **settings)
        if given["members"]
        else most_members(load, machine, **settings)
        for machine in machines
    ]
    one = served[0].members if given["members"] is None else most_members(load, machines[0], **settings).members
    breaking = parts(load, World(), one, machines[0].name)
    if given["as_json"]:
        found = [
            {"machine": _plain(machine), "simulated": _plain(waits)}
            for machine, waits in zip(machines, served, strict=True)
        ]
        click.echo(json.dumps({"load": _plain(load), "machines": found, "breaks": [_plain(part) for part in breaking]}))
    else:
        _print(load, machines, served, breaking)


def _load(given: dict[str, Any]) -> Any:
    from worker.capacity.load import MIX, RELATIVE, Load

    for name, low, high in (("requests", 0.0001, 1000), ("peak", 1, 24), ("spread", 0, 3)):
        if not low <= given[name] <= high:
            raise RequestError(f"--{name} must be {low:g} to {high:g}, got {given[name]:g}")
    mix = dict(MIX)
    if given["mix"]:
        try:
            mix = {kind.strip(): float(share) for kind, share in (pair.split("=") for pair in given["mix"].split(","))}
        except ValueError as error:
            raise RequestError('--mix must look like "song=0.7,edit=0.3"') from error
    if not mix.keys() <= RELATIVE.keys() or min(mix.values()) < 0 or abs(sum(mix.values()) - 1) > 1e-6:
        raise RequestError(f"--mix must be shares of {', '.join(RELATIVE)} that sum to 1")
    return Load(given["requests"], given["peak"], mix, given["spread"])


def _gpus(given: dict[str, Any]) -> tuple[Any, ...]:
    from worker.capacity.load import H200, SMALL_GPU

    for name in ("step_ms", "steps", "parameters", "cpu_seconds"):
        if not 0 < given[name] <= 1e13:
            raise RequestError(f"--{name.replace('_', '-')} must be above 0, got {given[name]:g}")
    if given["slots"] is not None and not 1 <= given["slots"] <= 4096:
        raise RequestError(f"--slots must be 1 to 4096, got {given['slots']}")
    values = {
        "step_seconds": given["step_ms"] / 1000,
        "steps": given["steps"],
        "parameters": given["parameters"],
        "cpu_seconds": given["cpu_seconds"],
    }
    slots = {} if given["slots"] is None else {"slots": given["slots"]}
    return tuple(dataclasses.replace(gpu, **values, **slots).machine() for gpu in (SMALL_GPU, H200))


def _measured(file: Path) -> Any:
    from worker.capacity.load import measured_machine

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{file} cannot be read as JSON; give a file of measurements") from error
    values = found if isinstance(found, dict) else {}
    return measured_machine(values, str(values.get("name", file.stem)))


def _plain(value: Any) -> dict[str, Any]:
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {name: dict(item) if name == "mix" else item for name, item in fields.items()}


def _print(load: Any, machines: tuple[Any, ...], served: list[Any], breaking: tuple[Any, ...]) -> None:
    mix = ", ".join(f"{kind} {share:.0%}" for kind, share in load.mix.items())
    click.echo(
        f"Assumed load: {load.requests_per_day:g} requests a day of each member, {load.peak_factor:g} times the mean"
    )
    click.echo(f"in the busiest hour; {mix}.\n")
    click.echo("Simulated, in the busiest hour (seconds; within 20 s counts from asking to the finished message):")
    titles = ("members", 10), ("per s", 8), ("busy", 7), ("wait p50", 10), ("p95", 10), ("p99", 10), ("total p95", 11)
    click.echo(" " * 12 + "".join(f"{title:>{width}}" for title, width in titles) + "  within 20 s")
    for machine, waits in zip(machines, served, strict=True):
        click.echo(
            f"{machine.name:12}{waits.members:>10,}{waits.per_second:>8.2f}{waits.busy:>7.0%}{waits.waited_p50:>10.1f}"
            f"{waits.waited_p95:>10.1f}{waits.waited_p99:>10.1f}{waits.total_p95:>11.1f}{waits.share_in_time:>13.1%}"
        )
    for machine in machines:
        click.echo(
            f"{machine.name}: {machine.basis}, {machine.song_seconds:.2f} s for one song alone, "
            f"{machine.songs_per_second:.1f} songs/s with {len(machine.slowdown)} at once; {machine.source}"
        )
    click.echo("\nWhat breaks first as members grow, on paper:")
    for part in breaking:
        click.echo(f"{part.carries:>14,.0f} members: {part.name} ({part.basis})")
        click.echo(f"{'':24}at 10^6: {part.at_a_million}; then {part.then}")
