"""Music worked on through Discord, by tiny models: a member's own file harmonised, remixed and continued; replies; buttons."""

from __future__ import annotations

from collections.abc import Callable

from engine.music.midi_file import score_to_midi
from engine.music.score import Note, Score, Track
from tests.bot.journeys.test_conversation import talk
from tests.bot.journeys.test_real_songs import SHORT, Scene, midi_of, perform, press, score_of, song_of
from tests.bot.stage import Stage
from tests.discord_sandbox import Attachment, Message

__all__ = ["perform"]

BAR, BARS = 1920, 8
PITCHES = (60, 64, 67, 64, 65, 69, 67, 65, 64, 67, 72, 67, 62, 65, 64, 62)
TUNE = tuple(Note(n * 480, pitch, 440, 84) for n, pitch in enumerate(PITCHES * 2))
BASS = tuple(Note(n * BAR, 36 + n % 4, 1800, 70) for n in range(BARS))


def upload() -> Attachment:
    """Return a file of a tune and a bass, eight bars, as a member would send it."""
    score = Score((Track("Melody", 0, TUNE), Track("Bass", 33, BASS)), BARS * BAR, title="Little Tune")
    return Attachment("tune.mid", score_to_midi(score))


def notes_of(stage: Stage, message: Message, name: str) -> tuple[Note, ...]:
    return next(track.notes for track in score_of(stage, message).tracks if track.name == name)


def is_done(message: Message) -> bool:
    return "Another take" in message.labels


def test_a_file_is_harmonised_remixed_and_continued_and_keeps_what_was_not_named(
    perform: Callable[[Scene], None],
) -> None:
    async def scene(stage: Stage) -> None:
        choir = await stage.finished_song(command="/harmonize", file=upload(), voices="choir", seed=1)
        assert notes_of(stage, choir, "Melody") == TUNE
        assert {"Alto", "Tenor", "Bass voice"} <= {track.name for track in score_of(stage, choir).tracks}
        assert "choir of four parts" in choir.text
        assert "replaced: Bass" in choir.text
        remixed = await stage.finished_song(
            command="/remix", song=song_of(stage, choir).id, what="rhythm", bars="5-8", amount=50, seed=1
        )
        assert song_of(stage, remixed).parent_song_id == song_of(stage, choir).id
        assert notes_of(stage, remixed, "Alto") == notes_of(stage, choir, "Alto")
        melody = notes_of(stage, remixed, "Melody")
        assert melody[:16] == TUNE[:16]
        assert [note.pitch for note in melody] == [note.pitch for note in TUNE]
        assert "another rhythm, bars 5-8" in remixed.text
        longer = await stage.finished_song(command="/continue", file=upload())
        assert notes_of(stage, longer, "Melody")[: len(TUNE)] == TUNE
        assert score_of(stage, longer).length_ticks == 2 * BARS * BAR
        again = await press(stage, longer, "Continue")
        assert score_of(stage, again).length_ticks == 3 * BARS * BAR
        assert midi_of(again).length > midi_of(longer).length

    perform(scene)


def test_replies_change_the_music_that_they_name(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        flute = await talk(stage, "on a flute", to=song, mention=False)
        await stage.sandbox.until(lambda: is_done(flute))
        assert "Understood: played by flute" in flute.text
        assert [t.notes for t in score_of(stage, flute).tracks] == [t.notes for t in score_of(stage, song).tracks]
        other = await talk(stage, "remix it from bar 5 on", to=song, mention=False)
        await stage.sandbox.until(lambda: is_done(other))
        assert song_of(stage, other).lyrics_text == song_of(stage, song).lyrics_text
        named = [track.name for track in score_of(stage, song).tracks if track.name != "Melody"]
        assert [notes_of(stage, other, name) for name in named] == [notes_of(stage, song, name) for name in named]
        new = await press(stage, song, "Re-harmonise")
        assert notes_of(stage, new, "Melody") == notes_of(stage, song, "Melody")
        assert "new chords: " in new.text
        refused = await talk(stage, "rewrite bars 400-401", to=song, mention=False)
        await stage.sandbox.until(lambda: "this music has bars" in refused.text)

    perform(scene)
