"""`songwright similar`: the stored songs that are most like one, and why. Does not know how songs are compared."""

from __future__ import annotations

import click

from bot.alike import COUNT, MOST_SHOWN, AlikeSong, AlikeSongs, reasons_text
from bot.language_files import ENGLISH, language_file
from bot.terminal.shown import as_json_option, hosts_client, print_json


@click.command()
@click.argument("song", metavar="SONG")
@click.option("--count", type=click.IntRange(1, MOST_SHOWN), default=COUNT, show_default=True, help="songs at most")
@as_json_option
def similar(song: str, count: int, as_json: bool) -> None:
    """Say which of the stored songs are most like one, and why.

    SONG: the id of a song or of its job, as it was printed. It is compared with the newest 500 songs, by words, tune,
    chords, tempo and key, as far as both have them; what was made from it is left out.

    Example:  songwright similar SONG --count 3
    """
    with hosts_client() as client:
        asked = client.song(song.strip().lower())
        near = AlikeSongs(client).nearest(asked.id, server=None, member=None, count=count)
    if as_json:
        print_json({"id": asked.id, "title": asked.title, "similar": [_as_object(found) for found in near]})
        return
    if not near:
        click.echo(f"There is no other stored song that {asked.title} can be compared with.")
    for place, found in enumerate(near, start=1):
        click.echo(f"{place}. {found.listed.title}, song {found.listed.id}")
        click.echo(
            f"   {reasons_text(_English(), found.reasons) or 'near in the mean of all, in nothing that stands out'}"
        )


class _English:
    """The sentences of the language file without what Discord needs around them."""

    def __call__(self, key: str, /, **given: object) -> str:
        return language_file(ENGLISH).texts[f"messages.{key}"].format(**given)

    def choice(self, value: object) -> str:
        return str(value)


def _as_object(found: AlikeSong) -> dict[str, object]:
    reasons = [{"kind": reason.kind} | reason.values for reason in found.reasons]
    return {"id": found.listed.id, "title": found.listed.title, "likeness": found.likeness, "reasons": reasons}
