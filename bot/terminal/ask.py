"""`songwright jobs ask`: a song by whichever worker is free, to see that workers work. Does not know how it is made."""

from __future__ import annotations

import click

from bot.terminal.shown import as_json_option, hosts_client, print_json


@click.command()
@click.argument("theme")
@click.option("--form", default=None, help="sections, e.g. V for one verse; by default a whole song")
@as_json_option
def ask(theme: str, form: str | None, as_json: bool) -> None:
    """Put a song about THEME into the queue, for the workers to make; to try them without Discord.

    Nobody is told when it is done: `songwright jobs show ID` says how far it is. The song stays in the store.
    """
    from bot.terminal.options import build_request
    from engine.contract import SongRequest

    request = build_request(SongRequest, {"theme": theme}, {"form": form})
    with hosts_client() as client:
        job_id = client.submit(request)
        place = client.position(job_id)
    if as_json:
        print_json({"job": job_id, "place": place})
    else:
        click.echo(f"Job {job_id} is in the queue, at place {place}. Next: songwright jobs show {job_id}")
