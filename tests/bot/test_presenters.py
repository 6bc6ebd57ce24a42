"""Promises of songs and comparisons as messages: limits, whole lines, plain text, files, ratings that move alone."""

from __future__ import annotations

import re
from dataclasses import replace

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lyrics_sheet import LINE_CHARACTERS
from bot.plain_text import cleaned, escaped
from bot.presenters import COLOURS, MIB, Presented, comparison_answer, song_answer, tally_line, with_tally
from bot.translations import Words, languages
from engine.contract import STYLES
from engine.verbs import VERBS
from tests.bot.embed_limits import (
    SONG_ID,
    a_song,
    embed_characters,
    faults,
    files_of,
    live_markup,
    lyrics_texts,
    nasty_text,
)
from worker.store.ratings import Tally

WORDS = Words("en")
FILES = files_of("rain", mid=10, txt=10, musicxml=10, lrc=10, png=10, ogg=10)
VERSE = "\n".join(f"line {number} of the quiet song" for number in range(8))


def verses(count: int) -> str:
    return "\n\n".join(f"[Verse {number}]\n{VERSE}" for number in range(1, count + 1))


def names(answer: Presented) -> list[str]:
    return [item.name for item in answer.files]


def shown_words(embeds: tuple[discord.Embed, ...]) -> list[str]:
    """Return the lines of all descriptions without labels and the lines that are not of the song."""
    lines = [line for embed in embeds for line in (embed.description or "").split("\n")]
    ours = ("-# **", "↳", WORDS("song.rest_in_file"))
    return [line for line in lines if line and not line.startswith(ours)]


def escaped_lines(text: str) -> set[str]:
    return {escaped(cleaned(line.strip())) for line in text.splitlines()}


