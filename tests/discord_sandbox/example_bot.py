"""A bot of sixty lines, written as for the real Discord. It knows nothing of the sandbox; run alone it reads its environment."""

from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import discord
from discord import app_commands

STYLES = ["ballad", "blues", "bossa nova", "jazz waltz", "rock"]
EMPTY_MIDI = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0"


class LyricsModal(discord.ui.Modal, title="Edit the lyrics"):
    """A form with one text."""

    def __init__(self) -> None:
        super().__init__()
        self.lyrics: discord.ui.TextInput[Any] = discord.ui.TextInput(style=discord.TextStyle.long, max_length=1000)
        self.add_item(discord.ui.Label(text="Lyrics", component=self.lyrics))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Put the text in the message's place."""
        await interaction.response.edit_message(content=self.lyrics.value)


class SongView(discord.ui.View):
    """Survives a restart: no timeout, and fixed custom ids."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Like", custom_id="song:like", style=discord.ButtonStyle.green)
    async def like(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        """Thank, for one pair of eyes."""
        await interaction.response.send_message(f"Thanks, {interaction.user.mention}", ephemeral=True)

    @discord.ui.button(label="Edit lyrics", custom_id="song:edit")
    async def edit(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        """Open the form."""
        await interaction.response.send_modal(LyricsModal())


class SongBot(discord.Client):
    """Answers /song, and repeats what is said to it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allowed_mentions", discord.AllowedMentions.none())
        options.setdefault("intents", discord.Intents(guilds=True, messages=True))
        super().__init__(**options)
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="song", description="Write a song")(song)

    async def setup_hook(self) -> None:
        """Register buttons and commands."""
        self.add_view(SongView())
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Reply to a message whose text may be read."""
        if message.author != self.user and message.content:
            await message.reply(f"heard: {message.content}")


async def complete_style(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the styles that contain what is typed."""
    return [app_commands.Choice(name=style.title(), value=style) for style in STYLES if typed.lower() in style]


@app_commands.describe(topic="What it is about", style="How it sounds")
@app_commands.autocomplete(style=complete_style)
async def song(interaction: discord.Interaction, topic: app_commands.Range[str, 1, 200], style: str = "rock") -> None:
    """Defer, say twice how far it is, and answer with a file and buttons."""
    await interaction.response.defer(thinking=True)
    for step in ("queued", "writing"):
        await interaction.edit_original_response(content=f"{step} ...")
        await asyncio.sleep(0.02)
    title = f"A {style} about {topic}"
    midi = discord.File(io.BytesIO(EMPTY_MIDI), "song.mid", description=title)
    await interaction.edit_original_response(content=title, attachments=[midi], view=SongView())


if __name__ == "__main__":
    SongBot(proxy=os.environ.get("DISCORD_PROXY")).run(os.environ["DISCORD_TOKEN"])
