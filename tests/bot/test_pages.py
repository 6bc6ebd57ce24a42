"""Promises of lists, song info, settings, figures and privacy as embeds: limits, plain text, nothing asked for is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pages import privacy_page, settings_page, song_info, songs_page, statistics_page
from bot.translations import Words, languages
from engine.contract import SongRequest
from tests.bot.embed_limits import NOW, SONG_ID, a_section, a_song, faults, live_markup, lyrics_texts, nasty_text
from worker.store.library import Listed, Page
from worker.store.privacy import COPIES, TRACES
from worker.store.ratings import Tally
from worker.store.server_settings import MAX_FILTER_WORDS, ServerSettings

WORDS = Words("en")
LISTS = ("history", "top", "favourites", "library")
OURS = re.compile(r"<t:\d+:[RfD]>|<@&?\d+>|<#\d+>|^\*\*\d+\. |\*\*(?= ·|$)|↳", re.MULTILINE)


def listed(title: str = "Rain", **values: Any) -> Listed:
    facts: dict[str, Any] = {
        "id": SONG_ID,
        "title": title,
        "style": "folk",
        "kind": "song",
        "seconds": 101.6,
        "created_at": NOW,
        "requester": "1",
        "server": None,
        "mean_stars": 4.33,
        "votes": 12,
        "score": 0.5,
    }
    return Listed(**(facts | values))


def live(text: str | None) -> list[str]:
    """Return live markup beside that of the pages themselves."""
    return live_markup(OURS.sub("", text or ""))


@given(titles=st.lists(nasty_text, max_size=60), heading=st.sampled_from(LISTS), query=nasty_text)
@settings(max_examples=80, deadline=None)
def test_a_list_never_breaks_a_limit_and_has_one_line_per_song(titles: list[str], heading: str, query: str) -> None:
    page = Page(tuple(listed(title, style=title) for title in titles), 1, 1, len(titles))
    embed = songs_page(WORDS, heading, page, query=query, minimum_votes=3)
    assert faults([embed]) == []
    assert live(embed.title) == []
    assert live(embed.description) == []
    lines = (embed.description or "").split("\n")
    assert len(lines) <= max(1, len(titles))
    assert embed == songs_page(WORDS, heading, page, query=query, minimum_votes=3)


def test_a_line_says_place_title_style_length_stars_and_age() -> None:
    items = (listed(), listed("Words", seconds=None, mean_stars=None, votes=0))
    embed = songs_page(WORDS, "top", Page(items, 2, 5, 10), minimum_votes=3)
    age = f"<t:{int(NOW.timestamp())}:R>"
    assert embed.description == f"**3. Rain** · folk · 1:42 · ★ 4.3 (12) · {age}\n**4. Words** · folk · {age}"
    assert embed.footer.text == "Page 2 of 5 · 10 songs"


def test_the_last_page_goes_on_counting() -> None:
    embed = songs_page(WORDS, "history", Page((listed(),), 3, 3, 21))
    assert (embed.description or "").startswith("**21. Rain**")


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("heading", LISTS)
def test_an_empty_list_says_what_to_do(locale: str, heading: str) -> None:
    embed = songs_page(Words(locale), heading, Page((), 1, 1, 0), query="sea", minimum_votes=3)
    assert embed.title
    assert embed.description
    assert embed.footer.text is None


def test_a_search_without_words_is_the_whole_library() -> None:
    assert songs_page(WORDS, "library", Page((), 1, 1, 0)).title == WORDS("library.all")


@given(
    title=nasty_text,
    lyrics=lyrics_texts,
    values=st.dictionaries(nasty_text | st.sampled_from([*SongRequest.model_fields]), nasty_text, max_size=40),
    versions=st.dictionaries(nasty_text, nasty_text, max_size=20),
)
@settings(max_examples=80, deadline=None)
def test_song_info_never_breaks_a_limit(
    title: str, lyrics: str, values: dict[str, Any], versions: dict[str, str]
) -> None:
    request = {name: value for name, value in values.items() if name != "sampling"}
    song = a_song(
        title, lyrics, request=request, parent_song_id=title, report={"model_versions": versions, "key": title}
    )
    embed = song_info(WORDS, song, Tally(10**9, 1.0), 5, True)
    assert faults([embed]) == []
    assert live(embed.title) == []
    assert live((embed.description or "").replace(f"**{WORDS('info.request')}**", "")) == []
    assert [field.value for field in embed.fields if live(field.value)] == []


def test_song_info_tells_everything_that_was_asked_for() -> None:
    request = SongRequest(
        theme="rain & *sea*",
        style="waltz",
        artist="Robert Burns",
        form="VCVC",
        rhyme="ABAB",
        syllables="8,6",
        key="Am",
        tempo_qpm=96,
        time_signature="3/4",
        chords="Am G",
        length_seconds=180,
        voice="alto",
        sampling={"temperature": 0.5},
    )
    song = a_song(request=request.model_dump(mode="json"), report={"sections": (a_section(24, 20),)})
    embed = song_info(WORDS, song, Tally(2, 4.5), 4, True)
    _, asked = (embed.description or "").split(f"**{WORDS('info.request')}**\n")
    assert dict(line.replace("\\", "").split(": ", 1) for line in asked.split("\n")) == {
        "theme": "rain & *sea*",
        "style": "waltz",
        "artist": "Robert Burns",
        "form": "VCVC",
        "rhyme": "ABAB",
        "syllables": "8,6",
        "key": "Am",
        "tempo": "96",
        "meter": "3/4",
        "chords": "Am G",
        "length": "3:00",
        "voice": "alto",
        "temperature": "0.5",
    }
    fields = {field.name: field.value for field in embed.fields}
    assert fields["Music"] == f"folk · A minor · {WORDS('song.tempo', tempo=96)} · 3/4 · 1\\:42 · Seed 123"
    assert fields[WORDS("info.kept")] == "\n".join(
        (WORDS("info.syllables_kept", kept=20, lines=24), WORDS("info.rhymes_kept", kept=10, lines=12))
    )
    own, favourite = WORDS("info.own_rating", stars="★★★★☆"), WORDS("info.is_favourite")
    assert fields[WORDS("info.rating")] == f"★ 4.5 (2)\n{own}\n{favourite}"
    assert "m1" in (fields["Models"] or "")
    assert "<@123456789012345678>" in (embed.description or "")
    assert embed.footer.text == SONG_ID


@pytest.mark.parametrize("locale", languages())
def test_song_info_is_there_for_an_edit_that_nobody_rated(locale: str) -> None:
    song = a_song(kind="tempo", request={"kind": "tempo", "source": "x", "percent": 112}, parent_song_id="p" * 26)
    embed = song_info(Words(locale), song, None, None, False)
    assert "112" in (embed.description or "")
    assert "p" * 26 in (embed.description or "")
    assert faults([embed]) == []


def test_whoever_is_no_member_of_discord_is_not_mentioned() -> None:
    embed = song_info(WORDS, a_song(requested_by="everyone> @here"), None, None, False)
    assert "here" not in (embed.description or "")


ids = st.integers(10**17, 10**19).map(str)


@given(
    channels=st.lists(ids | nasty_text, max_size=200),
    roles=st.dictionaries(ids | nasty_text, st.floats(0, 100), max_size=100),
    filtered=st.lists(nasty_text.map(lambda text: text[:60] or "x"), max_size=MAX_FILTER_WORDS),
    allowed=st.dictionaries(nasty_text, st.lists(ids, max_size=50).map(tuple), max_size=30),
    language=st.none() | nasty_text,
)
@settings(max_examples=60, deadline=None)
def test_settings_never_break_a_limit(
    channels: list[str], roles: dict[str, float], filtered: list[str], allowed: Any, language: str | None
) -> None:
    values = ServerSettings(
        allowed_channels=tuple(channels),
        role_multipliers=roles,
        filter_words=tuple(filtered),
        allowed_roles=allowed,
        language=language,
    )
    embed = settings_page(WORDS, values)
    assert faults([embed]) == []
    assert live(embed.description) == []


def test_settings_are_said_in_lines() -> None:
    values = ServerSettings(
        allowed_channels=("7", "8"),
        songs_per_day=1,
        role_multipliers={"5": 2.5},
        language="de",
        filter_words=("d*mn",),
        filter_level="strict",
        allowed_roles={"song": ("5",), "compare": ()},
    )
    assert (settings_page(WORDS, values).description or "").split("\n") == [
        "Channels: <#7>, <#8>",
        "Quota: 1 song per member and day",
        "<@&5>: 2.5 times the quota",
        WORDS("admin.waiting", count=3),
        "Language: de",
        "song: <@&5>",
        "compare: everyone",
        "Word filter: strict",
        "Filtered words: d\\*mn",
    ]


@pytest.mark.parametrize("locale", languages())
def test_the_settings_at_first_are_said_as_well(locale: str) -> None:
    words = Words(locale)
    text = settings_page(words, ServerSettings()).description or ""
    assert words("admin.channels_all") in text
    assert words("admin.filter_empty") in text


@pytest.mark.parametrize("locale", languages())
def test_every_figure_has_a_line(locale: str) -> None:
    figures = {name: index for index, name in enumerate(("songs", "members", "ratings", "waiting", "running", "today"))}
    lines = (statistics_page(Words(locale), figures).description or "").split("\n")
    assert [str(index) in line for index, line in enumerate(lines)] == [True] * len(figures)


@pytest.mark.parametrize("locale", languages())
def test_every_kind_of_thing_that_is_stored_is_named(locale: str) -> None:
    counts = dict.fromkeys(("songs", "files", *TRACES.keys() - COPIES), 7)
    embed = privacy_page(Words(locale), counts, (True, NOW - timedelta(days=1)))
    assert (embed.description or "").count("• ") == len(counts)
    assert f"<t:{int(NOW.timestamp()) - 86400}:D>" in (embed.description or "")
    assert faults([embed]) == []


def test_nothing_stored_is_said_so() -> None:
    embed = privacy_page(WORDS, dict.fromkeys(TRACES, 0), (False, None))
    assert (embed.description or "").startswith(WORDS("privacy.nothing"))
    assert WORDS("privacy.training_is_off") in (embed.description or "")
