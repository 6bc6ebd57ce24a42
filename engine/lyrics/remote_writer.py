"""Plain songs by a model on a server, as `plain_writer` writes them with one that is here. Does not know the network.

A server cannot be told what must not come, so it is asked again where it stopped too early, and its text is cut where
the song has all that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError, RequestError
from engine.lyrics.plain_songs import body_start, heading
from engine.lyrics.plain_writer import Cancel, Glimpse, ReportText, check_wanted, listen
from engine.lyrics.remote import Remote
from engine.lyrics.remote_server import RemoteServer, RemoteUse, address_and_model
from engine.lyrics.song_so_far import PlainText, SongSoFar, Wanted
from engine.lyrics.spoken_song import SpokenSong

FAMILY = "remote"
MOST_ANSWERS = 6  # for one song
TOKENS_PER_LINE, MOST_TOKENS = 24, 2048
STOP = ("\n<<",)  # another song
NOT_SENT = ("top_k", "min_p", "gumbel", "repetition_penalty", "no_repeat_ngram")  # not part of the interface
SHOWN_NAMES = 10


class RemoteWriter:
    """A model on a server as a `SongWriter`. It takes any artist, and what it knows of them is its own affair."""

    family = FAMILY
    artists: tuple[str, ...] = ()

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    @property
    def name(self) -> str:
        """What it is called, and where."""
        return f"{self._remote.server.model} at {self._remote.server.shown}"

    @property
    def use(self) -> RemoteUse:
        """What it was asked so far."""
        return self._remote.use

    def write(self, **asked: Any) -> list[PlainText]:
        """Write songs; asked: what `write_remote_song` takes."""
        return write_remote_song(self._remote, **asked)

    def bits(self, texts: Sequence[str]) -> list[float]:
        """Return what each song costs in bits below its heading, without its end, which servers put no price on.

        A song costs what its whole text does, less what its heading does by itself: so nothing hangs on how the server
        shows its tokens. NoBits where it does not say.
        """
        nats = self._remote.nats_of
        headings = [text[: body_start(text)] for text in texts]
        costs = (
            nats(text) - (nats(heading) if heading else 0.0) for text, heading in zip(texts, headings, strict=True)
        )
        return [cost / math.log(2) for cost in costs]


def open_remote(
    place: str, threads: int = 0, *, model: str = "", report: Callable[[str], None] | None = None, **of_server: Any
) -> RemoteWriter:
    """Open a model by the address of its server, http://127.0.0.1:8000/v1 or http://127.0.0.1:8000/v1#tiny.

    model: its name where the address names none; "" takes the only one that the server has. report: is told of waits.
    of_server: fields of `RemoteServer`. threads has no say.
    """
    url, named = address_and_model(place)
    of_asking = {} if report is None else {"report": report}
    asked = Remote(RemoteServer(url, named or model, **of_server), **of_asking)
    if asked.server.model:
        return RemoteWriter(asked)
    return RemoteWriter(Remote(RemoteServer(url, _only_model(asked), **of_server), **of_asking))


def _only_model(remote: Remote) -> str:
    shown = remote.server.shown
    try:
        names = remote.models()
    except EngineError as error:
        raise RequestError(f"{error}. If it is there, name its model: {shown}#NAME") from error
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:SHOWN_NAMES]) or "none that it names"
    raise RequestError(f"name a model of {shown} with --model, or as {shown}#NAME; it has {listed}")


def write_remote_song(
    remote: Remote,
    *,
    artist: str,
    title: str,
    start: str = "",
    end_phrase: str | None = None,
    fewest_lines: int = 0,
    most_lines: int = 60,
    sampling: Sampling,
    seed: int,
    count: int = 1,
    report: ReportText | None = None,
    glimpse: Glimpse | None = None,
    cancelled: Cancel | None = None,
) -> list[PlainText]:
    """Write songs one after another; all that is asked means what it means to `plain_writer.write_song_text`.

    Whether the same seed gives the same song is the server's affair.
    """
    wanted = Wanted(fewest_lines, most_lines, end_phrase)
    check_wanted(wanted, count)
    songs = []
    for number in range(count):
        song = SongSoFar(_Letters(), heading(artist, title), start, wanted)
        listen(song, number, report, glimpse)
        for name in _not_sent(sampling):
            song.note(f"the server was not told {name}, which the interface does not have")
        _write(song, remote, sampling, seed + number, cancelled)
        songs.append(song.finish(seed + number))
    return songs


def _not_sent(sampling: Sampling) -> list[str]:
    usual = Sampling()
    return [name for name in NOT_SENT if getattr(sampling, name) != getattr(usual, name)]


def _write(song: SongSoFar, remote: Remote, sampling: Sampling, seed: int, cancelled: Cancel | None) -> None:
    for number in range(MOST_ANSWERS):
        if song.ending is not None:
            return
        listener = _Listener(song, SpokenSong(song.opening, song.body) if remote.server.chat else None)
        try:
            answer = remote.complete(
                song.text,
                most_tokens=min(MOST_TOKENS, song.lines_left * TOKENS_PER_LINE + 64),
                sampling=sampling,
                seed=(seed + number * 7919) % 2**31,
                stop=STOP,
                hear=listener.hear,
                cancelled=cancelled,
            )
        except EngineError as error:
            if number == 0 or isinstance(error, Cancelled):
                raise
            song.note(f"the song ends early: {error}")  # what is there is paid for
            break
        listener.close(answer.is_whole)
        if answer.fault:
            song.note(f"the song ends early: {answer.fault}")
        if answer.fault or listener.is_silent:
            break
        if answer.is_whole and song.ending is None and not song.is_too_short:
            song.ending = "end"
    song.ending = song.ending or ("end" if song.at_line_start else "length")


class _Listener:
    """Lets a song grow by an answer as it comes. is_silent: nothing of a song has come. spoken: of a model that talks."""

    def __init__(self, song: SongSoFar, spoken: SpokenSong | None) -> None:
        self._song, self._spoken, self.is_silent = song, spoken, True

    def hear(self, piece: str) -> bool:
        """Take a piece and say whether the song wants more."""
        self._feed(piece if self._spoken is None else self._spoken.add(piece))
        return self._song.ending is None

    def close(self, is_whole: bool) -> None:
        """Take what was held back; a whole answer closes its last line."""
        if self._spoken is not None:
            self._feed(self._spoken.close())
        if is_whole and not self.is_silent and self._song.ending is None and not self._song.at_line_start:
            self._song.add(ord("\n"))

    def _feed(self, text: str) -> None:
        self.is_silent = self.is_silent and not text.strip()
        for sign in text:
            if self._song.ending is None:
                self._song.add(ord(sign))


class _Letters:
    """A tokenizer whose ids are the signs themselves."""

    vocab_size, end_id = 0x110000, -1

    def encode(self, text: str) -> list[int]:
        return [ord(sign) for sign in text]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(map(chr, ids))
