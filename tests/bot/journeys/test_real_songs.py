"""Real songs through Discord, by tiny models: what was asked for is in the files, and every edit does what its name says."""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mido
import pytest

from engine.lyrics.own_words import read_own_words
from engine.music.as_json import lead_sheet_from_json, score_from_json
from engine.music.lead_sheet import syllables_covered
from engine.music.score import Score
from engine.roles import Role
from tests.bot.journeys.test_conversation import talk
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Interaction, Message
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels
from worker.store.database import open_store
from worker.store.songs import Song

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

FLUTE = 73
SHORT = {"theme": "rain over the harbour", "form": "VC", "syllables": "6", "seed": 5}

Scene = Callable[[Stage], Coroutine[Any, Any, None]]


@pytest.fixture
def perform(tmp_path: Path, tiny_models: TinyModels) -> Callable[[Scene], None]:
    """Return what plays a scene with a bot and a worker that makes real songs."""
    paths: dict[Role, Path] = {
        "lyrics": tiny_models.lyrics, "melody": tiny_models.melody, "music": tiny_models.music,
    }  # fmt: skip
    models = LoadedModels(lambda: paths)

    def perform(scene: Scene) -> None:
        async def with_a_band(stage: Stage) -> None:
            store = open_store(stage.url)
            try:
                with stage.worker(SongGenerator(models, ("mid", "txt"), store=store)):
                    async with stage.bot():
                        await scene(stage)
            finally:
                store.close()

        play(tmp_path, with_a_band)

    return perform


def song_of(stage: Stage, message: Message) -> Song:
    """Return the stored song that a message shows."""
    client = stage.client()
    song = client.song_of_message(message.id)
    client.close()
    assert song is not None
    return song


def score_of(stage: Stage, message: Message) -> Score:
    """Return the music of the song that a message shows."""
    song = song_of(stage, message)
    assert song.score is not None
    return score_from_json(song.score)


async def result(reply: Interaction) -> Message:
    """Return the message that shows the result of a press or a form."""
    return await reply.final(until=finished)


async def press(stage: Stage, message: Message, button: str) -> Message:
    """Press a button that makes another song, and return that."""
    return await result(await stage.sandbox.press(stage.ada, message, button))


def midi_of(message: Message) -> mido.MidiFile:
    """Return the MIDI file on a message, as another program reads it."""
    (data,) = [file.data for file in message.attachments if file.filename.endswith(".mid")]
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def sung_words(message: Message) -> list[str]:
    """Return the words of the lyric events: syllables that go on end in a hyphen."""
    events = [event.text for track in midi_of(message).tracks for event in track if event.type == "lyrics"]
    return "".join(f"{text}" if text.endswith("-") else f"{text} " for text in events).replace("-", "").split()


def sounding(message: Message) -> list[tuple[int, int]]:
    """Return (tick, pitch) of every note that begins."""
    found = []
    for track in midi_of(message).tracks:
        tick = 0
        for event in track:
            tick += event.time
            if event.type == "note_on" and event.velocity:
                found.append((tick, event.note))
    return sorted(found)


