"""Every verb of the engine as a slash command, made from its one declaration. Does not know what any verb does."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_args

import annotated_types
import discord
from discord import app_commands
from discord.app_commands import locale_str
from pydantic.fields import FieldInfo

from bot.access import Refusal
from bot.backend import Backend
from bot.commands.asking import Asking, asker_of, may_use
from bot.commands.forms import open_form
from bot.commands.requests import extra_of, option_fields, option_name, request_of
from bot.errors import answered
from bot.ladder import PASSING_FAULTS
from bot.plain_text import label, one_line, shown
from bot.suggestions import suggest_for
from bot.translations import Words
from engine.contract import LARGEST_UPLOAD_BYTES, Request
from engine.errors import EngineError
from engine.verbs import VERBS, Verb
from worker.store.deletion import UPLOAD_PREFIX
from worker.store.identifiers import made_at

MOST_TYPED_CHARACTERS = 4000
MOST_NAME_CHARACTERS = 80
MIDI_MAGIC = b"MThd"
UPLOAD_SECONDS = 2.5  # a sentence must come soon, also when Discord's files are slow

EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
BOTH_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)

Choice = app_commands.Choice

log = logging.getLogger(__name__)


class VerbCommands:
    """The slash commands of all verbs."""

    def __init__(self, backend: Backend, asking: Asking) -> None:
        self._backend, self._asking = backend, asking

    def all(self) -> list[app_commands.Command[Any, ..., Any]]:
        """Return a command for every verb."""
        return [self.command_of(verb) for verb in VERBS.values()]

    def command_of(self, verb: Verb) -> app_commands.Command[Any, ..., Any]:
        """Return the slash command of a verb."""

        async def callback(interaction: discord.Interaction, **values: Any) -> None:
            await answered(interaction, self.ask(interaction, verb, values))

        return slash_command(verb.name, verb.summary, callback, verb.request, self.suggest)

    async def ask(self, interaction: discord.Interaction, verb: Verb, values: dict[str, Any]) -> None:
        """Answer a verb's command: a form where words are missing, else the request with its upload."""
        file: discord.Attachment | None = values.pop("file", None)
        if values.get("other"):
            values["other"] = await known_song(self._backend, interaction, values["other"])
        if verb.edits and (values.get("source") or file or verb.request.model_fields["source"].is_required()):
            values["source"] = await self._source(interaction, verb.name, values.get("source"), file)
        asks = next(
            (name for name, field in option_fields(verb.request).items() if extra_of(field).get("long_text")), ""
        )
        if asks and not values.get(asks):
            self._asking.check(asker_of(interaction), verb.name)
            await open_form(interaction, verb, asks, values)
            return
        try:
            await self._asking.ask(interaction, [request_of(verb, values)])
        finally:
            if file is not None:  # where the request was refused, the file would be kept for nothing
                await self._forget_unneeded(values["source"])

    async def suggest(self, interaction: discord.Interaction, kind: str, typed: str) -> list[Choice[str]]:
        """Return what to offer; an autocomplete cannot be deferred, so nothing here waits long."""
        if kind == "songs":
            return await suggest_songs(self._backend, interaction, typed)
        found = suggest_for(kind, typed, authors=self._backend.authors)
        if kind != "authors" and typed.strip() and typed.strip() not in found:
            found = [typed.strip()[:100], *found][:25]
        words = Words(interaction.locale)
        return [Choice(name=words.choice(value) if kind == "voices" else value, value=value) for value in found]

    async def _source(
        self, interaction: discord.Interaction, command: str, song: str | None, file: discord.Attachment | None
    ) -> str:
        """Return the id of the song to edit, or store the file that was sent; exactly one of the two."""
        if (song is None) == (file is None):
            raise Refusal("upload.song_or_file")
        if file is None:
            assert song is not None
            return await known_song(self._backend, interaction, song)
        self._asking.check(asker_of(interaction), command)  # or a file would be kept that nothing is made of
        data = await read_midi(file)
        upload = await self._backend.call(
            self._backend.client.uploads.add, owner=str(interaction.user.id), name=file.filename, data=data
        )
        return f"{UPLOAD_PREFIX}{upload}"

    async def _forget_unneeded(self, source: str) -> None:
        with contextlib.suppress(EngineError):  # housekeeping will do it
            await self._backend.call(self._backend.client.uploads.forget_unneeded, source.removeprefix(UPLOAD_PREFIX))


