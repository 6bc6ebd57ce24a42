"""Settings decide who may ask: laws of channels, roles and the word filter, without Discord."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import Refusal, check_channel, check_role, check_words, plain_word, songs_per_day, with_avoided_words
from engine.contract import FilterLevel, MusicRequest, Request, SingRequest, SongRequest, VerseRequest
from worker.store.server_settings import ServerSettings

EVERYWHERE = ServerSettings()


def test_without_settings_everybody_may_ask_everywhere() -> None:
    check_channel(EVERYWHERE, ("1",))
    check_role(EVERYWHERE, "song", ())
    check_words(EVERYWHERE, SongRequest(theme="anything"))
    assert songs_per_day(EVERYWHERE, ()) == EVERYWHERE.songs_per_day


def test_a_thread_belongs_to_its_channel() -> None:
    settings = ServerSettings(allowed_channels=("1", "2"))
    check_channel(settings, ("99", "2"))
    with pytest.raises(Refusal) as refusal:
        check_channel(settings, ("99", "98"))
    assert refusal.value.values == {"channels": "<#1>, <#2>"}


def test_a_sentence_names_ten_channels_at_most() -> None:
    settings = ServerSettings(allowed_channels=tuple(map(str, range(100))))
    with pytest.raises(Refusal) as refusal:
        check_channel(settings, ("x",))
    assert refusal.value.values["channels"].endswith("<#9>, …")


def test_one_of_the_roles_is_enough_and_other_commands_stay_free() -> None:
    settings = ServerSettings(allowed_roles={"song": ("1", "2"), "music": ()})
    check_role(settings, "song", ("7", "2"))
    check_role(settings, "tempo", ())
    check_role(settings, "music", ())
    with pytest.raises(Refusal) as refusal:
        check_role(settings, "song", ("7",))
    assert refusal.value.values == {"command": "/song", "roles": "<@&1>, <@&2>"}


@pytest.mark.parametrize(("word", "request_", "refused"), [
    ("rum", SongRequest(theme="A bottle of RUM!"), True),
    ("rum", SongRequest(theme="a drum and a rumour"), False),
    ("rum", SingRequest(lyrics="yo ho\nr\u200bum"), True),
    ("rum", VerseRequest(source="x", theme="ｒｕｍ"), True),
    ("rum", SongRequest(theme="x", artist="rum"), True),
    ("rum", MusicRequest(), False),
    ("rum", VerseRequest(source="x"), False),
    ("straße", SongRequest(theme="die STRASSE"), True),
    ("two words", SongRequest(theme="two\n  words"), True),
    ("two words", SongRequest(theme="two or words"), False),
    ("大海", SongRequest(theme="关于大海的歌"), True),
    ("c++", SongRequest(theme="the c++ song"), True),
    (".*", SongRequest(theme="anything"), False),
])  # fmt: skip
def test_a_filtered_word_is_found_as_a_word(word: str, request_: Request, refused: bool) -> None:
    settings = ServerSettings(filter_words=(plain_word(word),))
    if not refused:
        check_words(settings, request_)
        return
    with pytest.raises(Refusal, match=r"filter\.refused"):
        check_words(settings, request_)


@pytest.mark.parametrize(("level", "request_", "refused"), [
    ("off", SongRequest(theme="whisky and wine"), False),
    ("mild", SongRequest(theme="whisky and wine"), False),
    ("mild", SongRequest(theme="the NAKED truth"), True),
    ("strict", SongRequest(theme="a glass of ｗｉｎｅ"), True),
    ("strict", SingRequest(lyrics="they were kil\u200bling\ntime"), True),
    ("strict", VerseRequest(source="x", theme="two stabbings"), False),
    ("strict", VerseRequest(source="x", theme="drunkards' song"), True),
    ("strict", SongRequest(theme="the skill of a vine"), False),
    ("strict", MusicRequest(), False),
])  # fmt: skip
def test_a_level_refuses_all_forms_of_its_words(level: FilterLevel, request_: Request, refused: bool) -> None:
    settings = ServerSettings(filter_level=level)
    if not refused:
        check_words(settings, request_)
        return
    with pytest.raises(Refusal, match=r"filter\.refused"):
        check_words(settings, request_)


@given(st.text(max_size=60))
def test_a_word_is_plain_after_one_cleaning(text: str) -> None:
    assert plain_word(plain_word(text)) == plain_word(text)


@given(st.text(alphabet="abcXYZ äß海", min_size=1, max_size=10).filter(str.strip))
def test_a_request_that_is_the_filtered_word_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        check_words(ServerSettings(filter_words=(plain_word(word),)), SongRequest(theme=word))


def test_what_the_filter_holds_is_not_to_be_written_either() -> None:
    settings = ServerSettings(filter_words=("rum",))
    assert with_avoided_words(SongRequest(theme="x"), settings) == SongRequest(theme="x", avoid=("rum",))
    assert with_avoided_words(MusicRequest(), settings) == MusicRequest()
    assert with_avoided_words(SongRequest(theme="x"), EVERYWHERE) == SongRequest(theme="x")
    strict = settings.model_copy(update={"filter_level": "strict"})
    assert with_avoided_words(SongRequest(theme="x"), strict) == SongRequest(theme="x", avoid=("rum", "@strict"))


def test_a_level_that_is_off_is_stored_as_before_there_were_levels() -> None:
    assert "filter_level" not in ServerSettings().model_dump()
    strict = ServerSettings(filter_level="strict")
    assert ServerSettings.model_validate(strict.model_dump()) == strict


def test_the_best_role_counts_and_one_with_nothing_forbids() -> None:
    settings = ServerSettings(songs_per_day=10, role_multipliers={"1": 2.0, "2": 0.5, "3": 0.0})
    assert [songs_per_day(settings, roles) for roles in ((), ("1",), ("2",), ("1", "2"), ("1", "3"))] == [
        10,
        20,
        5,
        20,
        0,
    ]
