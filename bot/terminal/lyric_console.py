"""`songwright lyrics --interactive`: words asked for line by line, song after song. Does not know how they are written.

Songs go to standard output, all else to standard error, so that a pipe gets the songs alone.
"""

from __future__ import annotations

import difflib
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from bot.terminal.growing_song import GrowingSong
from bot.terminal.options import build_request, check_values, option_fields, option_name, positional_fields
from bot.terminal.plain_models import LARGEST_SEED, PlainModel, SampleRequest, open_plain_model
from bot.terminal.sample import sample_request, tell_about, write_new_file
from bot.terminal.song import make
from engine.contract import Request
from engine.errors import Cancelled, EngineError, RequestError
from worker.settings import data_directory

ASKED = ("theme", "title", "artist")  # in this order, as far as the request has them
HISTORY_FILE, MOST_HISTORY = "lyrics_history", 1000
HELP = """Answer each question, or press Enter to leave it as it is; the song follows. Between questions:
  :set                 show the settings      :again      another take of the same
  :set NAME VALUE      change one             :seed N     choose the seed; without N it is random
  :set NAME            as it was at first     :save FILE  write the last song to a new file
  :help                this                   :quit       end, as does Ctrl-D; Ctrl-C stops a song"""

Narrow = Callable[[Request], Request]


class Planned:
    """The starter, or whichever lyric model is in use, by the way that every song goes."""

    def __init__(self, request_type: type[Request], narrow: Narrow, out: Path | None) -> None:
        self.request_type, self._narrow, self._out = request_type, narrow, out

    def check(self, values: Mapping[str, str]) -> Request:
        """Return the request of what was typed; RequestError where it cannot be one."""
        typed = {name: values.get(name, "") for name in positional_fields(self.request_type)}
        given = {name: value for name, value in values.items() if name not in typed}
        request = build_request(self.request_type, typed, given)
        check_values(request)
        return self._narrow(request)

    def write(self, request: Request) -> tuple[str, int]:
        """Write a song, show it, and return its text and seed."""
        made = make(request, self._out, False)
        _say(f"seed {made.report.seed}")
        return made.lyrics_text, made.report.seed


class Plain:
    """A model of plain songs."""

    request_type: type[Request] = SampleRequest

    def __init__(self, model: PlainModel) -> None:
        self._model = model

    def check(self, values: Mapping[str, str]) -> Request:
        """Return the request of what was typed; RequestError where it cannot be one."""
        return sample_request(dict(values))

    def write(self, request: Request) -> tuple[str, int]:
        """Write a song, show it as it grows, and return its text and seed."""
        assert isinstance(request, SampleRequest)
        seed = random.randrange(LARGEST_SEED) if request.seed is None else request.seed
        shown = GrowingSong()
        songs = self._model.songs(request, seed, shown.report, shown.glimpse)
        tell_about(songs)
        return "\n".join(song.text for song in songs), seed


def talk(
    request_type: type[Request], given: Mapping[str, Any], model: str | None, narrow: Narrow, out: Path | None
) -> None:
    """Ask and write until there is nothing more to write. given: the options of the command, the first settings."""
    writer = Planned(request_type, narrow, out) if model is None else Plain(open_plain_model(model, _say))
    first = {name: str(value) for name, value in given.items() if value is not None}
    for name in first:
        if name not in _settable(writer.request_type):
            raise RequestError(f"--{name.replace('_', '-')} means nothing to a plain model; leave it out with --model")
    with _history():
        Console(writer, first, _read).run()


