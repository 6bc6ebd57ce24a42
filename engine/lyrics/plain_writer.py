"""Writes plain songs with a model of any family: a heading and a start text that are kept, then lines until an end.

Does not know families; how ids are chosen is `engine.decoding`, what circles are is `loops`.

A song ends where the model ends it, once it has its fewest lines; where the end phrase has been reached; or at its most
lines. Where a model would begin the same lines for the fourth time it must go on with something else, and where it can
do nothing else, the song ends and says so. A context that is full goes on with heading and latest lines.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np

from engine.contract import Sampling
from engine.decoding import Sequence, decode
from engine.errors import RequestError
from engine.lyrics.plain_songs import heading
from engine.lyrics.song_so_far import PlainText as PlainText
from engine.lyrics.song_so_far import SongSoFar, Wanted
from engine.lyrics.text_models import TextModel
from engine.sampling import Mask

MOST_SONGS = 64
MOST_LINES = 1000
IDS_PER_LINE = 240  # of a family that writes letters, with labels; what needs more writes mostly marks
LEAST_ROOM = 256  # ids free in a context when it is gone on with, or a quarter of it where it is small

ReportText = Callable[[int, str], None]  # is told the number of a song, from 0, and the text that it has grown by
Glimpse = Callable[[str], None]  # is told the line under way, all of it, whenever it grows
Cancel = Callable[[], bool]


def write_song_text(
    model: TextModel,
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
    """Write songs, the first with the seed, the next with the one after it: none depends on how many are asked for.

    start: kept as it is below the heading; its lines count. end_phrase: the text ends with it; where the model does not
    come to it, it becomes the last line. Lines are those that are sung, without labels and blank ones. All that is told
    to `report` of a song is its text; `glimpse` is told its line under way, which may yet change. Raises RequestError for
    what cannot be asked, Cancelled between two steps.
    """
    wanted = Wanted(fewest_lines, most_lines, end_phrase)
    check_wanted(wanted, count)
    opening = heading(_known_artist(model, artist), title)
    writing = [_Writing(model, opening, start, wanted, seed + number) for number in range(count)]
    for number, one in enumerate(writing):
        listen(one.song, number, report, glimpse)
    while under_way := [one for one in writing if one.song.ending is None]:
        for one, found in zip(
            under_way,
            decode(model.model, [one.sequence(sampling) for one in under_way], cancelled=cancelled),
            strict=True,
        ):
            one.settle(found.ending, len(found.ids))
    return [one.song.finish(one.seed) for one in writing]


def check_wanted(wanted: Wanted, count: int) -> None:
    """Raise RequestError for lines or a number of songs that no song can have."""
    if not 1 <= wanted.most_lines <= MOST_LINES or not 0 <= wanted.fewest_lines <= wanted.most_lines:
        raise RequestError(
            f"lines must be a range within 0-{MOST_LINES}, the fewest first, got {wanted.fewest_lines}-{wanted.most_lines}"
        )
    if wanted.end_phrase is not None and not wanted.end_phrase.strip():
        raise RequestError("the end phrase is empty; give the words that the song is to end with")
    if not 1 <= count <= MOST_SONGS:
        raise RequestError(f"songs at a time must be 1-{MOST_SONGS}, got {count}")


def listen(song: SongSoFar, number: int, report: ReportText | None, glimpse: Glimpse | None = None) -> None:
    """Let a song tell its text as it grows, beginning with what is there, and its line under way."""
    song.glimpse = glimpse
    if report is not None:
        song.tell = lambda text: report(number, text)
        song.tell_start()


def _known_artist(model: TextModel, artist: str) -> str:
    """Return the artist as the model knows it; RequestError names the nearest that it does know."""
    known = {name.casefold(): name for name in model.artists}
    wanted = " ".join(artist.split())
    if not known or not wanted or wanted.casefold() in known:
        return known.get(wanted.casefold(), wanted)
    near = [known[name] for name in difflib.get_close_matches(wanted.casefold(), known, n=3, cutoff=0.4)]
    hint = f"did you mean {', '.join(near)}?" if near else f"it knows {', '.join(model.artists[:5])}"
    raise RequestError(f"the model can be asked for {len(known)} artists, and {wanted[:40]!r} is none of them; {hint}")


class _Writing:
    """A song under way, as the constraint of its sequence; it outlives the contexts that it fills one after another."""

    def __init__(self, model: TextModel, opening: str, start: str, wanted: Wanted, seed: int) -> None:
        self.song, self.seed = SongSoFar(model.tokenizer, opening, start, wanted), seed
        self._model, self._round, self._left = model, 0, wanted.most_lines * IDS_PER_LINE
        self._newline = _single_id(model, "\n")
        self._heading_id = _first_id(model, opening)

    def sequence(self, sampling: Sampling) -> Sequence:
        """Return what is to be written next: all that there is for a start, or as much of its end as leaves room."""
        context = self._model.model.context_length
        most = max(1, context - min(LEAST_ROOM, context // 4))
        prompt = self._prompt(most)
        self.song.go_on_from(prompt)
        seed = self.seed if self._round == 0 else _seed_of_round(self.seed, self._round)
        self._round += 1
        return Sequence(prompt, sampling, seed, self._left, self, {self._model.tokenizer.end_id})

    def _prompt(self, most: int) -> list[int]:
        encode, song = self._model.tokenizer.encode, self.song
        ids = encode(song.text)
        if len(ids) <= most:
            return ids
        song.note(
            "the song is longer than what the model reads at once; it went on from the heading and the latest lines"
        )
        lines = song.body.splitlines(keepends=True)
        while len(ids) > most and len(lines) > 1:
            surplus = max(1, len(lines) * (len(ids) - most) // (2 * len(ids)))
            lines = lines[surplus:]
            ids = encode(f"{song.opening}\n{''.join(lines)}")
        return ids[-most:]

    def allowed(self) -> Mask | None:
        """Return all but what would end the song too early or run in circles; None where all may come."""
        if self.song.is_endless_line and self._newline is not None:
            mask = np.zeros(self._model.model.vocab_size, np.bool_)
            mask[self._newline] = True
            return mask
        banned = self.song.looping_ids()
        if self.song.is_too_short:
            banned.add(self._model.tokenizer.end_id)
            if self.song.at_line_start and self._heading_id is not None:
                banned.add(self._heading_id)
        if not banned:
            return None
        mask = np.ones(self._model.model.vocab_size, np.bool_)
        mask[list(banned)] = False
        return mask

    def accept(self, chosen: int) -> bool:
        """Take note of an id and return whether the song has ended."""
        if chosen == self._model.tokenizer.end_id:
            self.song.ending = "end"
            return True
        self.song.add(chosen)
        return self.song.ending is not None

    def settle(self, ending: str, written: int) -> None:
        """Take note of how a sequence ended that has not ended the song: stuck, or its context is full."""
        self._left -= written
        if self.song.ending is None and ending == "stuck":
            self.song.ending = "loop"
        elif self.song.ending is None and self._left < 1:
            self.song.ending = "length"


def _seed_of_round(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _single_id(model: TextModel, text: str) -> int | None:
    ids = model.tokenizer.encode(text)
    return ids[-1] if ids and model.tokenizer.decode(ids[-1:]) == text else None


def _first_id(model: TextModel, opening: str) -> int | None:
    """Return the id that begins a heading, if it says so."""
    first = next((i for i in model.tokenizer.encode(opening) if model.tokenizer.decode([i]).strip()), None)
    return first if first is not None and model.tokenizer.decode([first]).strip().startswith("<") else None
