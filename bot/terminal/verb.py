"""A subcommand of the terminal from the declaration of a verb. Does not know what any verb does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from pydantic.fields import FieldInfo

from bot.access import typed_texts
from bot.terminal.options import build_request, extra_of, positional_fields, request_options
from bot.terminal.song import make
from engine.contract import FilterLevel, Request
from engine.errors import RequestError
from engine.file_requests import FILES
from engine.lyrics.word_filter import first_left_out, list_of
from engine.song.file_names import named_files
from engine.verbs import VERBS, Verb

MOST_TEXT_BYTES = 100_000  # far more words than any song has
DEFAULT_FOLDER = Path("songs")
TALKING = ("lyrics",)  # verbs that can be asked for line by line


class UnlessTalking(click.Argument):
    """A value that must be typed, but not with --interactive, which asks for it."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        if ctx.params.get("interactive") and self.value_is_missing(value):
            return None
        return super().process_value(ctx, value)


def verb_command(name: str) -> click.Command:
    """Return the command of a verb: its positional values, an option for each other field, --out and --json."""
    verb = VERBS[name]
    run: Any = _runner(verb)
    for decorate in reversed((*_arguments(verb), request_options(verb.request), *_common(verb), *_talking(verb))):
        run = decorate(run)
    command: click.Command = click.command(name, help=_help(verb), short_help=verb.summary)(run)
    return command


def makes_music(verb: Verb) -> bool:
    """Return whether the result is heard: then its files are written even where no folder was named."""
    return verb.edits or "key" in verb.request.model_fields


def _runner(verb: Verb) -> Callable[..., None]:
    def run(
        out: Path | None, as_json: bool, filter_level: FilterLevel = "off", files: str | None = None, **given: Any
    ) -> None:
        is_interactive, model = given.pop("interactive", False), given.pop("model", None)
        if is_interactive:
            from bot.terminal.lyric_console import talk

            return talk(verb.request, given, model, lambda request: with_filter(request, filter_level), out)
        if model is not None:
            raise RequestError(f"--model goes with --interactive; for songs at once: songwright sample {model}")
        typed = {name: _typed(field, given.pop(name)) for name, field in positional_fields(verb.request).items()}
        request: Request = with_filter(build_request(verb.request, typed, given), filter_level)
        wanted = named_files(files) if files is not None else None
        make(request, out or (DEFAULT_FOLDER if makes_music(verb) else None), as_json, wanted)

    return run


def has_words(verb: Verb) -> bool:
    """Return whether words are written or sung, which may be filtered."""
    return bool({"avoid", "lyrics"} & verb.request.model_fields.keys())


def with_filter(request: Request, level: FilterLevel) -> Request:
    """Return the request with words of a level to be avoided; RequestError where it holds one of them itself."""
    found = next(filter(None, (first_left_out(text, level) for text in typed_texts(request))), "")
    if found:
        raise RequestError(
            f"--filter {level} leaves out words such as {found[:40]!a}; say it in other words, or choose another --filter"
        )
    avoid = list_of(level)
    return request.model_copy(update={"avoid": avoid}) if avoid and "avoid" in type(request).model_fields else request


def _arguments(verb: Verb) -> list[Callable[[Any], Any]]:
    kind = UnlessTalking if verb.name in TALKING else click.Argument
    found = []
    for name, field in positional_fields(verb.request).items():
        may_lack: dict[str, Any] = {} if field.is_required() else {"required": False, "default": str(field.default)}
        found.append(click.argument(name, cls=kind, **may_lack))
    return found


def _talking(verb: Verb) -> tuple[Callable[[Any], Any], ...]:
    if verb.name not in TALKING:
        return ()
    return (
        click.option("--interactive", is_flag=True, is_eager=True, help="ask line by line, for song after song"),
        click.option("--model", default=None, help="with --interactive: a model directory or server for plain songs"),
    )


def _common(verb: Verb) -> tuple[Callable[[Any], Any], ...]:
    folder = f"  [{DEFAULT_FOLDER}]" if makes_music(verb) else ""
    levels = click.option(
        "--filter",
        "filter_level",
        type=click.Choice(get_args(FilterLevel)),
        default="off",
        help="kinds of words that are neither asked for nor sung; insults never are  [off]",
    )
    files = click.option("--files", default=None, help=f"which to make: {', '.join(FILES)}  [the first six]")
    return (
        *((levels,) if has_words(verb) else ()),
        *((files,) if makes_music(verb) and verb.name not in ("export", "explain") else ()),
        click.option("--out", type=click.Path(path_type=Path), default=None, help=f"folder for the files{folder}"),
        click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else"),
    )


def _help(verb: Verb) -> str:
    positional = positional_fields(verb.request)
    about = [f"{name.upper()}: {_about(name, field)}." for name, field in positional.items()]
    example = f"Example:  songwright {verb.name} {verb.example}"
    return "\n\n".join([f"{verb.summary}.", *about, f"\b\n{example}"])


def _about(name: str, field: FieldInfo) -> str:
    if name == "source":
        file = ", or the path of a .mid file" if extra_of(field).get("uploads") else ""
        return f"the id of a song or of its job, as it was printed{file}"
    if name == "other":
        return f"{field.description}: its id, or the path of a .mid file"
    if extra_of(field).get("long_text"):
        return f"{field.description}. @FILE reads them from a file, - from standard input"
    return field.description or name


def _typed(field: FieldInfo, text: str) -> str:
    """Return a positional value; for what may have several lines, the contents of @FILE or of standard input (-)."""
    if not extra_of(field).get("long_text") or not (text == "-" or text.startswith("@")):
        return text
    where = "standard input" if text == "-" else text[1:]
    try:
        data = sys.stdin.buffer.read(MOST_TEXT_BYTES + 1) if text == "-" else _read_file(Path(text[1:]))
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"{where} is not text in UTF-8; save it as UTF-8 and try again") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequestError(f"{where!a} cannot be read ({reason}); @ and the path of a text file is wanted") from error
    if len(data) > MOST_TEXT_BYTES:
        raise RequestError(f"{where} has more than {MOST_TEXT_BYTES // 1000} kB of text; give the words of one song")
    return words


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_TEXT_BYTES + 1)
