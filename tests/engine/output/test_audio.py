"""Sound: its length, its level, the same bytes each time. Does not judge how it sounds."""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from engine.errors import Cancelled, OutputError
from engine.music.score import Score
from engine.output import audio, audio_process, encoding, synthesis
from engine.output.loudness import CEILING, integrated_loudness, limiter_curve, normalise
from engine.output.ogg import page_checksum, with_fixed_serial

RATE_HZ = 32_000
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ogg(score: Score) -> bytes:
    data, media_type = audio.render_audio(score)
    assert media_type == "audio/ogg"
    return data


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    return samples.T, rate_hz


def test_audio_lasts_as_long_as_the_score_and_its_release(ogg: bytes, score: Score) -> None:
    samples, rate_hz = decoded(ogg)
    assert samples.shape[0] == 2
    assert samples.shape[1] / rate_hz == pytest.approx(score.length_ticks / 480 * 60 / 96 + 2.0, abs=0.01)


def test_audio_is_near_the_target_loudness_and_never_clips(ogg: bytes) -> None:
    samples, rate_hz = decoded(ogg)
    assert integrated_loudness(samples, rate_hz) == pytest.approx(-16.0, abs=0.5)
    assert np.abs(samples).max() < 10 ** (-1 / 20)


def test_audio_fades_to_silence(ogg: bytes) -> None:
    samples, rate_hz = decoded(ogg)
    assert np.abs(samples[:, -rate_hz // 20 :]).max() < 0.01 < np.abs(samples).max()


def test_same_score_gives_same_bytes_each_time_and_in_another_process(ogg: bytes, score: Score) -> None:
    assert [audio.render_audio(score)[0] for _ in range(3)] == [ogg] * 3
    program = "import pickle, sys; from engine.output.audio import render_audio as render;" + (
        "sys.stdout.buffer.write(render(pickle.load(sys.stdin.buffer))[0])"
    )
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_PERTURB_": "85"}
    command, request = [sys.executable, "-c", program], pickle.dumps(score)
    run = subprocess.run(command, cwd=ROOT, env=environment, input=request, capture_output=True, check=True)
    assert run.stdout == ogg


def test_rendering_is_stopped_when_it_is_not_wanted_any_more(score: Score) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) == 2

    with pytest.raises(Cancelled), stopped_rendering(score) as rendering:
        rendering.wait(cancelled)
    assert rendering._process.returncode == -signal.SIGKILL


def test_rendering_that_takes_too_long_is_stopped_with_a_sentence(score: Score) -> None:
    with pytest.raises(OutputError, match=r"more than 0 seconds; try again"), stopped_rendering(score) as rendering:
        rendering.wait(timeout_seconds=0)
    assert rendering._process.returncode == -signal.SIGKILL


@contextmanager
def stopped_rendering(score: Score) -> Iterator[audio.Rendering]:
    """Give a process that will never be done."""
    with audio.Rendering(score, audio.find_soundfont()) as rendering:
        rendering._process.send_signal(signal.SIGSTOP)
        yield rendering


def test_rendering_outlives_signals_to_the_group_of_its_parent(score: Score, ogg: bytes) -> None:
    with audio.Rendering(score, audio.find_soundfont()) as rendering:
        child = rendering._process.pid
        assert os.getpgid(child) != os.getpgid(0)  # Ctrl+C does not reach it
        while not ignored_signals(child) >> (signal.SIGTERM - 1) & 1:
            time.sleep(0.01)
        rendering._process.terminate()
        assert rendering.wait() == ogg


def ignored_signals(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("SigIgn")), 16)


def test_rendering_ends_with_the_process_that_wants_it(score: Score) -> None:
    program = "import os, pickle, sys; from engine.output.audio import Rendering, find_soundfont;" + (
        "process = Rendering(pickle.load(sys.stdin.buffer), find_soundfont())._process;"
        "os.kill(process.pid, 19); print(process.pid, flush=True); os._exit(0)"
    )
    command, request = [sys.executable, "-c", program], pickle.dumps(score)
    run = subprocess.run(command, cwd=ROOT, input=request, capture_output=True, check=True)
    child = int(run.stdout)
    os.kill(child, signal.SIGCONT)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}/stat").exists() and b") Z" not in Path(f"/proc/{child}/stat").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_faults_of_the_process_come_back_as_what_they_are() -> None:
    sentence = audio_process.SENTENCE + b"there is no sound"
    with pytest.raises(OutputError, match=r"^there is no sound$"):
        audio.sound_of(0, sentence, "")
    with pytest.raises(OutputError, match="another SoundFont"):
        audio.sound_of(-signal.SIGSEGV, b"", "")
    with pytest.raises(RuntimeError, match="a traceback"):
        audio.sound_of(1, b"", "a traceback")


