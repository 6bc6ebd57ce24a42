"""What happens when a button under a song, a comparison or a list is pressed. How buttons look is in `bot.buttons`."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

import discord
from pydantic import ValidationError

from bot import pages
from bot.access import Refusal
from bot.answers import SongAnswers
from bot.backend import Backend
from bot.buttons import Handler, button, formats_view, view_of
from bot.commands.asking import Asking, asker_of, may_use
from bot.commands.forms import open_form
from bot.commands.lists import Lists
from bot.commands.requests import extra_of, request_of
from bot.commands.verbs import known_song
from bot.errors import answered, tell
from bot.ladder import NO_MENTIONS, Outgoing
from bot.lyrics_sheet import numbered_lines
from bot.plain_text import shown
from bot.presenters import sendable, with_tally
from bot.translations import Words
from engine.contract import Request
from engine.errors import RequestError
from engine.file_requests import MOST_SENT_BYTES
from engine.verbs import SHORTCUTS, VERBS
from worker.store.comparisons import Preferred
from worker.store.deletion import UPLOAD_PREFIX
from worker.store.deliveries import Delivery
from worker.store.signals import SignalKind
from worker.store.songs import Song

log = logging.getLogger(__name__)

OTHER_FORMATS = (".musicxml", ".lrc", ".txt")  # the rest is on the message
MOST_GENERATIONS = 20


class Presses:
    """Handlers of all buttons, by act."""

    def __init__(self, backend: Backend, asking: Asking, answers: SongAnswers, lists: Lists) -> None:
        self._backend, self._asking, self._answers, self._lists = backend, asking, answers, lists

    def handlers(self) -> Mapping[str, Handler]:
        """Return what a press does, by the act in its custom id; faults are answered with a sentence."""
        acts: dict[str, Handler] = {
            "rate": self.rate,
            "take": self.take,
            "do": self.do,
            "formats": self.formats,
            "export": self.export,
            "info": self.info,
            "favourite": self.favourite,
            "delete": self.delete,
            "delete_sure": self.delete_sure,
            "cancel": self.cancel,
            "play": self.play,
            "page": self.page,
            "prefer": self.prefer,
            "keep": self.keep,
            "unknown": self.unknown,
        }
        return {act: _safely(handler) for act, handler in acts.items()}

    async def song(self, song_id: str) -> Song:
        """Return a song; a kind Refusal where it has been deleted."""
        song = await self._backend.find_song(song_id)
        if song is None:
            raise Refusal("song.gone")
        return song

    async def rate(self, interaction: discord.Interaction, song_id: str, stars: str) -> None:
        """Write a member's stars down, show the tally on the message, and say so to the member."""
        words, message = Words(interaction.locale), interaction.message
        await self.song(song_id)
        tally = await self._backend.call(
            self._backend.client.ratings.rate, song_id, rater=str(interaction.user.id), stars=_number(stars)
        )
        embeds = with_tally(message.embeds if message else (), words, tally)
        await interaction.response.edit_message(embeds=embeds, allowed_mentions=NO_MENTIONS)
        mean = f"{tally.mean_stars or 0:.1f}"
        await tell(interaction, words("rating.saved", count=tally.count, stars=stars, mean=mean))

    async def take(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Ask for the same again with another seed; for an edited song, what was asked for before the edits."""
        song, asker = await self.song(song_id), asker_of(interaction)
        for _generation in range(MOST_GENERATIONS):
            if not VERBS[song.kind].edits or not song.request.get("source"):
                break
            if song.parent_song_id is None:
                is_upload = str(song.request.get("source", "")).startswith(UPLOAD_PREFIX)
                raise Refusal("song.no_more_takes" if is_upload else "song.gone")
            song = await self.song(song.parent_song_id)
            if not may_use(asker, song):  # its request may hold what was said in private
                raise Refusal("song.gone")
        values = {name: value for name, value in song.request.items() if name not in ("kind", "seed", "avoid")}
        values["seed"] = secrets.randbelow(2**31)
        try:
            request = VERBS[song.kind].request.model_validate(values)
        except ValidationError:
            raise RequestError("this request was stored by another version of Songwright; please ask again") from None
        await self._asking.ask(interaction, [request])
        await self._mark(interaction, song_id, "take")

    async def _mark(self, interaction: discord.Interaction, song_id: str, kind: SignalKind) -> None:
        """Remember what a member did with a song; one that is gone meanwhile is no loss."""
        try:
            await self._backend.call(self._backend.client.signals.mark, str(interaction.user.id), song_id, kind)
        except RequestError as error:
            log.info("song %s: %s", song_id, error)

    async def do(self, interaction: discord.Interaction, song_id: str, shortcut_name: str) -> None:
        """Carry out a verb's shortcut on a song, after its form where it asks for something."""
        if shortcut_name not in SHORTCUTS:
            raise Refusal("song.button_retired")
        verb, shortcut = SHORTCUTS[shortcut_name]
        song = await self.song(song_id)
        values = {"source": song.id, **shortcut.values}
        if shortcut.asks:
            self._asking.check(asker_of(interaction), verb.name)
            is_long = extra_of(verb.request.model_fields[shortcut.asks]).get("long_text")
            body = song.lyrics_text.partition("\n\n")[2] or song.lyrics_text  # the first line is the title
            filled_in, beside = (body.strip(), "") if is_long else ("", numbered_lines(song.title, song.lyrics_text))
            await open_form(interaction, verb, shortcut.asks, values, filled_in=filled_in, beside=beside)
            return
        await self._asking.ask(interaction, [request_of(verb, values)])

    async def form(self, interaction: discord.Interaction, request: Request) -> None:
        """Ask for what was typed in a form; its custom id comes from the member's client, so what it names is checked."""
        source = getattr(request, "source", None)
        if source and not source.startswith(UPLOAD_PREFIX):
            await known_song(self._backend, interaction, source)
        await self._asking.ask(interaction, [request])

    async def formats(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Send the files that are not on the message, and a menu of those that can be made."""
        words, song = Words(interaction.locale), await self.song(song_id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        files = await self._backend.call(self._backend.client.artifacts, song.id)
        others = [file for file in files if file.name.endswith(OTHER_FORMATS)]
        fitting, notes = sendable(words, others, interaction.filesize_limit or MOST_SENT_BYTES)
        text = words("song.formats" if others else "song.no_formats", title=shown(song.title, 100))
        menu = formats_view(words, song)
        outgoing = Outgoing("\n".join((text, *notes)), files=fitting, view=(lambda: menu) if menu else None)
        await interaction.edit_original_response(**outgoing.arguments(edit=True))
        await self._mark(interaction, song.id, "download")

    async def export(self, interaction: discord.Interaction, name: str, song_id: str) -> None:
        """Ask for another file of a song: what was chosen in the menu of other formats."""
        song = await self.song(song_id)
        await self._asking.ask(interaction, [request_of(VERBS["export"], {"source": song.id, "formats": name})])

    async def info(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Show everything that is known about a song."""
        self._asking.check(asker_of(interaction), "song-info")
        await tell(interaction, "", embed=await self.info_embed(interaction, await self.song(song_id)))

    async def info_embed(self, interaction: discord.Interaction, song: Song) -> discord.Embed:
        """Return what is known about a song, for the member who asks."""
        member, store = str(interaction.user.id), self._backend.client
        tally = await self._backend.call(store.ratings.tally, song.id)
        mine = await self._backend.call(store.ratings.of, member, song.id)
        favourite = await self._backend.call(store.library.is_favourite, member, song.id)
        return pages.song_info(Words(interaction.locale), song, tally, mine, favourite)

    async def favourite(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Put a song among the member's favourites, or take it out."""
        song = await self.song(song_id)
        added = await self._backend.call(
            self._backend.client.library.toggle_favourite, str(interaction.user.id), song.id
        )
        key = "favourite.added" if added else "favourite.removed"
        await tell(interaction, Words(interaction.locale)(key, title=shown(song.title, 100)))

    async def delete(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Ask the owner whether they are sure; refuse everybody else."""
        words, song = Words(interaction.locale), await self.song(song_id)
        self._check_owner(interaction, song)
        sure = button("delete_sure", song.id, label=words("buttons.really_delete"), style=discord.ButtonStyle.danger)
        view = view_of(sure, button("keep", song.id, label=words("buttons.keep")))
        await tell(interaction, words("delete.ask", title=shown(song.title, 100)), view=view)

    async def delete_sure(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Delete a song of the member's own, and the message that brought it where the bot can."""
        song = await self.song(song_id)
        self._check_owner(interaction, song)
        await interaction.response.defer()  # a database that is busy may take its time
        brought = await self._backend.call(self._backend.client.deliveries.of_job, song.job_id)
        if not await self._backend.call(self._backend.client.delete_song, song.id):
            raise Refusal("song.gone")  # by a second press that came first
        log.info("song %s: deleted by its owner", song.id)
        text = Words(interaction.locale)("delete.done", title=shown(song.title, 100))
        if brought is not None:
            await self._take_down(interaction.client, brought)
        await interaction.edit_original_response(content=text, view=None)

    async def _take_down(self, client: discord.Client, brought: Delivery) -> None:
        """Delete the message that shows a deleted song alone, where the bot can."""
        if brought.layout != "song" or not (brought.reachable and brought.channel_id and brought.message_id):
            return
        message = client.get_partial_messageable(int(brought.channel_id)).get_partial_message(int(brought.message_id))
        try:
            await message.delete()
        except discord.HTTPException as error:
            log.info("delivery %s: its message stays (%s)", brought.id, error.status)

    def _check_owner(self, interaction: discord.Interaction, song: Song) -> None:
        if song.requested_by != str(interaction.user.id):
            log.warning("song %s: somebody else tried to delete it", song.id)
            raise Refusal("song.not_yours")

    async def keep(self, interaction: discord.Interaction, _target: str, _: str) -> None:
        """Do not delete after all."""
        await interaction.response.edit_message(content=Words(interaction.locale)("delete.kept"), view=None)

    async def cancel(self, interaction: discord.Interaction, job_id: str, _: str) -> None:
        """Take a request back: all jobs of its delivery. For who asked, and for who manages the server."""
        store = self._backend.client
        delivery = await self._backend.call(store.deliveries.of_job, job_id)
        if delivery is None or delivery.status != "open":
            raise Refusal("ended.already")
        asker = asker_of(interaction)
        manages = asker.manages_server and delivery.server == asker.server
        if delivery.member != asker.member and not manages:
            raise Refusal("ended.cancelled_by_other")
        await interaction.response.defer()  # the message is the deliverer's: two who edit it overtake each other
        for job in delivery.job_ids:
            await self._backend.call(store.cancel, job)
        self._asking.deliverer.wake()

    async def play(self, interaction: discord.Interaction, song_id: str, _: str) -> None:
        """Show a song with its sound, for the member alone."""
        song = await self.song(song_id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        files = await self._backend.call(self._backend.client.artifacts, song.id)
        limit = interaction.filesize_limit or MOST_SENT_BYTES
        outgoing = await self._answers.song(Words(interaction.locale), song, files, size_limit_bytes=limit)
        await interaction.edit_original_response(**outgoing.arguments(edit=True))

    async def page(self, interaction: discord.Interaction, which: str, value: str) -> None:
        """Turn the page of a list."""
        self._asking.check(asker_of(interaction), which)
        number, _, query = value.partition(":")
        embed, view = await self._lists.page(interaction, which, _number(number), query)
        await interaction.response.edit_message(embed=embed, view=view)

    async def prefer(self, interaction: discord.Interaction, song_a: str, value: str) -> None:
        """Write down which of two takes is better."""
        words = Words(interaction.locale)
        song_b, _, preferred = value.partition(":")
        await self.song(song_a)
        await self.song(song_b)
        await self._backend.call(
            self._backend.client.comparisons.prefer,
            rater=str(interaction.user.id),
            song_a=song_a,
            song_b=song_b,
            preferred=_preferred(preferred),
        )
        if preferred == "same":
            await tell(interaction, words("compare.saved_same"))
        else:
            await tell(interaction, words("compare.saved", choice=words(f"compare.take_{preferred}")))

    async def unknown(self, _interaction: discord.Interaction, _target: str, _value: str) -> None:
        """A button of another version."""
        raise Refusal("song.button_retired")


def _number(text: str) -> int:
    """Return the number in a custom id; a Refusal where there is none: the button is of another version."""
    if not (text.isascii() and text.isdecimal()):
        raise Refusal("song.button_retired")
    return int(text)


def _preferred(text: str) -> Preferred:
    """Return what a button says is better; one that was tampered with counts as the same."""
    return "a" if text == "a" else "b" if text == "b" else "same"


def _safely(handler: Handler) -> Handler:
    async def run(interaction: discord.Interaction, target: str, value: str) -> None:
        await answered(interaction, handler(interaction, target, value))

    return run
