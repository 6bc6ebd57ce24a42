"""Promises of the writer with random weights: metre, inner rhymes, hook and person are kept whatever the model thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.contract import METRES, Sampling
from engine.lyrics.draft import WrittenLine
from engine.lyrics.manner import Manner
from engine.lyrics.metre import find_metre, keeps
from engine.lyrics.persons import parse_person
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.prosody import count_syllables, words_of
from engine.lyrics.rhyme import last_word, lines_rhyme, rhyme_pairs
from engine.lyrics.writer import LyricWriter, WantedSection

if TYPE_CHECKING:
    from engine.song.models import LyricModel, SongModels

PROMPT = ControlPrompt(theme_words=("rain", "harbour"), title="Rain over the Harbour")


@pytest.fixture(scope="module")
def model(opened_tiny_models: SongModels) -> LyricModel:
    return opened_tiny_models.lyrics


def section(scheme: str, syllables: int = 8, kind: str = "verse", *, inner: bool = False) -> WantedSection:
    return WantedSection(kind, tuple((syllables, letter) for letter in scheme), inner_rhyme=inner)


def write(model: LyricModel, wanted: list[WantedSection], seed: int = 1, **more: Any) -> list[list[WrittenLine]]:
    lexicon = model.lexicon(archaic=False, avoid=more.pop("avoid", ()))
    writer = LyricWriter(
        model.model, model.tokenizer, lexicon, model.associations, candidates=more.pop("candidates", 2)
    )
    return writer.write(more.pop("prompt", PROMPT), wanted, seed=seed, sampling=Sampling(temperature=1.0), **more)


def has_inner_rhyme(line: str) -> bool:
    return any(lines_rhyme(word, last_word(line)) for word in words_of(line.lower())[:-1])


@pytest.mark.parametrize("name", METRES)
@pytest.mark.parametrize("syllables", [7, 8, 9])
def test_every_line_keeps_its_metre_syllables_and_rhyme(model: LyricModel, name: str, syllables: int) -> None:
    metre = find_metre(name)
    for lines in write(model, [section("ABAB", syllables)], seed=syllables, manner=Manner(metre=metre)):
        assert all(keeps(line.syllables, metre) and len(line.syllables) == syllables for line in lines)
        assert all(lines_rhyme(lines[a].text, lines[b].text) for a, b in rhyme_pairs("ABAB"))


@pytest.mark.parametrize("scheme", ["AABB", "XX", "AAAA"])
@pytest.mark.parametrize("syllables", [4, 9])
def test_every_line_has_its_inner_rhyme(model: LyricModel, scheme: str, syllables: int) -> None:
    (lines,) = write(model, [section(scheme, syllables, inner=True)], seed=3)
    assert all(has_inner_rhyme(line.text) and count_syllables(line.text) == syllables for line in lines)
    assert all(lines_rhyme(lines[a].text, lines[b].text) for a, b in rhyme_pairs(scheme))


def test_metre_and_inner_rhyme_go_together(model: LyricModel) -> None:
    metre = find_metre("anapaestic")
    (lines,) = write(model, [section("AABB", 9, inner=True)], manner=Manner(metre=metre))
    assert all(has_inner_rhyme(line.text) and keeps(line.syllables, metre) for line in lines)


def test_a_chorus_takes_up_the_hook_and_the_song_still_says_its_theme(model: LyricModel) -> None:
    wanted = [section("AABB"), section("AABB", kind="chorus"), section("AABB", kind="chorus")]
    written = write(model, wanted, candidates=8, manner=Manner(hook=("candle",)))
    said = [{word.text.lower() for line in lines for word in line.words} for lines in written]
    assert all("candle" in words for words in said[1:])
    assert {"rain", "harbour"} & set.union(*said)


def test_a_word_that_nobody_knows_is_what_must_come(model: LyricModel) -> None:
    written = write(model, [section("AABB")], candidates=8, prompt=ControlPrompt(theme_words=("night", "wifi")))
    assert "wifi" in {word.text for line in written[0] for word in line.words}


def test_names_are_written_with_their_capitals(model: LyricModel) -> None:
    prompt = ControlPrompt(theme_words=("qwertyville",))
    written = write(model, [section("AABB")], candidates=8, prompt=prompt, manner=Manner(names=("Qwertyville",)))
    assert "Qwertyville" in " ".join(line.text for line in written[0])


def test_nobody_but_the_person_asked_for_tells_the_song(model: LyricModel) -> None:
    telling = parse_person("she")
    written = write(
        model, [section("AABB")] * 2, candidates=8, avoid=telling.others, manner=Manner(pronouns=telling.pronouns)
    )
    for lines in written:
        words = {word.text.lower() for line in lines for word in line.words}
        assert not words & telling.others
        assert words & telling.pronouns


def test_authors_take_turns_section_by_section(model: LyricModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.lyrics import writer as module

    told: list[str] = []
    begin = module._Work.begin

    def watched(work: Any, one: WantedSection, prompt: ControlPrompt | None = None) -> None:
        begin(work, one, prompt)
        told.append(work.prompt.author)
        assert work.session.ids[: len(model.tokenizer.encode(work.prompt.text()))] == tuple(
            model.tokenizer.encode(work.prompt.text())
        )

    monkeypatch.setattr(module._Work, "begin", watched)
    prompts = [ControlPrompt(theme_words=("rain",), author=author) for author in ("Ann", "Bob")]
    write(model, [section("AA", 5)] * 3, prompt=prompts[0], prompts=prompts)
    assert told == ["Ann", "Bob", "Ann"]
