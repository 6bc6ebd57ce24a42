"""Takes as plain songs, in the ids of a hub model's own tokenizer. Does not know ratings, objectives or runs.

The heading is given, artist and title; labels, lines and the end are learned. What was asked for besides, such as the theme,
is in no plain song, so the model never reads it.

Every song whose words some model wrote counts, whichever model that was: members rate what the planned models write, and
the tuned one would hardly write the same. It learns from songs of others (off-policy): which of them people like, at the
odds that it gives to them itself.
"""

from __future__ import annotations

from engine.contract import LyricRequest
from engine.corpus.snapshots import Take
from engine.lyrics.hf_causal import FastTokenizer
from engine.lyrics.plain_songs import PlainSection, PlainSong
from engine.training.rated_rows import Row
from engine.training.rated_texts import written_request


class RatedPlainSongs:
    """Encodes takes for one model. context_length: ids that it attends to; of a longer song, its beginning is learned."""

    def __init__(self, tokenizer: FastTokenizer, context_length: int) -> None:
        self._tokenizer, self._context_length = tokenizer, context_length

    def encode(self, take: Take) -> Row | None:
        """Return a take as a row; None for a member's own words, Chinese ones, none at all, and a heading too long to read."""
        request = written_request(take)
        if request is None:
            return None
        given, ids = self._tokenizer.given_and_all(plain_song_of(take, request).text())
        ids = ids[: self._context_length]
        if given >= len(ids):
            return None
        return Row(tuple(ids), tuple(place >= given for place in range(len(ids))), given)


def plain_song_of(take: Take, request: LyricRequest) -> PlainSong:
    """Return a take as a plain song: parts without words are left out, a chorus stands as often as it is sung."""
    sections = tuple(
        PlainSection(section.label, tuple(line.text for line in section.lines))
        for section in take.sections
        if section.lines
    )
    return PlainSong(request.artist or "", take.title, sections)