def test_cut_soundfont_is_a_sentence(score: Score, tmp_path: Path) -> None:
    cut = tmp_path / "cut.sf2"
    cut.write_bytes(audio.find_soundfont().read_bytes()[:100_000])
    with pytest.raises(OutputError, match=r"cut\.sf2 cannot be read"):
        audio.render_audio(score, cut)


def test_score_without_notes_is_silence_of_its_length() -> None:
    samples, rate_hz = decoded(audio.render_audio(Score((), length_ticks=1920))[0])
    assert samples.shape[1] / rate_hz == pytest.approx(2.0 + 2.0, abs=0.01)
    assert np.abs(samples).max() < 1e-3


def test_ogg_serial_is_replaced_and_nothing_else(ogg: bytes) -> None:
    other = with_fixed_serial(ogg, 7)
    assert other != ogg
    assert with_fixed_serial(other, encoding.VORBIS_SERIAL) == ogg
    assert np.array_equal(decoded(other)[0], decoded(ogg)[0])


def test_page_checksum_is_the_one_that_the_encoder_wrote() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((1000, 1), dtype=np.float32), RATE_HZ, format="OGG", subtype="VORBIS")
    data = file.getvalue()
    serial = int.from_bytes(data[14:18], "little")
    assert with_fixed_serial(data, serial) == data


def test_page_checksum_of_a_single_bit_is_the_polynomial() -> None:
    assert page_checksum(b"\x01") == 0x04C11DB7


@pytest.mark.parametrize("broken", [b"OggX" + bytes(40), b"OggS" + bytes(22) + b"\x01\xff"])
def test_broken_ogg_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="Ogg page"):
        with_fixed_serial(broken, 1)


def test_sine_has_the_loudness_that_the_standard_gives() -> None:
    # ITU-R BS.1770: a 997 Hz sine at full scale in one channel is -3.01 LUFS.
    time = np.arange(10 * RATE_HZ) / RATE_HZ
    sine = np.zeros((2, len(time)), dtype=np.float32)
    sine[0] = np.sin(2 * np.pi * 997 * time)
    assert integrated_loudness(sine, RATE_HZ) == pytest.approx(-3.01, abs=0.1)


def test_silence_between_is_not_counted() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (2, 4 * RATE_HZ)).astype(np.float32)
    paused = np.concatenate([noise, np.zeros_like(noise)], axis=1)
    assert integrated_loudness(paused, RATE_HZ) == pytest.approx(integrated_loudness(noise, RATE_HZ), abs=0.1)
    assert integrated_loudness(np.zeros((2, RATE_HZ), dtype=np.float32), RATE_HZ) == -np.inf


@pytest.mark.parametrize("level", [0.01, 0.3, 4.0])
def test_normalised_sound_never_passes_the_ceiling(level: float) -> None:
    rng = np.random.default_rng(1)
    bursts = rng.normal(0, level, (2, RATE_HZ)) * (np.arange(RATE_HZ) % 8000 < 400)
    result = normalise(bursts.astype(np.float32), RATE_HZ)
    assert 0 < np.abs(result).max() <= CEILING * (1 + 1e-6)


def test_limiter_leaves_quiet_sound_alone_and_bends_smoothly() -> None:
    quiet = np.full((2, 1001), 0.1, dtype=np.float32)
    assert limiter_curve(quiet, np.float32(1), 100).tolist() == [1.0]
    loud = quiet.copy()
    loud[:, 500] = 3.0
    gains = limiter_curve(loud, np.float32(1), 100)
    assert np.abs(np.diff(gains)).max() < 0.01
    assert gains.min() > 0.2


def test_missing_soundfont_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, score: Score) -> None:
    monkeypatch.setattr(audio, "soundfont_candidates", lambda: iter([tmp_path / "none.sf2"]))
    with pytest.raises(OutputError, match="install pretty_midi"):
        audio.render_audio(score)
    with pytest.raises(OutputError, match="install pretty_midi"):
        audio.describe_soundfont()


