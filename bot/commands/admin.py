"""/admin: a server's settings, for members with Manage Server. Discord hides it from others; it is checked here too."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import discord
from discord import app_commands

from bot import model_pages, pages
from bot.access import MOST_NAMED, Refusal, plain_word
from bot.backend import Backend
from bot.commands.asking import asker_of
from bot.commands.tuning_runs import Tuned, TuningRuns
from bot.errors import answered, tell
from bot.plain_text import one_line, shown
from bot.suggestions import suggest
from bot.translations import Words, languages
from engine.contract import FilterLevel
from engine.verbs import VERBS
from worker import model_overview
from worker.store.server_settings import MAX_FILTER_WORDS, ServerSettings

log = logging.getLogger(__name__)

OTHER_COMMANDS = ("compare", "top", "history", "library", "favourites", "song-info")
MOST_FILTER_CHARACTERS = 60


class AdminCommands:
    """The group /admin. Each command changes one thing and repeats what is so now."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tunings = TuningRuns(backend)

    def all(self) -> list[app_commands.Group]:
        """Return the group."""
        group = app_commands.Group(
            name="admin",
            description="Settings of this server, for those with Manage Server",
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self._add_looks(group)
        self._add_limits(group)
        self._add_words(group)
        return [group]

    def _add_looks(self, group: app_commands.Group) -> None:
        @group.command(name="show", description="See the settings of this server")
        async def show(interaction: discord.Interaction) -> None:
            await self._run(interaction, self._show)

        @group.command(name="stats", description="How much is sung here")
        async def stats(interaction: discord.Interaction) -> None:
            await self._run(interaction, self._stats)

        @group.command(name="models", description="Which models make the songs, and how they are rated")
        async def models(interaction: discord.Interaction) -> None:
            await self._run(interaction, self._models)

        @group.command(name="finetune", description="Runs in which models learn from ratings")
        @app_commands.describe(start="begin a run that tunes this model", cancel="end the run that tunes this model")
        async def finetune(
            interaction: discord.Interaction, start: Tuned | None = None, cancel: Tuned | None = None
        ) -> None:
            await self._run(interaction, self._tunings.answer, start, cancel)

        @group.command(name="reset", description="Set everything back to how it was at first; songs are kept")
        async def reset(interaction: discord.Interaction) -> None:
            await self._run(interaction, self._reset)

    def _add_limits(self, group: app_commands.Group) -> None:
        @group.command(name="channels", description="Allow songs in a channel only, or take it off the list")
        @app_commands.describe(
            channel="a channel to allow, or to take off the list", allowed="whether songs are made there"
        )
        async def channels(
            interaction: discord.Interaction, channel: discord.TextChannel, allowed: bool = True
        ) -> None:
            await self._run(interaction, self._set_channel, channel, allowed)

        @group.command(name="quota", description="How many songs a member may ask for")
        @app_commands.describe(per_day="songs per member and day", waiting="requests that may wait at once")
        async def quota(
            interaction: discord.Interaction,
            per_day: app_commands.Range[int, 1, 1000] | None = None,
            waiting: app_commands.Range[int, 1, 20] | None = None,
        ) -> None:
            await self._run(interaction, self._set_quota, per_day, waiting)

        @group.command(name="role", description="Give the members with a role more songs, or fewer")
        @app_commands.describe(role="the role", times="times the quota: 1 is as usual, 0 is none")
        async def role(
            interaction: discord.Interaction, role: discord.Role, times: app_commands.Range[float, 0.0, 100.0]
        ) -> None:
            await self._run(interaction, self._set_role, role, times)

        @group.command(name="allow", description="Keep a command for the members with a role")
        @app_commands.describe(command="which command", role="who may use it", allowed="off takes the role away again")
        @app_commands.autocomplete(command=_suggest_command)
        async def allow(
            interaction: discord.Interaction, command: str, role: discord.Role, allowed: bool = True
        ) -> None:
            await self._run(interaction, self._set_allowed, command, role, allowed)

    def _add_words(self, group: app_commands.Group) -> None:
        @group.command(name="language", description="Which language I speak in public messages")
        @app_commands.describe(language="leave it out for each member's own")
        @app_commands.choices(
            language=[app_commands.Choice(name=Words(code)("language_itself"), value=code) for code in languages()]
        )
        async def language(interaction: discord.Interaction, language: str | None = None) -> None:
            await self._run(interaction, self._set_language, language)

        @group.command(name="filter", description="Words that are neither asked for nor sung here")
        @app_commands.describe(
            change="what to do", word="the word", level="or kinds of words; insults are out in any case"
        )
        async def filter_(
            interaction: discord.Interaction,
            change: Literal["add", "remove"] | None = None,
            word: app_commands.Range[str, 1, MOST_FILTER_CHARACTERS] | None = None,
            level: FilterLevel | None = None,
        ) -> None:
            if level is not None and change is None and word is None:
                await self._run(interaction, self._set_filter_level, level)
            else:
                await self._run(interaction, self._set_filter, change, word, level)

    async def _run(self, interaction: discord.Interaction, act: Callable[..., Awaitable[None]], *values: Any) -> None:
        """Do what a command is for, act(interaction, *values), if its member may; answer whatever happens."""

        async def checked() -> None:
            if not asker_of(interaction).manages_server:
                log.warning("interaction %s: /admin was refused", interaction.id)
                raise Refusal("access.needs_manage_server")
            await act(interaction, *values)

        await answered(interaction, checked())

    async def _show(self, interaction: discord.Interaction) -> None:
        settings = await self._backend.read_server_settings(str(interaction.guild_id))
        await tell(interaction, "", embed=pages.settings_page(Words(interaction.locale), settings))

    async def _stats(self, interaction: discord.Interaction) -> None:
        server = str(interaction.guild_id)
        counts = await self._backend.call(self._backend.client.servers.statistics, server)
        await tell(interaction, "", embed=pages.statistics_page(Words(interaction.locale), counts))

    async def _models(self, interaction: discord.Interaction) -> None:
        server = str(interaction.guild_id)
        found = await self._backend.call(model_overview.overview, self._backend.client.store, server)
        await tell(interaction, "", embed=model_pages.models_page(Words(interaction.locale), found))

    async def _change(
        self,
        interaction: discord.Interaction,
        values: dict[str, Any],
        key: str,
        said: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Store changed settings, and say what is so now."""
        server = str(interaction.guild_id)
        settings = await self._backend.read_server_settings(server)
        changed = ServerSettings.model_validate(settings.model_dump() | values)
        await self._backend.change_server_settings(server, changed)
        log.info("server settings changed: %s", ", ".join(values))
        await tell(interaction, Words(interaction.locale)(key, **said))

    async def _reset(self, interaction: discord.Interaction) -> None:
        await self._change(interaction, ServerSettings().model_dump(), "admin.reset_done")

    async def _set_language(self, interaction: discord.Interaction, language: str | None) -> None:
        if language is None:
            await self._change(interaction, {"language": None}, "admin.language_own")
        else:
            said = {"language": Words(language)("language_itself")}
            await self._change(interaction, {"language": language}, "admin.language_saved", said)

    async def _set_channel(self, interaction: discord.Interaction, channel: discord.TextChannel, allowed: bool) -> None:
        settings = await self._backend.read_server_settings(str(interaction.guild_id))
        others = tuple(one for one in settings.allowed_channels if one != str(channel.id))
        channels = (*others, str(channel.id)) if allowed else others
        key = "admin.channel_added" if allowed else "admin.channel_removed" if channels else "admin.channels_open"
        said = {"channel": channel.mention} if channels else {}
        await self._change(interaction, {"allowed_channels": channels}, key, said)

    async def _set_quota(self, interaction: discord.Interaction, per_day: int | None, waiting: int | None) -> None:
        given = {"songs_per_day": per_day, "waiting_per_member": waiting}
        values = {name: value for name, value in given.items() if value is not None}
        if not values:
            raise Refusal("admin.quota_needs_number")
        if per_day is None:
            await self._change(interaction, values, "admin.saved")
        else:
            await self._change(interaction, values, "admin.quota_saved", {"count": per_day})

    async def _set_role(self, interaction: discord.Interaction, role: discord.Role, times: float) -> None:
        settings = await self._backend.read_server_settings(str(interaction.guild_id))
        factors = {key: value for key, value in settings.role_multipliers.items() if key != str(role.id)}
        if times != 1.0:
            factors[str(role.id)] = times
        key = "admin.role_removed" if times == 1.0 else "admin.role_saved"
        said = {"role": role.mention, "multiplier": f"{times:g}"}
        await self._change(interaction, {"role_multipliers": factors}, key, said)

    async def _set_allowed(
        self, interaction: discord.Interaction, command: str, role: discord.Role, allowed: bool
    ) -> None:
        command = command.removeprefix("/").strip().lower()
        if command not in (*VERBS, *OTHER_COMMANDS):
            known = ", ".join(f"/{one}" for one in (*VERBS, *OTHER_COMMANDS))
            raise Refusal("admin.command_unknown", command=shown(one_line(command), 40), commands=known)
        settings = await self._backend.read_server_settings(str(interaction.guild_id))
        roles = tuple(one for one in settings.allowed_roles.get(command, ()) if one != str(role.id))
        roles = (*roles, str(role.id)) if allowed else roles
        rules = {key: value for key, value in settings.allowed_roles.items() if key != command}
        rules |= {command: roles} if roles else {}
        key = "admin.allow_saved" if roles else "admin.allow_all"
        said = {"command": f"/{command}", "roles": ", ".join(f"<@&{one}>" for one in roles[:MOST_NAMED])}
        await self._change(interaction, {"allowed_roles": rules}, key, said)

    async def _set_filter_level(self, interaction: discord.Interaction, level: FilterLevel) -> None:
        await self._change(interaction, {"filter_level": level}, f"admin.filter_{level}")

    async def _set_filter(
        self, interaction: discord.Interaction, change: str | None, typed: str | None, level: FilterLevel | None
    ) -> None:
        if change is None or typed is None or level is not None:
            raise Refusal("admin.filter_one_of_two")
        word = plain_word(typed)
        if not any(sign.isalnum() for sign in word) or len(word) > MOST_FILTER_CHARACTERS:
            raise Refusal("admin.filter_no_word")
        settings = await self._backend.read_server_settings(str(interaction.guild_id))
        words = tuple(one for one in settings.filter_words if one != word)
        if change == "remove" and len(words) == len(settings.filter_words):
            raise Refusal("admin.filter_unknown", word=shown(word, 60))
        if change == "add":
            words = (*words, word)
        if len(words) > MAX_FILTER_WORDS:
            raise Refusal("admin.filter_full", most=MAX_FILTER_WORDS)
        key = "admin.filter_added" if change == "add" else "admin.filter_removed"
        await self._change(interaction, {"filter_words": words}, key, {"word": shown(word, 60)})


async def _suggest_command(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in suggest(typed, (*VERBS, *OTHER_COMMANDS))]
