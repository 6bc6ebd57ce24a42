"""Talking to the bot: a mention is a request, a reply to one of its songs is a change of that song.

Only messages that mention the bot, reply to it or are written to it directly are looked at, and none is stored: what
becomes a request is the request. What a text means is worked out in `wishes`.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import discord

from bot.access import Refusal, check_texts
from bot.answers import is_song_with_words
from bot.backend import Backend
from bot.commands.asking import Asker, Asking
from bot.errors import sentence_of
from bot.ladder import NO_MENTIONS
from bot.plain_text import shown
from bot.translations import Words
from bot.wishes import Phrase, SongFacts, Understood, small_talk, understand_request, understand_wish
from worker.store.deliveries import NewDelivery
from worker.store.songs import Song

log = logging.getLogger(__name__)

MOST_QUOTED_CHARACTERS = 200


class Conversation:
    """Reads messages to the bot and answers each with one message, which becomes the result."""

    def __init__(self, client: discord.Client, backend: Backend, asking: Asking) -> None:
        self._client, self._backend, self._asking = client, backend, asking

    async def read(self, message: discord.Message) -> None:
        """Answer a message that is meant for the bot; leave every other alone."""
        if message.author.bot or not self._is_for_us(message):
            return
        locale = self._locale(message)
        try:
            await self._answer(message, locale)
        except discord.HTTPException as error:
            log.info("message %s: cannot be answered (%s)", message.id, error.status)
        except Exception as error:
            await self._say(message, sentence_of(error, locale))

    async def _answer(self, message: discord.Message, locale: str) -> None:
        words = Words(locale)
        text = without_mention(message.content, self._me)
        if kind := small_talk(text):
            await self._say(message, words(f"talk.{kind}", example=words("talk.example_song")))
            return
        song = await self._song_replied_to(message)
        if not text:
            await self._say(message, self._nothing_said(message, words, is_edit=song is not None))
            return
        asker = self._asker(message)
        settings = self._asking.check(asker, "")  # before anything is read or repeated
        check_texts(settings, [text])
        understood = await self._understood(text, song)
        said = repeated(words, understood, is_edit=song is not None)
        if understood.request is None:
            await self._say(message, said)
            return
        self._asking.check(asker, understood.request.kind, [understood.request])
        answer = await self._say(message, said)
        new = NewDelivery(
            application_id=str(self._client.application_id),
            layout="song",
            member=asker.member,
            server=asker.server,
            channel_id=str(message.channel.id),
            message_id=str(answer.id),
            interaction_token=None,
            token_expires_at=None,
            private=False,
            reachable=True,
            locale=settings.language or locale,
            note=said,
        )
        try:
            await self._asking.submit([understood.request], new, settings, asker.roles)
        except Exception as error:  # said on the same message: a new one would have the same nonce
            await answer.edit(content=sentence_of(error, locale), allowed_mentions=NO_MENTIONS)

    async def _understood(self, text: str, song: Song | None) -> Understood:
        # In a thread: a long message may take half a second to read.
        if song is None:
            return await self._backend.call(understand_request, text)
        return await self._backend.call(understand_wish, text, facts_of(song))

    def _nothing_said(self, message: discord.Message, words: Words, *, is_edit: bool) -> str:
        """Say what to write; Discord keeps the text of a reply from us where its author switched the mention off."""
        example = words("talk.example_edit" if is_edit else "talk.example_song")
        if message.guild is not None and self._me not in [user.id for user in message.mentions]:
            return words("talk.no_mention", example=example)
        return words("talk.nothing_understood" if is_edit else "talk.empty", example=example)

    @property
    def _me(self) -> int:
        assert self._client.user is not None
        return self._client.user.id

    def _is_for_us(self, message: discord.Message) -> bool:
        """Return whether a message is in private, mentions the bot by name, or replies to it."""
        if message.guild is None:
            return True
        if any(user.id == self._me for user in message.mentions):
            return True
        replied = message.reference.resolved if message.reference else None
        return isinstance(replied, discord.Message) and replied.author.id == self._me

    async def _song_replied_to(self, message: discord.Message) -> Song | None:
        """Return the song in the message that is replied to; a Refusal where it is not ready, or was one and is deleted."""
        if message.reference is None or message.reference.message_id is None:
            return None
        store = self._backend.client
        replied = str(message.reference.message_id)
        song = await self._backend.call(store.song_of_message, replied)
        if song is not None:
            return song
        if await self._backend.call(store.deliveries.of_message, replied) is not None:
            raise Refusal("talk.not_a_song")
        original = message.reference.resolved
        if isinstance(original, discord.Message) and original.author.id == self._me and original.components:
            raise Refusal("song.gone")  # only songs and what becomes one have buttons
        return None

    async def _say(self, message: discord.Message, text: str) -> discord.Message:
        """Reply; one message however often this is tried, because the nonce is the message's own id."""
        reference = message.to_reference(fail_if_not_exists=False)
        return await message.channel.send(
            text, reference=reference, nonce=f"say{message.id}", mention_author=False, allowed_mentions=NO_MENTIONS
        )

    def _asker(self, message: discord.Message) -> Asker:
        author, channel = message.author, message.channel
        places = (channel.id, getattr(channel, "parent_id", None))
        server = str(message.guild.id) if message.guild else None
        permissions = getattr(author, "guild_permissions", None)
        return Asker(
            str(author.id),
            server,
            tuple(str(place) for place in places if place),
            tuple(str(role.id) for role in getattr(author, "roles", ())),
            bool(permissions and permissions.manage_guild),
        )

    def _locale(self, message: discord.Message) -> str:
        """Return the language to answer in: a message does not say its author's, so it is the server's."""
        if message.guild is None:
            return "en-US"
        settings = self._backend.server_settings(str(message.guild.id))
        return settings.language or str(message.guild.preferred_locale)


