"""The console command `songwright`. Does not know what its subcommands do: each is imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from engine.errors import Cancelled, EngineError, FileFormatError, RequestError

# What hosts do; what is made is declared in `engine.verbs`. name -> (where its click command is, one line of help)
COMMANDS = {
    "similar": ("bot.terminal.similar:similar", "Say which of the stored songs are most like one, and why."),
    "up": ("bot.terminal.hosting:up", "Run bot and worker together, and keep them running."),
    "bot": ("bot.terminal.hosting:bot", "Run the Discord bot alone."),
    "worker": ("bot.terminal.hosting:worker", "Run a worker alone: it makes what the bot's members ask for."),
    "beat": ("bot.terminal.hosting:beat", "Ring workers to look whether a tuning run is due."),
    "jobs": ("bot.terminal.jobs:jobs", "Look at the queue, cancel a job or try it again."),
    "stats": ("bot.terminal.stats:stats", "Say what is going on: queue, workers, the last hour."),
    "models": ("bot.terminal.models:models", "Add models, try them, put them to use, go back."),
    "snapshots": ("bot.terminal.snapshots:snapshots", "Freeze what members said about songs, for tuning."),
    "gate": ("bot.terminal.gate:gate", "Compare a candidate with its parent, with a report."),
    "tunings": ("bot.terminal.tunings:tunings", "Tune the model in use on what members said; see how that goes."),
    "finetune": ("bot.terminal.finetune:finetune", "Tune models on what members liked, or learn a judge."),
    "doctor": ("bot.terminal.doctor:doctor", "Say what is ready and what is missing."),
    "corpus": ("bot.terminal.corpus:corpus", "Import songs of your own, clean, split, count and export them."),
    "train": ("bot.terminal.train:train", "Train a model of lyrics, melodies or music on a corpus of your own."),
    "sample": ("bot.terminal.sample:sample", "Write plain songs with a model of any family, or a server."),
    "evaluate": ("bot.terminal.evaluate:evaluate", "Print the figures of models and of finished songs."),
    "benchmark": ("bot.terminal.benchmark:benchmark", "Print the papers' tables with our rows, or measure anew."),
    "compare": ("bot.terminal.compare:compare", "Say what two lyric models differ in, with 95 % intervals."),
    "db": ("bot.terminal.database:db", "Create, upgrade, check and back up the database; move files."),
    "capacity": ("bot.terminal.capacity:capacity", "Say how many members a machine serves, simulated."),
}
OF_SONGS = ("similar",)  # of them, what people ask of their songs
EXTRAS = {
    "discord": "discord",
    "celery": "discord",
    "dotenv": "discord",
    "psycopg": "postgres",
    "py3langid": "corpus",
    "scipy": "corpus",
    "trl": "tune",
    "datasets": "tune",
}  # package -> who brings it
BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is called: those of `COMMANDS` and the verbs of the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_verb_summaries(), *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        if cmd_name not in _verb_summaries():
            return None
        from bot.terminal.verb import verb_command

        return verb_command(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Make and change songs"):
            found = {name: COMMANDS[name][1] for name in OF_SONGS}
            formatter.write_dl([*_verb_summaries().items(), *found.items()])
        with formatter.section("Host"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items() if name not in OF_SONGS])


def _verb_summaries() -> dict[str, str]:
    from engine.verbs import VERBS

    return {name: f"{verb.summary}." for name, verb in VERBS.items()}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="songwright")
def cli() -> None:
    """Songwright turns a line of chat into a song that sings every syllable.

    Begin with:  songwright song "rain over the harbour"
    """
    from bot.settings import read_dotenv
    from bot.terminal.bug_log import set_up_log

    read_dotenv(Path.cwd(), os.environ)
    set_up_log()


def main() -> None:
    """Run the command line; show faults as one sentence. Exit code 2 for bad input, 1 for what failed."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without é still shows the song
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        stop_with("stopped before it was done; nothing was written", INTERRUPTED)
    except Cancelled as error:
        stop_with(str(error), INTERRUPTED)
    except (RequestError, FileFormatError) as error:
        stop_with(str(error), BAD_INPUT)
    except EngineError as error:
        stop_with(str(error), FAILED)
    except Exception as error:
        stop_with(_about_bug(error), FAILED)
    sys.exit(code if isinstance(code, int) else 0)  # click returns the exit code of --help and ctx.exit


def _about_bug(error: Exception) -> str:
    """Write the exception down whole and return one polite line; a missing package is named."""
    from bot.terminal.bug_log import log, where_to_look

    if (
        isinstance(error, ModuleNotFoundError)
        and error.name
        and error.name.split(".")[0] not in ("bot", "engine", "worker")
    ):
        package = error.name.split(".")[0]
        extra = EXTRAS.get(package, "train")
        return f"this needs the Python package {package}, which is not installed; pip install 'songwright[{extra}]'"
    log.error("the command failed by a bug", exc_info=error)
    return f"something went wrong in the program; {where_to_look()}"


def stop_with(sentence: str, code: int) -> NoReturn:
    """Print a sentence to standard error, on one line whatever it quotes, and leave."""
    from bot.error_sentences import with_subcommands

    click.echo(f"songwright: {with_subcommands(' '.join(sentence.split()))}", err=True)
    sys.exit(code)
