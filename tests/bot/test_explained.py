"""How an explanation and songs that are alike are shown: the text with its picture, reasons in every language, no limit broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alike import AlikeSong, reasons_text
from bot.buttons import song_view
from bot.pages import similar_page
from bot.presenters import song_answer
from bot.terminal.explained import explained_object, explained_text
from bot.translations import Words, languages
from engine.contract import Artifact
from engine.song.likeness import Reason
from tests.bot.embed_limits import a_song, faults, live_markup, nasty_text
from tests.bot.test_pages import OURS, listed

SONG = replace(a_song("Rain", "[Verse 1]\nRow the boat", "song"), kind="explain")
TEXT = "[Form]\nThe song has one section.\n\nIt comes once.\n\n[Rhyme]\nNo line rhymes.\n"
FILES = (
    Artifact("rain.explained.txt", "text/plain", TEXT.encode()),
    Artifact("rain.explained.png", "image/png", b"picture"),
    Artifact("rain.explained.json", "application/json", json.dumps({"title": "Rain", "topics": []}).encode()),
)
REASONS = (
    Reason("same_key", {"key": "A minor"}), Reason("near_tempo", {"tempo": "96"}), Reason("same_meter", {"meter": "3/4"}),
    Reason("shared_words", {"words": "rain, sea"}), Reason("near_words", {"one": "ship", "other": "sail"}),
    Reason("tune"), Reason("chords"), Reason("same_style", {"style": "folk"}),
)  # fmt: skip


def test_an_explanation_is_shown_as_text_with_its_picture() -> None:
    answer = song_answer(Words("en"), SONG, FILES)
    assert "The song has one section." in (answer.embeds[0].description or "")
    assert "Row the boat" not in (answer.embeds[0].description or "")
    assert answer.embeds[-1].image.url == "attachment://rain.explained.png"
    assert [item.name for item in answer.files] == ["rain.explained.png"]


def test_an_explanation_too_long_for_a_message_comes_as_a_file_too() -> None:
    long = replace(FILES[0], data=("[Form]\n" + "\n\n".join(f"Sentence {n}. " * 40 for n in range(40))).encode())
    answer = song_answer(Words("en"), SONG, (long, *FILES[1:]))
    assert faults(answer.embeds, names=[item.name for item in answer.files]) == []
    assert [item.name for item in answer.files] == ["rain.explained.png", "rain.explained.txt"]


def test_the_button_has_room_under_every_kind_of_song() -> None:
    for song in (
        a_song("Rain", "[Verse 1]\nRow", "song"),
        a_song("Rain", "[Verse 1]\nRow", "lyrics"),
        a_song("Tune", "", "music"),
    ):
        rows = [item.row for item in song_view(Words("en"), song).children]
        assert max(rows.count(row) for row in rows) <= 5
        assert "sw:do:" + song.id + ":explain" in {
            item.item.custom_id for item in song_view(Words("en"), song).children
        }  # type: ignore[attr-defined]  # DynamicItems


@pytest.mark.parametrize("language", languages())
def test_every_reason_has_a_sentence_in_every_language(language: str) -> None:
    told = reasons_text(Words(language), REASONS)
    assert "similar." not in told
    for value in ("96", "3/4", "rain, sea", "ship", "sail"):
        assert value in told


@given(titles=st.lists(nasty_text, max_size=10), asked=nasty_text)
@settings(max_examples=40, deadline=None)
def test_a_list_of_songs_that_are_alike_never_breaks_a_limit(titles: list[str], asked: str) -> None:
    near = tuple(
        AlikeSong(listed(title), 0.5, (*REASONS, Reason("shared_words", {"words": title}))) for title in titles
    )
    embed = similar_page(Words("en"), asked, near)
    assert faults([embed]) == []
    assert live_markup(OURS.sub("", embed.description or "").replace("-# ", "")) == []
    assert bool(titles) != (embed.description == Words("en")("similar.empty"))


def test_the_terminal_shows_paragraphs_under_headings_or_one_object() -> None:
    paths = {"explained.txt": Path("out/rain.explained.txt")}
    assert explained_text(FILES, paths).splitlines()[:5] == [
        "Form",
        "",
        "The song has one section.",
        "",
        "It comes once.",
    ]
    assert explained_text(FILES, paths).endswith("out/rain.explained.txt")
    assert json.loads(explained_object("id1", FILES, paths)) == {
        "id": "id1", "title": "Rain", "topics": [], "files": {"explained.txt": "out/rain.explained.txt"}
    }  # fmt: skip
