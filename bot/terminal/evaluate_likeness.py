"""`songwright evaluate likeness`: whether the other half of a held-out song is its nearest. Does not know how it is measured."""

from __future__ import annotations

from pathlib import Path

import click

from bot.terminal.figures_shown import PATH, as_json_option, corpus_option, show


@click.command()
@click.option("--data", type=PATH, required=True, help="the folder with leadsheets/ below it")
@corpus_option
@click.option("--texts", type=click.IntRange(2), default=200, show_default=True, help="held-out texts, drawn evenly")
@as_json_option
def likeness(data: Path, corpus: Path | None, texts: int, as_json: bool) -> None:
    """Print for how many halves of held-out songs the other half is the nearest of all, beside plain numbers and chance.

    Tunes come from --data; words are measured where --corpus names them. Key, tempo and time signature are left out,
    which two halves share by nature.

    Example:  songwright evaluate likeness --data data/music --corpus data/lyrics/english.jsonl.gz
    """
    from engine.evaluation.likeness_figures import FoundHalves, halves_of_texts, halves_of_tunes
    from engine.evaluation.peoples_tunes import HELD_OUT, drawn_tunes, peoples_tunes, read_works_to_compare
    from engine.song.likeness_metric import shipped_metric

    sheets = [tune.sheet for tune in drawn_tunes(peoples_tunes(read_works_to_compare(data)), HELD_OUT)]
    found: dict[str, FoundHalves] = {}
    for name, metric in (("plain", None), ("learned", shipped_metric())):
        found |= {f"{group}, {name}": halves for group, halves in halves_of_tunes(sheets, metric).items()}
    if corpus is not None:
        from engine.evaluation.human_songs import human_songs_of_corpus
        from engine.lyrics.associations import Associations
        from engine.song.models import ASSOCIATIONS_FILE
        from worker.loaded_models import starter_paths

        associations = Associations.open(starter_paths()["lyrics"] / ASSOCIATIONS_FILE)
        songs = human_songs_of_corpus(corpus, texts)
        found["words"] = halves_of_texts([song.song.text() for song in songs], associations)
    rows = [
        {"compared by": name, "the nearest": round(halves.first, 3), "among the five nearest": round(halves.among_five, 3),
         "by chance": round(halves.chance, 3), "halves to choose from": halves.among}
        for name, halves in found.items()
    ]  # fmt: skip
    show("other halves of held-out songs that were found", rows, as_json)
