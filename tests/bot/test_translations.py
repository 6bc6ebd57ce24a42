"""Every language says everything, within Discord's limits, and the slash commands carry their names in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import discord
import pytest
from discord import app_commands
from discord.app_commands import locale_str

from bot.language_files import LanguageFile, language_file, language_of, languages, parse_language, places
from bot.translations import SlashTranslator, Words, check_languages, missing_command_texts
from bot.wishes import SongFacts, understand_request, understand_wish


def test_no_language_lacks_a_text_or_breaks_a_limit() -> None:
    assert check_languages() == []


def test_there_are_three_languages_with_english_first() -> None:
    assert languages()[0] == "en"
    assert set(languages()) >= {"en", "zh-CN", "de"}


@pytest.mark.parametrize(("locale", "language"), [
    ("en-US", "en"), ("en-GB", "en"), ("zh-CN", "zh-CN"), ("zh-TW", "zh-CN"), ("de", "de"), ("de-AT", "de"),
    ("fr", "en"), ("xx", "en"), ("", "en"), ("../en", "en"), (None, "en"),
    (discord.Locale.german, "de"), (discord.Locale.taiwan_chinese, "zh-CN"), (discord.Locale.japanese, "en"),
])  # fmt: skip
def test_each_locale_has_a_language(locale: object, language: str) -> None:
    assert language_of(locale) == Words(locale).language == language


def test_every_locale_of_discord_can_be_spoken_to() -> None:
    for locale in discord.Locale:
        assert Words(locale)("found.nothing")


def test_places_are_filled_and_more_may_be_given() -> None:
    assert Words("en")("queue.place", place=3, when="<t:1:R>", other="x") == "Place 3 in the queue · ready <t:1:R>"
    assert Words("zh-CN")("queue.place", place=3, when="<t:1:R>") == "排在第 3 位 · 预计<t:1:R>完成"
    assert Words("de")("buttons.cancel") == "Abbrechen"


def test_braces_in_a_value_are_no_places() -> None:
    assert Words("de")("song.note", note="{title} {0}") == "Hinweis: {title} {0}"


def test_a_missing_place_or_key_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Words("en")("queue.place")
    with pytest.raises(KeyError, match="no_such"):
        Words("de")("no_such.key")
    assert not Words("de").has("no_such.key")
    assert Words("de").has("queue.place")
    assert Words("de").has("rating.tally")


@pytest.mark.parametrize(("locale", "count", "said"), [
    ("en", 1, "1 song"), ("en", 0, "0 songs"), ("en", 2, "2 songs"), ("de", 1, "1 Lied"), ("de", 7, "7 Lieder"),
    ("zh-CN", 1, "1 首歌"), ("zh-CN", 5, "5 首歌"),
])  # fmt: skip
def test_the_count_chooses_between_one_and_other(locale: str, count: int, said: str) -> None:
    assert Words(locale)("found.count", count=count) == said


def test_choices_and_stages_that_nobody_named_are_shown_as_they_are() -> None:
    assert Words("zh-CN").choice("waltz") == "圆舞曲"
    assert Words("en").choice("waltz") == Words("fr").choice("waltz") == "waltz"
    assert Words("de").stage("melody") == "Melodie schreiben"
    assert Words("de").stage("unheard") == "unheard"


def test_stages_and_styles_of_the_engine_have_names() -> None:
    from bot.terminal.song import STAGE_NAMES
    from engine.music.theory import VOICES
    from engine.song.styles import STYLES

    for code in languages():
        assert [name for name in STAGE_NAMES if not Words(code).has(f"stages.{name}")] == []
        if code != "en":
            assert [name for name in (*STYLES, *VOICES) if f"choices.{name}" not in language_file(code).texts] == []


@pytest.mark.parametrize("language", languages())
def test_what_is_given_as_an_example_is_understood_in_every_language(language: str) -> None:
    words = Words(language)
    english, asked = (understand_request(said("talk.example_song")) for said in (Words("en"), words))
    assert asked.request == english.request is not None
    assert asked.not_understood == ()
    song = SongFacts("s1", "song", {"kind": "song", "theme": "rain"}, "C major", 100.0, "4/4", "folk", (), True)
    wished = understand_wish(words("talk.example_edit"), song)
    assert wished.request == understand_wish(Words("en")("talk.example_edit"), song).request is not None
    assert wished.not_understood == ()


def broken(toml: str, code: str = "de") -> list[str]:
    english = parse_language("en", '[messages]\nhi = "hello {name}"\n[buttons]\ngo = "Go"\n')
    return check_languages({"en": english, code: parse_language(code, toml)})


@pytest.mark.parametrize(("toml", "fault"), [
    ('[messages]\nhi = "hallo {name}"', "buttons.go is missing"),
    ('[messages]\nhi = "hallo"\n[buttons]\ngo = "Los"', "messages.hi has the places ()"),
    ('[messages]\nhi = "hallo {name}"\nho = "x"\n[buttons]\ngo = "Los"', "messages.ho is not in en.toml"),
    ('[buttons]\ngo = " "', "buttons.go is empty"),
    ('[buttons]\ngo = "' + "x" * 81 + '"', "buttons.go has more than 80 characters"),
    ('[commands.song]\nname = "Lied"', "not a name that Discord takes"),
    ('[commands.song]\nname = "ein lied"', "not a name that Discord takes"),
    ('[commands.song]\nname = "' + "x" * 33 + '"', "not a name that Discord takes"),
    ('[options.theme]\nname = "a!"', "not a name that Discord takes"),
    ('[options.theme]\ndescription = "' + "x" * 101 + '"', "has more than 100 characters"),
    ('[options]\na.name = "x"\nb.name = "x"', "options has 2 things named 'x'"),
    ('[commands]\na.name = "x"\nb.name = "x"', "commands has 2 things named 'x'"),
    ('[messages]\nhi = "{name} mit /lied"\n[commands.song]\nname = "song"', "names /lied, which is no command"),
    ('[messages]\nhi = "{0}"', "may only have named"),
    ('[errors]\n"a {0}" = "b {1}"', "has no places ('1',)"),
])  # fmt: skip
def test_the_check_finds_what_is_wrong(toml: str, fault: str) -> None:
    assert any(fault in said for said in broken(toml)), broken(toml)


def test_a_language_may_do_without_a_singular_but_not_without_a_plural() -> None:
    english = parse_language("en", '[messages]\nn.one = "{count} a"\nn.other = "{count} b"')
    assert check_languages({"en": english, "xx": parse_language("xx", '[messages]\nn.other = "{count}"')}) == []
    assert check_languages({"en": english, "xx": parse_language("xx", '[messages]\nn.one = "{count}"')}) == [
        "xx: messages.n.other is missing"
    ]


def test_what_one_language_says_of_commands_and_errors_all_do() -> None:
    files = [parse_language("aa", '[commands.x]\nname = "x"\n[errors]\n"e" = "f"'), LanguageFile("bb", {}, {})]
    english = LanguageFile("en", {}, {})
    assert check_languages({"en": english} | {file.code: file for file in files}) == [
        "bb: commands.x.name is missing", "bb: the error 'e' is missing"
    ]  # fmt: skip


def test_places_of_a_text() -> None:
    assert places("{b} {a} {{c}} {b}") == ("a", "b", "b")


class Tree:
    """A small tree of commands, as a cog would make it."""

    def __init__(self) -> None:
        self.library = app_commands.Group(name="library", description="The songs of this server")

        @app_commands.command(name="song", description="Write a song")
        @app_commands.describe(theme="what it is about", style="how it sounds")
        @app_commands.choices(
            style=[app_commands.Choice(name="waltz", value="waltz"), app_commands.Choice(name="4/4", value="4/4")]
        )
        async def song(interaction: discord.Interaction, theme: str, style: str) -> None: ...

        @self.library.command(name="search", description="Find songs")
        @app_commands.rename(wanted="words")
        async def search(interaction: discord.Interaction, wanted: str) -> None: ...

        self.song = song

    def commands(self) -> Iterator[app_commands.Command | app_commands.Group]:
        yield from (self.song, self.library)


def payloads() -> tuple[dict, dict]:
    class Client(discord.Client):
        pass

    async def translated() -> tuple[dict, dict]:
        client = Client(intents=discord.Intents.none())
        tree = app_commands.CommandTree(client)
        made = Tree()
        return (
            await made.song.get_translated_payload(tree, SlashTranslator()),
            await made.library.get_translated_payload(tree, SlashTranslator()),
        )

    return asyncio.run(translated())


def test_discord_is_given_names_and_descriptions_in_every_language_but_english() -> None:
    song, library = payloads()
    assert song["name_localizations"] == {"de": "lied", "zh-CN": "歌曲", "zh-TW": "歌曲"}
    assert song["description_localizations"]["zh-CN"] == "写一首歌：歌词、旋律、和弦和乐队"
    theme, style = song["options"]
    assert theme["name_localizations"]["de"] == "thema"
    assert theme["description_localizations"]["de"].startswith("Wovon")
    assert style["choices"][0]["name_localizations"]["zh-CN"] == "圆舞曲"
    assert style["choices"][1].get("name_localizations", {}) == {}
    assert library["name_localizations"]["zh-CN"] == "曲库"
    search = library["options"][0]
    assert search["name_localizations"]["de"] == "suche"
    assert search["options"][0]["name_localizations"]["de"] == "wörter"


def test_a_small_tree_lacks_nothing() -> None:
    for code in languages()[1:]:
        assert missing_command_texts(Tree().commands(), code) == []


def test_what_is_not_translated_is_listed_by_its_place() -> None:
    @app_commands.command(name="paint", description="Paint")
    @app_commands.choices(hue=[app_commands.Choice(name="mauve", value="mauve")])
    async def paint(interaction: discord.Interaction, hue: str) -> None: ...

    group = app_commands.Group(name="studio", description="A studio")
    group.add_command(paint)
    menu = app_commands.ContextMenu(name="Sing this", callback=_menu)
    assert missing_command_texts([group, menu], "de") == [
        "choices.mauve", "commands.studio.description", "commands.studio.name", "commands.studio.paint.description",
        "commands.studio.paint.name", "menus.Sing this", "options.hue.description", "options.hue.name",
    ]  # fmt: skip


async def _menu(interaction: discord.Interaction, message: discord.Message) -> None: ...


def test_a_text_may_name_its_own_place() -> None:
    @app_commands.command(name="paint", description=locale_str("Paint", key="commands.song.description"))
    @app_commands.choices(hue=[app_commands.Choice(name=locale_str("mauve", key="choices.waltz"), value="m")])
    async def paint(interaction: discord.Interaction, hue: str) -> None: ...

    assert "choices.waltz" not in missing_command_texts([paint], "de")
    context = app_commands.TranslationContext(app_commands.TranslationContextLocation.other, None)
    said = SlashTranslator().translate(
        locale_str("Paint", key="commands.song.description"), discord.Locale.german, context
    )
    assert asyncio.run(said) == "Ein Lied: Text, Melodie, Akkorde und Band"
