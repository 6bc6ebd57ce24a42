"""The models that ship: whole, small enough, in step with the code, and able to make a song that keeps its plan."""

from __future__ import annotations

from pathlib import Path

import pytest

import engine
from engine.checkpoint import open_checkpoint
from engine.contract import MusicRequest, SingRequest, SongRequest, VerseRequest
from engine.lyrics.lexicon import read_words
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.tokenizer import LyricTokenizer
from engine.music.lead_sheet import LeadSheet, check
from engine.song.make_song import make_song
from engine.song.making import Making, SourceSong
from engine.song.models import WORDS_FILE, SongModels, open_lyric_model, open_melody_model
from engine.verbs import carry_out

STARTER = Path(engine.__path__[0]) / "starter"
LARGEST_BYTES = {"lyrics": 40_000_000, "melody": 15_000_000}


@pytest.fixture(scope="module")
def models() -> SongModels:
    return SongModels(open_lyric_model(STARTER / "lyrics"), open_melody_model(STARTER / "melody"))


def syllables_sung(sheet: LeadSheet) -> int:
    return sum(note.syllable is not None for note in sheet.notes)


@pytest.mark.parametrize("role", ["lyrics", "melody"])
def test_a_starter_is_verified_small_and_has_its_card(role: str) -> None:
    open_checkpoint(STARTER / role)  # raises where a file is not what the manifest says
    assert sum(path.stat().st_size for path in (STARTER / role).iterdir()) <= LARGEST_BYTES[role]
    card = (STARTER / role / "README.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("Data", "Recipe", "seed", "test"))


def test_stored_sounds_are_those_that_lines_are_counted_by() -> None:
    entries = read_words(STARTER / "lyrics" / WORDS_FILE)
    assert len(entries) > 10_000
    stale = [entry.text for entry in entries if pronounce(entry.text.lower()) != entry.sound]
    assert stale == []


def test_every_piece_of_the_word_list_is_written_by_the_tokenizer() -> None:
    tokenizer = LyricTokenizer.open(STARTER / "lyrics" / "tokenizer.json")
    texts = [f" {entry.text}" for entry in read_words(STARTER / "lyrics" / WORDS_FILE)]
    assert [tokenizer.decode(ids) for ids in tokenizer.encode_batch(texts)] == texts


@pytest.mark.parametrize(("style", "form"), [("pop", "VCVC"), ("waltz", "VC"), ("hymn", "VV")])
def test_a_song_keeps_its_plan(models: SongModels, style: str, form: str) -> None:
    request = SongRequest(theme="rain over the harbour", style=style, form=form, rhyme="AABB", syllables="8,8,7,7")
    made = make_song(request, Making(seed=3, models=models, outputs=("mid",)))
    lines = [line for section in made.report.sections for line in section.lines]
    assert len(lines) == 4 * len(form)
    assert all(line.syllables_found == line.syllables_asked for line in lines)
    assert [line.rhymes for line in lines] == [None, True, None, True] * len(form)
    assert made.sheet is not None
    assert syllables_sung(made.sheet) == sum(line.syllables_found for line in lines)


def test_the_same_seed_makes_the_same_song(models: SongModels) -> None:
    request = SongRequest(theme="the last bus home", form="VC")
    outputs = ("mid", "musicxml", "lrc")
    first, second = (make_song(request, Making(seed=11, models=models, outputs=outputs)) for _ in range(2))
    assert first.artifacts == second.artifacts


def test_own_words_and_a_tune_are_sung_and_played_and_can_be_changed(models: SongModels) -> None:
    lyrics = "Row the boat home at half past 7\nover the foam and the rolling sea\n\n[Chorus]\nCarry me, carry me home"
    sung = carry_out(SingRequest(lyrics=lyrics, style="folk"), Making(seed=3, models=models, outputs=("mid",)))
    assert sung.sheet is not None
    check(sung.sheet)
    assert syllables_sung(sung.sheet) == 9 + 9 + 7
    source = SourceSong(sung.report.title, sung.lyrics_text, sung.score, sung.sheet, sung.report)
    verse = VerseRequest(source="a", theme="winter")
    longer = carry_out(verse, Making(seed=3, models=models, source=source, outputs=("mid",)))
    assert longer.sheet is not None
    check(longer.sheet)
    assert syllables_sung(longer.sheet) == 2 * (9 + 9) + 7
    music = carry_out(MusicRequest(style="jazz", bars=16), Making(seed=3, models=models, outputs=("mid",)))
    assert music.sheet is not None
    check(music.sheet)
    assert music.report.length_seconds is not None
