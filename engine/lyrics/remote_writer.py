"""Writes plain songs with a model on a server, as `plain_writer` does with one that is here. Does not know the network.

A server cannot be told what must not come, so it is asked again where it stopped too early, and its text is cut where
the song has all that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError
from engine.lyrics.plain_songs import heading
from engine.lyrics.plain_writer import Cancel, ReportText, check_wanted, listen
from engine.lyrics.remote import Remote
from engine.lyrics.song_so_far import PlainText, SongSoFar, Wanted

MOST_ANSWERS = 6  # for one song
TOKENS_PER_LINE, MOST_TOKENS = 24, 2048
STOP = ("\n<<",)  # another song
NOT_SENT = ("top_k", "min_p", "gumbel", "repetition_penalty", "no_repeat_ngram")  # not part of the interface


class _Letters:
    """A tokenizer whose ids are the signs themselves."""

    vocab_size, end_id = 0x110000, -1

    def encode(self, text: str) -> list[int]:
        return [ord(sign) for sign in text]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(map(chr, ids))


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
        listen(song, number, report)
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
        try:
            answer = remote.complete(
                song.text,
                most_tokens=min(MOST_TOKENS, song.lines_left * TOKENS_PER_LINE + 64),
                sampling=sampling,
                seed=(seed + number * 7919) % 2**31,
                stop=STOP,
                cancelled=cancelled,
            )
        except EngineError as error:
            if number == 0 or isinstance(error, Cancelled):
                raise
            song.note(f"the song ends early: {error}")  # what is there is paid for
            break
        text = _without_repeats(answer.text, song) if remote.server.chat else answer.text
        if not text.strip():
            break
        _feed(song, text, answer.is_whole)
        if answer.is_whole and song.ending is None and not song.is_too_short:
            song.ending = "end"
    song.ending = song.ending or ("end" if song.at_line_start else "length")


def _feed(song: SongSoFar, text: str, is_whole: bool) -> None:
    for sign in text:
        if song.ending is None:
            song.add(ord(sign))
    if is_whole and song.ending is None and not song.at_line_start:
        song.add(ord("\n"))


def _without_repeats(text: str, song: SongSoFar) -> str:
    """Return the answer of a model that talks without what it thinks aloud, fences, and what it was given."""
    text = re.sub(r"(?s)<think>.*?</think>", "", text).strip("\n")
    text = re.sub(r"^```\w*\n|\n?```\s*$", "", text)
    for given in (song.text, song.opening + "\n", song.body):
        if given.strip() and text.startswith(given.rstrip("\n")):
            text = text[len(given.rstrip("\n")) :]
            return text.removeprefix("\n") if given.endswith("\n") else text
    return text
