"""`songwright train lyrics|recipes|melody|music|chinese`: train a model on a corpus. Does not know how models are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot.terminal.chinese import train_chinese
from bot.terminal.train_music import train_music
from bot.terminal.training import COUNT, PATH, Report, carry_out, kept_options, out_option
from engine.errors import RequestError

FAMILIES = ("llama", "hf-causal", "char-lstm", "markov")
ELSEWHERE = ("remote",)  # trained where they are; the registry says what to do instead
# What the planned starter takes; the other families say it in `engine.training.recipes`.
LLAMA_STEPS = 4200
LLAMA_RUN = frozenset({"steps", "every", "sample_every", "save_every", "patience", "threads", "seed", "resume"})
LLAMA = LLAMA_RUN | {"corpus", "out", "from_"}


@click.group()
def train() -> None:
    """Train a model on a corpus of your own. Progress is shown and kept in log.jsonl; Ctrl-C and --resume go on later."""


train.add_command(train_chinese)
train.add_command(train_music)


@train.command()
@click.option(
    "--family",
    type=click.Choice([*FAMILIES, *ELSEWHERE]),
    default="llama",
    show_default=True,
    help="llama is the planned starter; the others write plain songs and take --data",
)
@click.option(
    "--recipe", help="a named set of options, see `songwright train recipes`; what you say yourself comes first"
)
@click.option("--corpus", type=PATH, help="llama: songs as .jsonl or .jsonl.gz")
@click.option("--data", type=PATH, help="all but llama: a folder that `songwright corpus prepare` wrote")
@out_option
@click.option(
    "--from", "from_", type=PATH, help="llama: a lyric checkpoint that goes on learning, e.g. engine/starter/lyrics"
)
@click.option(
    "--base",
    help="what to go on from: a model directory; for hf-causal also a name on the Hugging Face hub, "
    "which is fetched only because you named it",
)
@click.option("--steps", type=COUNT, help="updates  [llama: 4200; hf-causal: three passes over the songs]")
@click.option(
    "--batch-rows", type=COUNT, help="rows that each update learns from: more is steadier and slower  [hf-causal: 8]"
)
@click.option(
    "--row-tokens",
    type=click.IntRange(8),
    help="length of a row, in tokens or characters: how far back the model learns to look  [hf-causal: 512]",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, 1, min_open=True),
    help="size of the updates: halve it where the loss jumps or becomes nan  [hf-causal: 5e-5, with LoRA 3e-4]",
)
@click.option(
    "--every", type=COUNT, help="steps between validations, and between samples and checkpoints  [100; llama: 200]"
)
@kept_options
@click.option(
    "--accumulate", type=COUNT, help="compute each update in so many parts: less memory, the same result  [1]"
)
@click.option("--threads", type=COUNT, help="processor cores  [2]")
@click.option("--seed", type=click.IntRange(0), help="the same seed gives the same model  [0; llama: 1]")
@click.option(
    "--freeze-layers",
    type=click.IntRange(0),
    help="keep the first N blocks as they are: learns less by heart, needs less memory  [0]",
)
@click.option(
    "--freeze-embeddings", is_flag=True, default=None, help="keep the embeddings as they are, and a head tied to them"
)
@click.option(
    "--lora-rank",
    type=click.IntRange(0, 512),
    help="hf-causal: train small matrices of this rank beside the weights "
    "(8-32 is usual); 0 trains the weights themselves  [0]",
)
@click.option(
    "--gradient-checkpointing",
    is_flag=True,
    default=None,
    help="compute activations twice: less memory, more time, the same result",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16"]),
    help="what is computed in; bf16 halves memory on most machines, fp16 needs a GPU  [fp32]",
)
@click.option("--size", help="char-lstm: layout of a new network, classic (2 x 512) or small")
@click.option("--with-artist", is_flag=True, default=None, help="char-lstm: tell the network the artist at every step")
@click.option("--order", type=int, help="markov: characters looked back at; 0 is single letters, 1 pairs")  # fmt: skip
def lyrics(family: str, recipe: str | None, **given: Any) -> None:
    """Train a lyric model, from scratch or from another.

    \b
    songwright train lyrics --corpus songs.jsonl.gz --out runs/mine
    songwright train lyrics --family hf-causal --recipe gpt2-small-lora --data prepared --out runs/gpt2
    songwright train lyrics --family hf-causal --base models/gpt2 --data prepared --out runs/gpt2 --resume
    songwright train lyrics --family char-lstm --data prepared --out runs/lstm
    torchrun --nproc-per-node 2 -m bot train lyrics --family hf-causal ...      (two GPUs, one run)

    The run folder has log.jsonl, loss.png and samples.txt to watch. For llama each line of the corpus is an object with
    id, title, author, kind (song, hymn, ballad, nursery or poem), work, era and text; lines of text end in a newline,
    stanzas in a blank line; on two cores 4,200 steps take about an hour.
    """
    said = {name: value for name, value in given.items() if value is not None}
    _refuse_foreign(family, said)
    if family == "llama":
        if recipe is not None:
            raise RequestError("the family llama has no recipes; leave --recipe away, or name another --family")
        carry_out(lambda report: _train_llama(said, report))
        return
    carry_out(lambda report: _train_text(family, recipe, said, report))


def _refuse_foreign(family: str, said: dict[str, Any]) -> None:
    """RequestError for an option that means nothing to a family, or for one that it needs and was not given."""
    from engine.lyrics.text_models import LYRIC_FAMILIES
    from engine.training.recipes import TAKES

    if family in ELSEWHERE:
        raise RequestError(LYRIC_FAMILIES[family].instead)
    takes = LLAMA if family == "llama" else TAKES[family]
    for name in said:
        if name not in takes:
            known = ", ".join(sorted(_option(name) for name in takes))
            raise RequestError(f"{_option(name)} means nothing to the family {family}; it takes {known}")
    needed = "corpus" if family == "llama" else "data"
    if needed not in said:
        raise RequestError(f"the family {family} needs {_option(needed)}")


def _option(name: str) -> str:
    return "--" + name.strip("_").replace("_", "-")


def _train_llama(said: dict[str, Any], report: Report) -> Path:
    from engine.training.lyrics import train_lyrics
    from engine.training.run_options import RunOptions

    run = RunOptions(**{"steps": LLAMA_STEPS, **{name: said[name] for name in LLAMA_RUN & said.keys()}})
    return train_lyrics(said["corpus"], said["out"], run, base=said.get("from_"), report=report)


def _train_text(family: str, recipe: str | None, said: dict[str, Any], report: Report) -> Path:
    from engine.training.recipes import recipe_of
    from engine.training.text_runs import train_text_model
    from engine.training.text_training import TextTraining

    options = recipe_of(recipe, family).options if recipe is not None else {}
    return train_text_model(TextTraining(family=family, **{**options, **said}), report)


@train.command()
def recipes() -> None:
    """List the recipes: named sets of options for models that others have trained."""
    from rich.table import Table

    from bot.terminal.shown import screen
    from engine.training.recipes import RECIPES

    table = Table("recipe", "base", "weights", "what it is", box=None, pad_edge=False)
    for name, recipe in RECIPES.items():
        table.add_row(name, str(recipe.options.get("base", "")), recipe.weights, recipe.summary)
    screen().print(table)
    click.echo(
        "\nsongwright train lyrics --family hf-causal --recipe NAME --data PREPARED --out RUN [--base DIRECTORY]"
    )


@train.command()
@click.option("--data", type=PATH, required=True, help="folder with the lead sheets")
@click.option("--out", type=PATH, required=True, help="folder for the run and the checkpoint")
@click.option("--steps", type=COUNT, help="updates of 16 rows of 72 notes  [those of the starter]")
@click.option("--threads", type=COUNT, default=1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--resume", is_flag=True, help="go on from the last whole checkpoint in --out")
def melody(data: Path, out: Path, steps: int | None, threads: int, seed: int, resume: bool) -> None:
    """Train the melody model on lead sheets with aligned words, as the starter was."""

    def run(report: Report) -> Path:
        from engine.training.melody import STEPS, train_melody

        return train_melody(data, out, steps=steps or STEPS, threads=threads, seed=seed, resume=resume, report=report)

    carry_out(run)


@train.command()
@click.option("--data", type=PATH, required=True, help="the folder with chords/ and leadsheets/ below it")
@click.option("--out", type=PATH, required=True, help="the file to write, e.g. engine/music/chord_model.npz")
def chords(data: Path, out: Path) -> None:
    """Learn which chord follows which from songs of McGill Billboard and OpenEWLD: in a minute, with numpy alone.

    Example:  songwright train chords --data data/music --out engine/music/chord_model.npz
    """
    from engine.corpus.chord_sequences import read_song_chords
    from engine.training.chord_model import learn

    songs = read_song_chords(data)
    train_songs, valid_songs = ([song for song in songs if song.split == split] for split in ("train", "valid"))
    if not train_songs or not valid_songs:
        raise RequestError(f"{data} has {len(songs)} songs with chords, too few to learn from; name another folder")
    learn(train_songs, valid_songs, say=click.echo).save(out)
    click.echo(f"{out}: learnt from {len(train_songs)} songs, weighed on {len(valid_songs)}")


@train.command()
@click.option("--data", type=PATH, required=True, help="the folder with leadsheets/ below it")
@click.option("--out", type=PATH, required=True, help="the file to write, e.g. engine/song/likeness.npz")
def likeness(data: Path, out: Path) -> None:
    """Learn what marks a tune, from what its two halves have in common: in minutes, with numpy alone.

    Example:  songwright train likeness --data data/music --out engine/song/likeness.npz
    """
    from engine.evaluation.peoples_tunes import peoples_tunes, read_works_to_compare
    from engine.training.likeness import learn

    tunes = [tune.sheet for tune in peoples_tunes(read_works_to_compare(data)) if tune.split == "train"]
    learn(tunes).save(out)
    click.echo(f"{out}: learnt from {len(tunes)} tunes")
