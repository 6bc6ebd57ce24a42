"""/admin finetune: the last tuning runs, and beginning or ending one. Does not know how runs are carried out.

A run changes the models of every server that the bot is in and takes the host's processors; so where there are several
servers, only who owns the bot's application begins and ends runs, and the managers of each see them.
"""

from __future__ import annotations

import logging
from typing import Literal

import discord

from bot import model_pages
from bot.access import Refusal
from bot.backend import Backend
from bot.errors import tell
from bot.pages import role_name
from bot.translations import Words
from worker import model_overview

log = logging.getLogger(__name__)

Tuned = Literal["lyrics", "melody"]


class TuningRuns:
    """What /admin finetune does."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def answer(self, interaction: discord.Interaction, start: Tuned | None, cancel: Tuned | None) -> None:
        """Begin a run, end one, or show the last ones where neither is asked for."""
        if start is not None and cancel is not None:
            raise Refusal("admin.finetune_one_of_two")
        if start is None and cancel is None:
            await self._show(interaction)
            return
        if not speaks_for_host(interaction):
            raise Refusal("admin.finetune_owner_only")
        if start is not None:
            await self._start(interaction, start)
        elif cancel is not None:
            await self._cancel(interaction, cancel)

    async def _show(self, interaction: discord.Interaction) -> None:
        runs = await self._backend.call(model_overview.last_runs, self._backend.client.store)
        await tell(interaction, "", embed=model_pages.tunings_page(Words(interaction.locale), runs))

    async def _start(self, interaction: discord.Interaction, role: Tuned) -> None:
        words, doors = Words(interaction.locale), self._backend.client.tunings
        named = role_name(words, role)
        if await self._backend.call(doors.under_way, role) is not None:
            raise Refusal("admin.finetune_under_way", role=named)
        count = await self._backend.call(doors.new_judgements)
        if not count:
            raise Refusal("admin.finetune_nothing_new")
        run = await self._backend.call(doors.ask, role)
        log.info("tuning run %s (%s) was asked for in Discord", run.id, role)
        await tell(interaction, words("admin.finetune_started", role=named, judgements=count))

    async def _cancel(self, interaction: discord.Interaction, role: Tuned) -> None:
        words, doors = Words(interaction.locale), self._backend.client.tunings
        run = await self._backend.call(doors.under_way, role)
        if run is None:
            raise Refusal("admin.finetune_none_to_cancel", role=role_name(words, role))
        await self._backend.call(doors.cancel, run.id)
        log.info("tuning run %s (%s) was cancelled in Discord", run.id, role)
        await tell(interaction, words("admin.finetune_cancelled_now", role=role_name(words, role)))


def speaks_for_host(interaction: discord.Interaction) -> bool:
    """Whether a manager may do what concerns every server: the bot is in one only, or the member owns its application."""
    client = interaction.client
    if len(client.guilds) <= 1:
        return True
    application = client.application
    if application is None:
        return False
    members = [member.id for member in application.team.members] if application.team is not None else []
    return interaction.user.id in (application.owner.id, *members)