def test_what_is_no_soundfont_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "fake.sf2"
    fake.write_bytes(b"RIFF1234WAVE")
    for path in (fake, tmp_path / "missing.sf2", tmp_path):
        with pytest.raises(OutputError, match="not a SoundFont"):
            audio.find_soundfont(path)


def test_soundfont_is_described_by_name_and_size() -> None:
    assert audio.find_soundfont().name in audio.describe_soundfont()
    assert " MB, " in audio.describe_soundfont(audio.find_soundfont())


def test_louder_notes_do_not_make_a_louder_song(score: Score, ogg: bytes) -> None:
    loud = dataclasses.replace(
        score,
        tracks=tuple(
            dataclasses.replace(track, notes=tuple(dataclasses.replace(note, velocity=127) for note in track.notes))
            for track in score.tracks
        ),
    )
    samples, rate_hz = decoded(audio.render_audio(loud)[0])
    assert integrated_loudness(samples, rate_hz) == pytest.approx(
        integrated_loudness(decoded(ogg)[0], rate_hz), abs=0.5
    )


def true_peak(samples: np.ndarray) -> float:
    """Return the largest sample of the sound at four times its rate, as BS.1770 measures between the samples."""
    return float(np.abs(scipy.signal.resample_poly(samples, 4, 1, axis=1)).max())


@pytest.mark.parametrize("ending", ["ogg", "mp3"])
def test_both_formats_have_one_loudness_and_no_true_peak_over_one_decibel_below_full(score: Score, ending: str) -> None:
    soundfont = audio.find_soundfont()
    make = {"ogg": synthesis.score_to_ogg, "mp3": synthesis.score_to_mp3}[ending]
    short = dataclasses.replace(score, length_ticks=3840 * 2)
    data = make(short, soundfont)
    samples, rate_hz = decoded(data)
    assert integrated_loudness(samples, rate_hz) == pytest.approx(-16.0, abs=1.0)
    assert true_peak(samples) < 10 ** (-1 / 20)
    assert make(short, soundfont) == data


def test_stems_are_aligned_and_add_up_to_the_mix(score: Score) -> None:
    soundfont = audio.find_soundfont()
    loud = dataclasses.replace(score, length_ticks=3840 * 2)  # what sounds after it is left out of mix and stems alike
    with audio.Rendering(loud, soundfont, "stems") as rendering:
        archive = zipfile.ZipFile(io.BytesIO(rendering.wait()))
    assert archive.namelist() == ["1-melody.flac", "2-chords.flac", "3-bass.flac", "4-drums.flac"]
    stems = [decoded(archive.read(name))[0] for name in archive.namelist()]
    mix = normalise(synthesis.synthesise(loud, soundfont), RATE_HZ)
    assert {stem.shape for stem in stems} == {mix.shape}
    assert np.abs(sum(stems) - mix).max() <= len(stems) * 2**-16 + 1e-5
    assert all(np.abs(stem).max() > 0 for stem in stems)


def test_stems_that_would_be_too_large_are_ogg_and_say_so(score: Score) -> None:
    soundfont = audio.find_soundfont()
    loud = dataclasses.replace(score, length_ticks=3840 * 2)
    with audio.Rendering(loud, soundfont, "stems", 20_000_000) as rendering:
        whole = zipfile.ZipFile(io.BytesIO(rendering.wait()))
    assert all(name.endswith(".flac") for name in whole.namelist())
    with audio.Rendering(loud, soundfont, "stems", 300_000) as rendering:
        data = rendering.wait()
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.namelist() == ["README.txt", "1-melody.ogg", "2-chords.ogg", "3-bass.ogg", "4-drums.ogg"]
    assert "songwright export SONG stems" in archive.read("README.txt").decode()
    assert len(data) < sum(info.file_size for info in whole.infolist())
    for name in archive.namelist()[1:]:
        smaller, flac = (decoded(zipped.read(name_)) for zipped, name_ in (
            (archive, name), (whole, name.replace("ogg", "flac"))))  # fmt: skip
        assert smaller[0].shape == flac[0].shape
        assert np.corrcoef(smaller[0].ravel(), flac[0].ravel())[0, 1] > 0.98
