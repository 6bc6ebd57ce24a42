"""/privacy: what is stored about a member, all of it as a file, all of it gone, and whether it may train models."""

from __future__ import annotations

import io
from contextlib import suppress

import discord
from discord import app_commands

from bot import pages
from bot.access import Refusal
from bot.backend import Backend
from bot.buttons import Handler, button, view_of
from bot.commands.verbs import BOTH_INSTALLS, EVERYWHERE
from bot.errors import answered, tell
from bot.ladder import PASSING_FAULTS, Outgoing, show
from bot.progress import cancelled_text
from bot.translations import Words
from engine.file_requests import MOST_SENT_BYTES


class PrivacyCommands:
    """The group /privacy; every answer is for the member alone."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def all(self) -> list[app_commands.Group]:
        """Return the group."""
        group = app_commands.Group(
            name="privacy",
            description="What is stored about you, and how to have it or be rid of it",
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )

        @group.command(name="show", description="See what is stored about you")
        async def show(interaction: discord.Interaction) -> None:
            await answered(interaction, self._show(interaction))

        @group.command(name="export", description="Get everything that is stored about you as a ZIP file")
        async def export(interaction: discord.Interaction) -> None:
            await answered(interaction, self._export(interaction))

        @group.command(name="delete", description="Delete everything that is stored about you")
        async def delete(interaction: discord.Interaction) -> None:
            await answered(interaction, self._ask_to_delete(interaction))

        @group.command(name="training", description="Allow or forbid that your requests and ratings improve the models")
        @app_commands.describe(on="whether they may be used; off unless you say so")
        async def training(interaction: discord.Interaction, on: bool) -> None:
            await answered(interaction, self._decide_training(interaction, on))

        return [group]

    def handlers(self) -> dict[str, Handler]:
        """Return what the button of /privacy delete does."""

        async def forget(interaction: discord.Interaction, member: str, _: str) -> None:
            await answered(interaction, self._forget(interaction, member))

        return {"forget": forget}

    async def _show(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, store = str(interaction.user.id), self._backend.client
        counts = await self._backend.call(store.privacy.stored_about, member)
        training = await self._backend.call(store.members.training, member)
        embed = pages.privacy_page(Words(interaction.locale), counts, training)
        await interaction.edit_original_response(embed=embed)

    async def _export(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        words = Words(interaction.locale)
        limit = interaction.filesize_limit or MOST_SENT_BYTES
        data = await self._backend.call(
            self._backend.client.privacy.export_zip, str(interaction.user.id), at_most_bytes=limit
        )
        file = discord.File(io.BytesIO(data), "songwright-export.zip")
        await interaction.edit_original_response(content=words("privacy.exported"), attachments=[file])

    async def _ask_to_delete(self, interaction: discord.Interaction) -> None:
        words = Words(interaction.locale)
        sure = button(
            "forget",
            str(interaction.user.id),
            label=words("buttons.really_delete"),
            style=discord.ButtonStyle.danger,
        )
        view = view_of(sure, button("keep", "-", label=words("buttons.keep")))
        await tell(interaction, words("privacy.delete_ask"), view=view)

    async def _forget(self, interaction: discord.Interaction, member: str) -> None:
        if member != str(interaction.user.id):
            raise Refusal("song.not_yours")
        await interaction.response.defer()
        store = self._backend.client
        pending = await self._backend.call(store.deliveries.pending, str(interaction.application_id))
        await self._backend.call(store.privacy.forget, member)
        for one in (one.delivery for one in pending if one.delivery.member == member):
            with suppress(*PASSING_FAULTS):  # the promise is gone; its message should say so, but need not
                taken_back = Outgoing(cancelled_text(Words(one.locale)))
                await show(interaction.client, one, taken_back, discord.utils.utcnow())
        await interaction.edit_original_response(content=Words(interaction.locale)("privacy.deleted"), view=None)

    async def _decide_training(self, interaction: discord.Interaction, on: bool) -> None:
        await self._backend.call(self._backend.client.members.set_training, str(interaction.user.id), on)
        await tell(interaction, Words(interaction.locale)("privacy.training_on" if on else "privacy.training_off"))