@given(title=nasty_text, lyrics=lyrics_texts, kind=st.sampled_from(sorted(VERBS)), parent=st.none() | nasty_text)
@settings(max_examples=150, deadline=None)
def test_a_song_never_breaks_a_limit_nor_shows_markup_nor_tears_a_line(
    title: str, lyrics: str, kind: str, parent: str | None
) -> None:
    song = a_song(title, lyrics, kind, parent_song_id=SONG_ID, style=title or "pop")
    answer = song_answer(WORDS, song, FILES, tally=Tally(99999, 4.26), parent_title=parent)
    assert faults(answer.embeds, answer.content, names(answer)) == []
    assert live_markup(answer.embeds[0].title or "") == []
    lines = shown_words(answer.embeds)
    assert [live_markup(line) for line in lines if live_markup(line)] == []
    whole = escaped_lines(f"{title}\n{lyrics}")
    assert [line for line in lines if line not in whole and len(line) < LINE_CHARACTERS // 2] == []
    assert answer == song_answer(WORDS, song, FILES, tally=Tally(99999, 4.26), parent_title=parent)


@given(lyrics_a=lyrics_texts, lyrics_b=lyrics_texts, title=nasty_text)
@settings(max_examples=80, deadline=None)
def test_a_comparison_never_breaks_a_limit(lyrics_a: str, lyrics_b: str, title: str) -> None:
    a, b = a_song(title, lyrics_a), a_song(title, lyrics_b)
    answer = comparison_answer(WORDS, a, FILES, b, FILES)
    assert faults(answer.embeds, answer.content, names(answer)) == []
    assert len(set(names(answer))) == len(names(answer))


@given(lyrics=lyrics_texts, votes=st.integers(0, 10**9))
@settings(max_examples=50, deadline=None)
def test_a_rating_never_makes_a_message_too_long(lyrics: str, votes: int) -> None:
    answer = song_answer(WORDS, a_song("t" * 300, lyrics), FILES)
    assert faults(with_tally(answer.embeds, WORDS, Tally(votes, 4.9)), None, names(answer)) == []


@pytest.mark.parametrize("locale", languages())
def test_a_song_shows_title_words_facts_and_files(locale: str) -> None:
    answer = song_answer(Words(locale), a_song(lyrics=verses(2)), FILES)
    (embed,) = answer.embeds
    assert embed.title == "Rain over the harbour"
    assert (embed.description or "").startswith("-# **Verse 1**\nline 0 of the quiet song\n")
    assert f"{VERSE}\n\n-# **Verse 2**" in (embed.description or "")
    for fact in ("96", "3/4", "1:42"):
        assert fact in (embed.footer.text or "")
    assert names(answer) == ["rain.mid", "rain.ogg", "rain.png"]
    assert embed.image.url == "attachment://rain.png"
    assert (answer.content, answer.notes) == (None, ())


def test_the_footer_reads_as_people_speak_of_music() -> None:
    footer = song_answer(WORDS, a_song(), FILES).embeds[-1].footer.text
    tempo = WORDS("song.tempo", tempo=96)
    assert footer == f"folk · A minor · {tempo} · 3/4 · 1:42"


def test_words_of_two_thousand_lines_are_cut_at_a_section_and_come_as_a_file() -> None:
    answer = song_answer(WORDS, a_song(lyrics=verses(250)), FILES)
    assert len(answer.embeds) == 2
    assert embed_characters(answer.embeds) > 5500
    text = "\n\n".join(embed.description or "" for embed in answer.embeds)
    *sections, last = text.split("\n\n")
    assert last == WORDS("song.rest_in_file")
    assert all(section.endswith("line 7 of the quiet song") for section in sections)
    assert names(answer) == ["rain.mid", "rain.ogg", "rain.png", "rain.txt"]
    assert answer.embeds[-1].image.url
    assert not answer.embeds[0].image.url


def test_ten_minutes_of_words_are_shown_whole() -> None:
    """About 16 verses of 8 lines in 10 minutes."""
    lyrics = verses(20)
    answer = song_answer(WORDS, a_song(lyrics=lyrics), FILES)
    assert shown_words(answer.embeds) == [line for line in lyrics.splitlines() if line and not line.startswith("[")]
    assert "rain.txt" not in names(answer)


def test_words_that_were_cut_come_as_a_file_even_if_none_was_made() -> None:
    song = a_song(lyrics=verses(250))
    answer = song_answer(WORDS, song, files_of("rain", mid=1))
    assert answer.files[-1].name == "rain.txt"
    assert answer.files[-1].data.decode() == song.lyrics_text


def test_words_alone_have_no_files_and_music_has_no_words() -> None:
    words_alone = song_answer(WORDS, a_song(lyrics=VERSE, kind="lyrics"), files_of("rain", txt=5))
    assert words_alone.files == ()
    music = song_answer(WORDS, a_song(kind="music"), FILES)
    assert (music.embeds[0].title, music.embeds[0].description) == ("Rain over the harbour", None)


def test_the_title_is_not_sung_twice_but_a_first_line_like_it_is() -> None:
    answer = song_answer(WORDS, a_song("Rain", "Rain\nagain"), FILES)
    assert answer.embeds[0].description == "Rain\nagain"


@pytest.mark.parametrize(
    ("kind", "request_", "change"),
    [
        ("transpose", {"semitones": 1}, "1 semitone up"),
        ("transpose", {"semitones": -2, "key": None}, "2 semitones down"),
        ("transpose", {"key": "D"}, WORDS("edit.to_key", to="D")),
        ("tempo", {"percent": 112}, WORDS("edit.percent", percent=112)),
        ("tempo", {"tempo_qpm": 120.0}, WORDS("edit.to_tempo", tempo=120)),
        ("words", {"lyrics": "x"}, WORDS("edit.words")),
        ("verse", {"theme": None}, WORDS("edit.verse")),
        ("verse", {"theme": "*snow*"}, WORDS("edit.verse_about", theme="\\*snow\\*")),
        ("mute", {"part": "drums"}, WORDS("edit.without", part="drums")),
        ("extend", {"bars": 1}, "1 bar more"),
        ("harmonize", {"voices": "choir", "bars": None}, "for a choir of four parts"),
        ("remix", {"what": "rhythm", "bars": "5-8", "amount": 50}, "another rhythm, bars 5-8"),
        ("melody", {"bars": "*9*"}, "a new melody, bars \\*9\\*"),
        ("infill", {"bars": "5-8"}, "bars 5-8 anew"),
        ("arrange", {"style": "jazz"}, "the band plays jazz"),
        ("instrument", {"instrument": "pan flute"}, "on pan flute"),
        ("humanize", {"amount": 50, "bars": None}, "played less evenly"),
    ],
)
def test_what_an_edit_did_is_said_above_the_words(kind: str, request_: dict[str, object], change: str) -> None:
    song = a_song(lyrics="la", kind=kind, request=request_, parent_song_id=SONG_ID)
    answer = song_answer(WORDS, song, FILES, parent_title="Old *one*")
    source = WORDS("song.edit_of", title="Old \\*one\\*")
    assert answer.embeds[0].description == f"↳ {change} · {source}\n\nla"


def test_another_take_says_of_what() -> None:
    song = a_song(lyrics="la", parent_song_id=SONG_ID)
    answer = song_answer(WORDS, song, FILES, parent_title="Old")
    assert answer.embeds[0].description == f"↳ {WORDS('song.take_of', title='Old')}\n\nla"
    assert song_answer(WORDS, song, FILES).embeds[0].description == "la"


def test_a_file_over_the_limit_is_left_out_with_a_note() -> None:
    answer = song_answer(WORDS, a_song(), files_of("rain", mid=5, ogg=3 * MIB, png=2 * MIB), size_limit_bytes=MIB)
    assert names(answer) == ["rain.mid"]
    assert [note.split()[0] for note in answer.notes] == ["rain.ogg", "rain.png"]
    assert answer.embeds[-1].image.url is None


def test_all_files_together_stay_below_what_discord_takes() -> None:
    files = files_of("rain", mid=9 * MIB, ogg=9 * MIB, png=9 * MIB)
    answer = song_answer(WORDS, a_song(), files)
    assert sum(len(item.data) for item in answer.files) < 25 * MIB
    assert len(answer.notes) == 1


def test_a_picture_is_found_whatever_its_file_is_called() -> None:
    answer = song_answer(WORDS, a_song(), files_of("so long, été", png=1))
    assert names(answer) == ["so-long-t.png"]
    assert answer.embeds[-1].image.url == "attachment://so-long-t.png"


def test_missing_sound_is_said_without_the_reasons_of_the_host() -> None:
    notices = ("no .ogg: /home/me has no SoundFont", "the verse is long")
    answer = song_answer(WORDS, a_song(report={"notices": notices}), FILES)
    assert answer.notes == (WORDS("song.no_audio"), "Note: the verse is long")


def test_a_tally_is_changed_alone_and_goes_when_nobody_rates() -> None:
    plain = song_answer(WORDS, a_song(lyrics=verses(1)), FILES).embeds
    rated = with_tally(plain, WORDS, Tally(12, 4.33))
    assert rated[-1].footer.text == f"★ 4.3 (12) · {plain[-1].footer.text}"
    again = with_tally(rated, WORDS, Tally(13, 4.0))
    assert again[-1].footer.text == f"★ 4.0 (13) · {plain[-1].footer.text}"
    assert with_tally(again, WORDS, Tally(0, None)) == plain
    assert with_tally((), WORDS, Tally(1, 5.0)) == ()
    assert song_answer(WORDS, a_song(lyrics=verses(1)), FILES, tally=Tally(13, 4.0)).embeds == again


@pytest.mark.parametrize("first", languages())
@pytest.mark.parametrize("then", languages())
def test_a_tally_in_one_language_is_replaced_by_one_in_another(first: str, then: str) -> None:
    plain = song_answer(WORDS, a_song(), FILES).embeds
    rated = with_tally(with_tally(plain, Words(first), Tally(2, 4.5)), Words(then), Tally(1, 5.0))
    assert (rated[-1].footer.text or "").count("★") == 1
    assert with_tally(rated, Words(first), None) == plain


def test_a_picture_that_discord_gave_an_address_is_attached_again() -> None:
    embed = song_answer(WORDS, a_song(), FILES).embeds[-1].copy()
    embed.set_image(url="https://cdn.discordapp.com/attachments/12/34/rain.png?ex=6&is=5&hm=4")
    assert with_tally([embed], WORDS, None)[0].image.url == "attachment://rain.png"
    embed.set_image(url="https://example.com/rain.png")
    assert with_tally([embed], WORDS, None)[0].image.url == "https://example.com/rain.png"


def test_the_tally_line_counts() -> None:
    assert tally_line(WORDS, Tally(1, 5.0)) == "★ 5.0 · 1 rating"
    assert tally_line(WORDS, Tally(0, None)) == tally_line(WORDS, None) == WORDS("rating.none")


def test_a_comparison_names_its_takes_and_gives_no_hint_of_the_models() -> None:
    a = a_song("Rain", verses(1), report={"model_versions": {"lyrics": "secretive"}})
    b = replace(a, id="0" * 26)
    answer = comparison_answer(WORDS, a, FILES, b, FILES)
    assert [embed.title for embed in answer.embeds] == ["Take A · Rain", "Take B · Rain"]
    assert names(answer) == ["a-rain.mid", "a-rain.ogg", "b-rain.mid", "b-rain.ogg"]
    assert answer.content == WORDS("compare.question")
    everything = str([embed.to_dict() for embed in answer.embeds])
    assert not re.search(f"secretive|{SONG_ID}|0{{26}}|123", everything)


def test_a_comparison_cuts_fairly() -> None:
    """Half for each; what a short take leaves is the long one's."""
    short, long = a_song("A", verses(1)), a_song("B", verses(100))
    of_long = comparison_answer(WORDS, short, FILES, long, FILES)
    assert embed_characters(of_long.embeds) > 5500
    assert shown_words(of_long.embeds[:1]) == VERSE.split("\n")
    both = comparison_answer(WORDS, long, FILES, long, FILES)
    sizes = [embed_characters([embed]) for embed in both.embeds]
    assert abs(sizes[0] - sizes[1]) < 10
    assert names(both)[2::3] == ["a-rain.txt", "b-rain.txt"]


def test_every_style_has_a_colour() -> None:
    assert set(COLOURS) == set(STYLES)
    assert len(set(COLOURS.values())) == len(COLOURS)