class Console:
    """A talk: settings, the last song, and what is typed. read: returns a line for a question, None at the end."""

    def __init__(self, writer: Planned | Plain, first: Mapping[str, str], read: Callable[[str], str | None]) -> None:
        self._writer, self._first, self._read = writer, dict(first), read
        self._values = dict(first)
        self._last: tuple[str, int] | None = None  # text and seed
        self._is_over = False

    def run(self) -> None:
        """Talk until :quit, or the end of what is typed."""
        _say("Words, song after song. :help says what can be typed, :quit ends.")
        while not self._is_over:
            if self._ask_all():
                self._write(self._values)

    def _asked(self) -> list[str]:
        fields = self._writer.request_type.model_fields
        return [name for name in ASKED if name in fields]

    def _ask_all(self) -> bool:
        """Ask for what a song is about; return whether it is to be written now."""
        for name in self._asked():
            line = self._answer(name)
            if line is None:
                return False
            if line:
                self._set(name, line)
        return bool(self._values.get(self._asked()[0]))

    def _answer(self, name: str) -> str | None:
        """Return the answer to one question, after any number of commands; None where the talk is over or begins anew."""
        while not self._is_over:
            held = self._values.get(name)
            try:
                line = self._read(f"{name} [{held}]> " if held else f"{name}> ")
            except KeyboardInterrupt:
                _say("\n(:quit ends)")
                return None
            if line is None:
                self._is_over = True
            elif not line.strip().startswith(":"):
                return line.strip()
            else:
                self._obey(line.strip())
        return None

    def _obey(self, line: str) -> None:
        word, _, rest = line[1:].strip().partition(" ")
        commands: dict[str, Callable[[str], None]] = {
            "help": lambda _: _say(HELP),
            "set": self._set_command,
            "seed": lambda text: self._set("seed", text.strip()),
            "again": lambda _: self._again(),
            "save": self._save,
            "quit": lambda _: self._end(),
        }
        if word not in commands:
            _say(f"there is no :{word}; there are {', '.join(f':{name}' for name in commands)}")
            return
        try:
            commands[word](rest.strip())
        except EngineError as error:
            _say(str(error))

    def _end(self) -> None:
        self._is_over = True

    def _set_command(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        if not name:
            for known in _settable(self._writer.request_type):
                _say(f"  {known:<20} {self._values.get(known, '-')}")
            return
        self._set(_field_called(name, self._writer.request_type), value.strip())

    def _set(self, name: str, value: str) -> None:
        """Keep a setting if it can be one; an empty value makes it what it was at first."""
        values = dict(self._values)
        values.pop(name, None)
        if value:
            values[name] = value
        elif name in self._first and name != "seed":
            values[name] = self._first[name]
        try:
            self._writer.check(values)
        except RequestError as error:
            _say(str(error))
            return
        self._values = values

    def _again(self) -> None:
        if self._last is None:
            _say("there is no song yet")
            return
        self._write(self._values | {"seed": str(self._last[1] + 1)})

    def _write(self, values: Mapping[str, str]) -> None:
        """Write a song; whatever stops it stops no more than that."""
        try:
            request = self._writer.check(values)
            self._last = self._writer.write(request)
        except (KeyboardInterrupt, Cancelled):
            _say("\nstopped")
        except EngineError as error:
            _say(str(error))

    def _save(self, rest: str) -> None:
        if not rest or self._last is None:
            _say(":save wants the name of a new file" if self._last else "there is no song yet")
            return
        path = Path(rest).expanduser()
        write_new_file(path, self._last[0].rstrip("\n") + "\n")
        _say(f"wrote {path}")


def _settable(request_type: type[Request]) -> list[str]:
    return [*positional_fields(request_type), *option_fields(request_type)]


def _field_called(name: str, request_type: type[Request]) -> str:
    """Return the field that an option is named after; RequestError with the nearest names."""
    fields = option_fields(request_type)
    names = {option_name(field, about).removeprefix("--"): field for field, about in fields.items()}
    names |= {field: field for field in positional_fields(request_type)}
    wanted = name.removeprefix("--").replace("_", "-").casefold()
    if wanted in names:
        return names[wanted]
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else ":set lists all"
    raise RequestError(f"there is no setting {name[:40]!a}; {hint}")


def _read(question: str) -> str | None:
    """Return a line that was typed; None at the end. Questions are for terminals alone."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None
    try:
        return input(question)
    except EOFError:
        _say("")
        return None


@contextmanager
def _history() -> Iterator[None]:
    """Keep what is typed, for the arrow keys, where Python has readline and the terminal is one."""
    readline = _readline() if sys.stdin.isatty() else None
    if readline is None:
        yield
        return
    path = data_directory(os.environ) / HISTORY_FILE
    with suppress(OSError):
        readline.read_history_file(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(MOST_HISTORY)
            readline.write_history_file(path)


def _readline() -> Any:
    try:
        import readline
    except ImportError:
        return None
    return readline


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
