"""Files that are made when they are asked for: the menu that offers them, and the message that brings them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.buttons import formats_view
from bot.presenters import song_answer
from bot.translations import Words, languages
from engine.file_requests import FILES, USUAL_FILES
from tests.bot.embed_limits import a_song, files_of
from worker.store.songs import Song

SONG = a_song("Rain", "[Verse 1]\nRow the boat", "song")


def offered(song: Song, language: str = "en") -> list[tuple[str, str]]:
    view = formats_view(Words(language), song)
    assert view is not None
    (menu,) = view.children
    options: Any = menu.item.options  # type: ignore[attr-defined]  # a DynamicItem holds the menu that it looks like
    return [(option.value, option.label) for option in options]


@pytest.mark.parametrize("language", languages())
def test_a_song_is_offered_every_file_that_it_does_not_have_by_itself(language: str) -> None:
    found = offered(replace(SONG, lead_sheet={}, score={}), language)
    assert [value for value, _ in found] == [name for name in FILES if name not in USUAL_FILES]
    assert all(label and not label.startswith("buttons.") for _, label in found)


def test_only_what_can_be_made_is_offered() -> None:
    tune = replace(SONG, lyrics_text="", lead_sheet={}, score={})
    assert [value for value, _ in offered(tune)] == ["sheet", "pdf", "abc", "mp3", "stems"]
    upload = replace(SONG, lead_sheet=None, score={})
    assert [value for value, _ in offered(upload)] == ["mp3", "stems"]
    assert formats_view(Words("en"), replace(SONG, lead_sheet=None, score=None)) is None


def test_an_export_brings_the_files_that_were_asked_for_and_shows_the_first_picture() -> None:
    files = files_of("rain", **{"kar": 10, "sheet.png": 10, "sheet-2.png": 10})
    answer = song_answer(Words("en"), replace(SONG, kind="export"), files)
    assert [item.name for item in answer.files] == [item.name for item in files]
    assert answer.embeds[-1].image.url == "attachment://rain.sheet.png"