async def read_midi(file: discord.Attachment) -> bytes:
    """Return the bytes of a MIDI file that a member sent; a Refusal where it cannot be one."""
    name = shown(one_line(file.filename), MOST_NAME_CHARACTERS)
    if file.size > LARGEST_UPLOAD_BYTES:
        megabytes = f"{file.size / 1024 / 1024:.1f}"
        raise Refusal("upload.too_large", name=name, size=megabytes, most=LARGEST_UPLOAD_BYTES // 1024 // 1024)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            data = await file.read()
    except PASSING_FAULTS as error:
        raise Refusal("upload.unreachable", name=name) from error
    if not data.startswith(MIDI_MAGIC):
        raise Refusal("upload.not_midi", name=name)
    return data


async def known_song(backend: Backend, interaction: discord.Interaction, typed: str) -> str:
    """Return the id of a song that this member may use; typed: its id, or a title of their own or of this server."""
    asker = asker_of(interaction)
    song = await backend.find_song(typed.strip().lower())
    if song is not None and may_use(asker, song):
        return song.id
    titles = await backend.call(backend.client.library.own_titles, asker.member, asker.server, typed.strip(), 1)
    if not titles:
        raise Refusal("song.unknown", song=shown(one_line(typed), MOST_NAME_CHARACTERS))
    return titles[0][0]


async def suggest_songs(backend: Backend, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
    """Return the member's own songs, and the server's, whose titles fit; none where the store does not answer."""
    asker = asker_of(interaction)
    try:
        titles = await backend.call(backend.client.library.own_titles, asker.member, asker.server, typed, 25)
    except EngineError as error:
        log.warning("no songs can be suggested: %s", error)
        return []
    return [Choice(name=_told_apart(song_id, title, titles), value=song_id) for song_id, title in titles]


def _told_apart(song_id: str, title: str, titles: Sequence[tuple[str, str]]) -> str:
    """Return a title, and where there are several of it the time of its making."""
    if sum(other == title for _, other in titles) > 1:
        return f"{label(title, 80) or '…'} · {made_at(song_id):%Y-%m-%d %H:%M:%S} UTC"
    return label(title, 100) or "…"


Suggest = Callable[[discord.Interaction, str, str], Awaitable[list[Choice[str]]]]


def slash_command(
    name: str,
    summary: str,
    callback: Callable[..., Awaitable[None]],
    request_type: type[Request],
    suggest: Suggest,
) -> app_commands.Command[Any, ..., Any]:
    """Return a slash command whose options are the fields of a request; it calls back with values by field name."""
    fields = option_fields(request_type)
    parameters = [
        inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction)
    ]
    for field_name, field in fields.items():
        parameters.append(
            _parameter(field_name, _annotation(field_name, field), required=_is_required(field_name, field))
        )
        if extra_of(field).get("uploads"):
            parameters.append(_parameter("file", discord.Attachment, required=False))

    async def with_fields(interaction: discord.Interaction, **values: Any) -> None:
        await callback(interaction, **values)

    with_fields.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what discord.py reads
    names = {field_name: option_name(field_name, field) for field_name, field in fields.items()}
    texts = {field_name: _described(field) for field_name, field in fields.items()}
    if any(extra_of(field).get("uploads") for field in fields.values()):
        texts["file"] = "or a MIDI file of your own (.mid)"
    app_commands.rename(**{field: option for field, option in names.items() if field != option})(with_fields)
    app_commands.describe(**texts)(with_fields)
    for field_name, field in fields.items():
        _add_values(with_fields, field_name, field, suggest)
    return app_commands.Command(
        name=name,
        description=summary,
        callback=with_fields,
        allowed_contexts=EVERYWHERE,
        allowed_installs=BOTH_INSTALLS,
    )


def _is_required(name: str, field: FieldInfo) -> bool:
    # A song may come as a file instead, and long words in a form.
    return field.is_required() and not extra_of(field).get("uploads") and not extra_of(field).get("long_text")


def _parameter(name: str, annotation: Any, *, required: bool) -> inspect.Parameter:
    if required:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation | None, default=None)


def _annotation(name: str, field: FieldInfo) -> Any:
    """Return the type of an option: a range where the field has one, so that Discord refuses the rest itself."""
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not type(None)}
    low, high = extra_of(field).get("range") or _limits(field)
    if name == "length_seconds":
        return app_commands.Range[str, 1, 20]
    if bool in kinds:
        return bool
    if int in kinds:
        return app_commands.Range[int, None if low is None else int(low), None if high is None else int(high)]
    if float in kinds:
        return app_commands.Range[float, low, high]
    return app_commands.Range[str, 1, MOST_TYPED_CHARACTERS]


def _limits(field: FieldInfo) -> tuple[float | None, float | None]:
    low = high = None
    for limit in field.metadata:
        match limit:
            case annotated_types.Ge(ge=value) | annotated_types.Gt(gt=value):
                low = float(value)  # type: ignore[arg-type]  # limits of options are numbers
            case annotated_types.Le(le=value):
                high = float(value)  # type: ignore[arg-type]
            case annotated_types.Lt(lt=value):
                high = float(value) - 1 if isinstance(value, int) else float(value)  # type: ignore[arg-type]
    return low, high


def _described(field: FieldInfo) -> str:
    text = field.description or "…"
    return text if len(text) <= 100 else text[:99] + "…"


def _choice(option: str, value: str) -> Choice[str]:
    # A bass in a choir is a man, one in a band is not: the languages have two words for it.
    name: Any = locale_str(value, key="choices.bass_part") if (option, value) == ("part", "bass") else value
    return Choice(name=name, value=value)


def _add_values(function: Any, name: str, field: FieldInfo, suggest: Suggest) -> None:
    """Give an option its fixed choices, or suggestions while it is typed."""
    extra = extra_of(field)
    if choices := extra.get("choices"):
        app_commands.choices(**{name: [_choice(name, value) for value in choices]})(function)
    elif kind := extra.get("suggest"):

        async def complete(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
            return await suggest(interaction, kind, typed)

        app_commands.autocomplete(**{name: complete})(function)
