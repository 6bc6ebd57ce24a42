"""What a delivery looks like while it is under way and when it has ended: store values in, messages out.

Knows neither how messages are sent nor when; the texts are made by `presenters`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import discord

from bot import presenters, progress
from bot.backend import Backend
from bot.buttons import comparison_view, progress_view, song_view
from bot.ladder import MOST_CHARACTERS, Outgoing
from bot.presenters import Presented
from bot.translations import Words
from engine.contract import Artifact
from engine.file_requests import MOST_SENT_BYTES
from worker.clock import Clock, utc_now
from worker.store.deliveries import Delivery
from worker.store.pending import Pending
from worker.store.songs import Song


class SongAnswers:
    """Makes messages of deliveries; a `deliverer.Answers`."""

    def __init__(self, client: discord.Client, backend: Backend, clock: Clock = utc_now) -> None:
        self._client, self._backend, self._clock = client, backend, clock

    async def progress(self, pending: Pending) -> Outgoing:
        """Place in the queue and time left, or the stage and the words so far; with Cancel."""
        words = Words(pending.delivery.locale)
        text = progress.progress_text(words, pending.jobs, now=self._clock())
        return _noted(pending, Outgoing(text, view=lambda: progress_view(words, pending.jobs[0].id)))

    def worker_away(self, pending: Pending) -> Outgoing:
        """That the request is kept while nobody is there to carry it out; with Cancel."""
        words = Words(pending.delivery.locale)
        away = Outgoing(words("queue.worker_away"), view=lambda: progress_view(words, pending.jobs[0].id))
        return _noted(pending, away)

    async def result(self, pending: Pending) -> Outgoing:
        """The song, the two takes, or why there is none; below what was understood, where that was said."""
        words, mention = Words(pending.delivery.locale), f"<@{pending.delivery.member}>"
        return replace(_noted(pending, await self._result(pending)), anew=words("ended.late", mention=mention))

    async def _result(self, pending: Pending) -> Outgoing:
        delivery, words = pending.delivery, Words(pending.delivery.locale)
        wrong = next((job for job in pending.jobs if job.status != "done"), None)
        if wrong is not None:
            failed = wrong.status == "failed"
            return Outgoing(progress.failed_text(words, wrong) if failed else progress.cancelled_text(words))
        found = [await self._song_and_files(job.id) for job in pending.jobs]
        if any(song is None for song, _ in found):
            return Outgoing(words("song.gone"))
        songs = [(song, files) for song, files in found if song is not None]
        if delivery.layout == "comparison" and len(songs) == 2:  # one may have been deleted while the other was made
            return self._comparison(words, delivery, songs)
        (song, files), *_ = songs
        return await self.song(words, song, files, size_limit_bytes=self._size_limit(delivery))

    def apology(self, pending: Pending) -> Outgoing:
        """The polite line for a bug in showing the result, which /history may show all the same."""
        return Outgoing(Words(pending.delivery.locale)("bug", reference=pending.delivery.id))

    async def song(
        self,
        words: Words,
        song: Song,
        files: tuple[Artifact, ...],
        *,
        size_limit_bytes: int = MOST_SENT_BYTES,
    ) -> Outgoing:
        """One song with its files and buttons."""
        store = self._backend.client
        tally = await self._backend.call(store.ratings.tally, song.id)
        shown = presenters.song_answer(
            words,
            song,
            files,
            tally=tally if tally.count else None,
            size_limit_bytes=size_limit_bytes,
            parent_title=await self._parent_title(song),
        )
        return _outgoing(words, shown, lambda: song_view(words, song))

    def _comparison(self, words: Words, delivery: Delivery, songs: list[tuple[Song, tuple[Artifact, ...]]]) -> Outgoing:
        (song_a, files_a), (song_b, files_b) = songs
        limit = self._size_limit(delivery)
        shown = presenters.comparison_answer(words, song_a, files_a, song_b, files_b, size_limit_bytes=limit)
        return _outgoing(words, shown, lambda: comparison_view(words, song_a.id, song_b.id))

    async def _song_and_files(self, job_id: str) -> tuple[Song | None, tuple[Artifact, ...]]:
        """Return the song of a job; None if it was deleted in the moment between."""
        store = self._backend.client
        song = await self._backend.find_song(job_id)
        return song, await self._backend.call(store.artifacts, song.id) if song else ()

    async def _parent_title(self, song: Song) -> str | None:
        if song.parent_song_id is None:
            return None
        parent = await self._backend.find_song(song.parent_song_id)
        return parent.title if parent else None

    def _size_limit(self, delivery: Delivery) -> int:
        guild = self._client.get_guild(int(delivery.server)) if delivery.server else None
        return guild.filesize_limit if guild else MOST_SENT_BYTES


def _noted(pending: Pending, outgoing: Outgoing) -> Outgoing:
    content = "\n".join(line for line in (pending.delivery.note, outgoing.content) if line)
    return replace(outgoing, content=content[:MOST_CHARACTERS] or None)


def _outgoing(words: Words, shown: Presented, view: Callable[[], discord.ui.View]) -> Outgoing:
    content = "\n".join(line for line in (shown.content, *shown.notes) if line)

    def left_out(file: Artifact) -> str:
        return words("song.file_too_large", name=file.name, size=f"{len(file.data) / presenters.MIB:.1f}")

    return Outgoing(content or None, shown.embeds, shown.files, view, left_out=left_out)


def is_song_with_words(song: Song) -> bool:
    """Return whether there is something to sing in it."""
    return song.kind != "music" and bool(song.lyrics_text.strip())