def test_up_and_down_is_the_same_and_faster_keeps_every_tick(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        assert song.attachments[0].filename == "rain-over-the-harbour.mid"
        up = await press(stage, song, "Key up")
        down = await press(stage, up, "Key down")
        first, last = song_of(stage, song), song_of(stage, down)
        assert (last.score, last.lead_sheet) == (first.score, first.lead_sheet)
        assert score_of(stage, up) != score_of(stage, song)
        assert [pitch for _, pitch in sounding(down)] == [pitch for _, pitch in sounding(song)]
        fast = await press(stage, song, "Faster")
        assert sounding(fast) == sounding(song)
        assert score_of(stage, fast).tracks == score_of(stage, song).tracks
        assert song_of(stage, fast).report.tempo_qpm == pytest.approx(first.report.tempo_qpm * 1.12, abs=0.01)  # type: ignore[operator]
        assert [file.filename for file in fast.attachments] == [file.filename for file in song.attachments]
        assert song_of(stage, down).parent_song_id == song_of(stage, up).id
        again = await press(stage, down, "Another take")
        anew = song_of(stage, again)
        assert (anew.kind, anew.parent_song_id) == ("song", None)
        assert {**anew.request, "seed": 5} == first.request
        assert anew.request["seed"] != 5
        assert score_of(stage, again) != score_of(stage, song)

    perform(scene)


def test_edited_words_are_sung_as_they_were_typed(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(command="/sing", lyrics="Row the boat / home again", seed=3)
        assert sung_words(song) == ["Row", "the", "boat", "home", "again"]
        form = await stage.sandbox.press(stage.ada, song, "Edit words")
        assert "Row the boat\\nhome again" in str(await form.form())
        edited = await result(await stage.sandbox.submit_modal(form, {"lyrics": "Sail the ship\nunder moonlight"}))
        assert sung_words(edited) == ["Sail", "the", "ship", "under", "moonlight"]
        kept = [note.onset_ticks for note in score_of(stage, song).tracks[0].notes][:3]
        assert [note.onset_ticks for note in score_of(stage, edited).tracks[0].notes][:3] == kept
        assert "Sail the ship" in edited.text
        emptied = await stage.sandbox.press(stage.ada, edited, "Edit words")
        refused = await (await stage.sandbox.submit_modal(emptied, {"lyrics": " \n \n "})).final()
        assert "no words to sing" in refused.text
        other = await stage.sandbox.press(stage.ada, edited, "Edit words")
        sentence = await (await stage.sandbox.submit_modal(other, {"lyrics": "Песня о дожде"})).final(
            until=lambda message: not message.controls
        )
        assert "went wrong" not in sentence.text
        assert not finished(sentence)

    perform(scene)


OWN_WORDS = "\n".join(
    f"{'[Chorus]' if number % 8 == 0 else '[Verse]'}\nover the water we are rowing home"
    if number % 4 == 0
    else "and every evening the harbour is calling"
    for number in range(48)
)


def test_every_syllable_of_own_words_is_sung(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        long = OWN_WORDS[: OWN_WORDS.rindex("\n", 0, 2000)]
        assert len(long) > 1900
        song = await stage.finished_song(command="/sing", lyrics=long, key="D", style="hymn", meter="3/4")
        stored = song_of(stage, song)
        assert stored.lead_sheet is not None
        sung = syllables_covered(lead_sheet_from_json(stored.lead_sheet))
        own = read_own_words(long)
        wanted = [syllable for section in own.sections for line in section.lines for syllable in line.syllables]
        assert len(sung) == len(wanted)
        assert len(sung_words(song)) == len(" ".join(line for line in long.split("\n") if line[0] != "[").split())
        assert (stored.report.key, stored.report.time_signature) == ("D major", "3/4")
        form = await stage.sandbox.slash(stage.ada, stage.room, "/sing", style="waltz")
        waltz = await result(await stage.sandbox.submit_modal(form, {"lyrics": "Row the boat\nhome again"}))
        assert sung_words(waltz) == ["Row", "the", "boat", "home", "again"]
        assert song_of(stage, waltz).report.style == "waltz"

    perform(scene)


def test_the_other_verbs_make_what_they_say(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        asked = await stage.song(command="/lyrics", theme="rain", syllables="6", form="VC")
        words = await asked.final(until=lambda message: "Another take" in message.labels)
        assert song_of(stage, words).score is None
        assert [file.filename for file in (await stage.pressed(stage.ada, words, "Other formats")).attachments] == [
            "rain.txt"
        ]
        told = await (await stage.sandbox.slash(stage.ada, stage.room, "/tempo", song=song_of(stage, words).id, percent=90)).final(
            until=lambda message: not message.controls
        )  # fmt: skip
        assert "words alone" in told.text
        music = await stage.finished_song(command="/music", bars=8, instrument="flute", meter="4/4")
        score = score_of(stage, music)
        assert score.length_ticks == 8 * 4 * 480
        programs = [
            event.program for track in midi_of(music).tracks for event in track if event.type == "program_change"
        ]
        assert FLUTE in programs
        assert sung_words(music) == []
        title = song_of(stage, song).title
        more = await stage.finished_song(command="/verse", song=title, theme="winter")
        assert len(song_of(stage, more).report.sections) == len(song_of(stage, song).report.sections) + 1
        assert len(sung_words(more)) > len(sung_words(song))
        quiet = await stage.finished_song(command="/mute", song=song_of(stage, song).id, part="drums")
        assert any(track.is_drum for track in score_of(stage, song).tracks)
        assert not any(track.is_drum for track in score_of(stage, quiet).tracks)
        assert sung_words(quiet) == sung_words(song)

    perform(scene)


def test_wishes_in_a_reply_end_in_the_right_edits(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT, key="C", tempo=100.0)

        async def wished(text: str, to: Message = song) -> Message:
            answer = await talk(stage, text, to=to, mention=False)
            await stage.sandbox.until(lambda: finished(answer), what=text)
            return answer

        fast, in_d, quiet = [await wished(wish) for wish in ("faster", "in D", "without drums")]
        assert sounding(fast) == sounding(song)
        assert (song_of(stage, fast).report.tempo_qpm or 0) > 100
        assert song_of(stage, in_d).report.key == "D major"
        assert [tick for tick, _ in sounding(in_d)] == [tick for tick, _ in sounding(song)]
        assert not any(track.is_drum for track in score_of(stage, quiet).tracks)
        slow = await wished("slower, please", to=fast)
        assert song_of(stage, slow).parent_song_id == song_of(stage, fast).id
        assert (song_of(stage, slow).report.tempo_qpm or 0) < (song_of(stage, fast).report.tempo_qpm or 0)
        one = await wished("with the words: Row the boat home", to=song)
        assert song_of(stage, one).kind in ("words", "sing")
        assert sung_words(one)[:4] == ["Row", "the", "boat", "home"]

    perform(scene)


def test_the_edit_of_a_deleted_song_goes_on_alone(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        fast = await press(stage, song, "Faster")
        ask = await stage.pressed(stage.ada, song, "Delete")
        await stage.sandbox.press(stage.ada, ask, "Yes, delete")
        await stage.sandbox.until(lambda: song.deleted)
        up = await press(stage, fast, "Key up")
        assert song_of(stage, up).parent_song_id == song_of(stage, fast).id
        more = await stage.finished_song(command="/verse", song=song_of(stage, fast).id)
        assert len(song_of(stage, more).report.sections) == len(song_of(stage, fast).report.sections) + 1
        for orphan in fast, up:
            said = await stage.pressed(stage.ada, orphan, "Another take")
            assert said.ephemeral
            assert "went wrong" not in said.text
        played = await (
            await stage.sandbox.slash(stage.ada, stage.room, "/song-info", song=song_of(stage, up).id)
        ).final()
        assert "Rain over the Harbour" in played.text

    perform(scene)
