"""What people see when something cannot be done: the one place that turns exceptions into sentences in Discord.

A bug is logged whole under a reference and shown as one polite line. Knows no commands.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable
from typing import Any

import discord
from discord.ext.commands.bot import BotBase

from bot.access import Refusal
from bot.buttons import COG_NAME
from bot.error_sentences import localise, without_dashes
from bot.ladder import NO_MENTIONS, PASSING_FAULTS, in_short
from bot.observer import Outcome
from bot.plain_text import shown
from bot.translations import Words
from engine.errors import EngineError, FileFormatError, RequestError
from worker.store.database import StoreError
from worker.store.quotas import QuotaReached

log = logging.getLogger(__name__)

MOST_CHARACTERS = 1900
# Discord's own words for "too late" and "answered already": nobody is waiting for an answer any more.
UNKNOWN_INTERACTION, ANSWERED_ALREADY = 10062, 40060
# What is noted in `interaction.extras` for the observer: time.monotonic, and an Outcome where nothing was raised.
FIRST_ANSWER_AT, OUTCOME = "songwright_first_answer_at", "songwright_outcome"


def sentence_of(error: Exception, locale: object) -> str:
    """Return what went wrong in the reader's language; a bug is logged here, with the reference that is shown."""
    words = Words(locale)
    match error:
        case Refusal():
            return words(error.key, **error.values)
        case QuotaReached():
            return _quota_sentence(error, words)
        case StoreError():
            log.warning("the store does not answer: %s", error)
            return words("queue.host_away")
        case _ if isinstance(error, PASSING_FAULTS):
            log.warning("Discord or the network does not answer: %s", in_short(error))
            return words("queue.discord_away")
        case RequestError() | EngineError():
            return shown(without_dashes(localise(str(error), locale)), MOST_CHARACTERS)
    reference = secrets.token_hex(4)
    log.error("a bug, reference %s", reference, exc_info=error)
    return words("bug", reference=reference)


def _quota_sentence(error: QuotaReached, words: Words) -> str:
    if error.kind == "none":
        return words("quota.none")
    if error.kind == "waiting":
        return words("quota.waiting", count=error.limit)
    assert error.free_at is not None, "a day has an end"
    when = discord.utils.format_dt(error.free_at, "R")
    return words("quota.day", count=error.limit, when=when)


async def tell(interaction: discord.Interaction, text: str, **more: Any) -> None:
    """Answer so that only the one who asked sees it, as a first answer or after one."""
    more.setdefault("allowed_mentions", NO_MENTIONS)
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True, **more)
    else:
        await interaction.response.send_message(text, ephemeral=True, **more)


async def answered(interaction: discord.Interaction, act: Awaitable[None]) -> None:
    """Run what an interaction asks for; whatever happens, the member gets a sentence and the bot goes on."""
    cog: Any = interaction.client.get_cog(COG_NAME) if isinstance(interaction.client, BotBase) else None
    if cog is not None:
        cog.note_under_way()  # or it may be unloaded before what is promised here is written down
    came_at = time.monotonic()
    outcome: Outcome = "ok"
    try:
        await act
    except discord.HTTPException as error:
        if error.code not in (UNKNOWN_INTERACTION, ANSWERED_ALREADY):
            outcome = "away"
            await _tell_if_possible(interaction, error)
        else:
            outcome = "late"
            log.warning("interaction %s: too late to answer (%s)", interaction.id, error.code)
    except Exception as error:
        outcome = outcome_of(error)
        await _tell_if_possible(interaction, error)
    if cog is not None:
        noted = interaction.extras
        first_answer_at = noted.get(FIRST_ANSWER_AT, time.monotonic())
        cog.observer.answered(_name_of(interaction, cog), noted.get(OUTCOME, outcome), first_answer_at - came_at)


def outcome_of(error: Exception) -> Outcome:
    """Return in one word what a member met, for counting."""
    if isinstance(error, Refusal | QuotaReached | RequestError | FileFormatError):
        return "refused"
    return "away" if isinstance(error, (EngineError, *PASSING_FAULTS)) else "bug"


def _name_of(interaction: discord.Interaction, cog: Any) -> str:
    """Return what a member used, for counting: a command's name, "press vary" or "form"; never what they typed."""
    if interaction.type is discord.InteractionType.application_command:
        return interaction.command.qualified_name if interaction.command else "unknown"
    if interaction.type is discord.InteractionType.modal_submit:
        return "form"
    data: Any = interaction.data or {}
    act = str(data.get("custom_id", "")).split(":")[1:2]
    return f"press {act[0]}" if act and act[0] in cog.handlers else "press unknown"


async def _tell_if_possible(interaction: discord.Interaction, error: Exception) -> None:
    try:
        await tell(interaction, sentence_of(error, interaction.locale))
    except PASSING_FAULTS as fault:
        log.warning("interaction %s: the member cannot be told: %s", interaction.id, type(fault).__name__)
