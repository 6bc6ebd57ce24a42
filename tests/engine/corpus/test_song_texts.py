"""Song texts: both commands that prepare a corpus give texts that any family can be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.corpus.prepared_songs import write_songs
from engine.corpus.song_texts import is_marked, song_texts
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong


def test_prepared_songs_keep_their_heading(tmp_path: Path) -> None:
    song = PlainSong("Robert Burns", "The Bus", (PlainSection("Verse 1", ("the last bus home",)),))
    write_songs(tmp_path, "train", [song])
    assert not is_marked(tmp_path)
    assert song_texts(tmp_path, "train") == ["<<Robert Burns - The Bus>>\n[Verse 1]\nthe last bus home\n"]


def test_a_folder_of_neither_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="corpus prepare"):
        song_texts(tmp_path, "train")