def without_mention(text: str, bot_id: int) -> str:
    """Return a message's text without the mention that called the bot."""
    return re.sub(rf"<@!?{bot_id}>", " ", text).strip()


def facts_of(song: Song) -> SongFacts:
    """Return what a wish is understood against."""
    report = song.report
    return SongFacts(
        id=song.id,
        kind=song.kind,
        request=song.request,
        key=report.key,
        tempo_qpm=report.tempo_qpm,
        time_signature=report.time_signature,
        style=report.style,
        parts=(),
        has_words=is_song_with_words(song),
        length_seconds=report.length_seconds,
    )


def repeated(words: Words, understood: Understood, *, is_edit: bool) -> str:
    """Say what was understood, and with an example what was not; at most 2000 characters."""
    example = words("talk.example_edit" if is_edit else "talk.example_song")
    lines = []
    # "For example ..." is said once, with what was not understood.
    phrases = [phrase for phrase in understood.phrases if phrase.key != "ask.wish" or not understood.not_understood]
    if phrases:
        wishes = ", ".join(_phrase(words, phrase) for phrase in phrases)
        lines.append(words("talk.understood", wishes=wishes) if understood.request is not None else wishes)
    lines += [words("talk.later", wish=_own_words(words, phrase)) for phrase in understood.later]
    if understood.not_understood:
        part = shown(" … ".join(understood.not_understood), MOST_QUOTED_CHARACTERS)
        lines.append(words("talk.not_understood", part=part, example=example))
    elif understood.request is None and not understood.phrases:
        lines.append(words("talk.nothing_understood" if is_edit else "talk.empty", example=example))
    return "\n".join(lines)[:2000]


def _own_words(words: Words, phrase: Phrase) -> str:
    """Return what the member wrote, which is understood again; what it means where nothing was written for it."""
    return shown(phrase.source, MOST_QUOTED_CHARACTERS) if phrase.source else _phrase(words, phrase)


def _phrase(words: Words, phrase: Phrase) -> str:
    values: dict[str, Any] = {
        name: shown(words.choice(value), MOST_QUOTED_CHARACTERS) for name, value in phrase.values.items()
    }
    return words(phrase.key, **values)
