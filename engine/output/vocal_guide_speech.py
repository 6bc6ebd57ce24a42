"""What a speech synthesiser is given for each syllable, and the sound that it answers with. Does not know notes or mixes.

espeak-ng (or its forerunner espeak) is a program of its own, which is used where one is installed. It takes phonemes in
double brackets: [[h@l'oU]]. English is spoken by phonemes, so that a word sounds as it was counted; Chinese by characters.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import OutputError
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.syllabification import ONSETS
from engine.music.lead_sheet import SungSyllable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SYNTHESISERS = ("espeak-ng", "espeak")
TIMEOUT_SECONDS = 10.0
WORDS_PER_MINUTE = 140  # slower than its usual 175: syllables are stretched rather than cut
ENGLISH, CHINESE = "en-us", "cmn"
_CHINESE_LETTER = re.compile("[\u3400-\u9fff]")
_PHONEMES = {
    "AA": "A:", "AE": "a", "AH": "V", "AO": "O:", "AW": "aU", "AY": "aI", "EH": "E", "ER": "3:", "EY": "eI", "IH": "I",
    "IY": "i:", "OW": "oU", "OY": "OI", "UH": "U", "UW": "u:",
    "B": "b", "CH": "tS", "D": "d", "DH": "D", "F": "f", "G": "g", "HH": "h", "JH": "dZ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "N", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "T", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "Z",
}  # fmt: skip
_REDUCED = {"AH0": "@", "ER0": "3"}
# Vowels before an R of their own syllable: [r] alone is left out where no vowel follows.
_BEFORE_R = {"AA": "A@", "AO": "O@", "EH": "e@", "IH": "i@", "IY": "i@", "UH": "U@"}


@dataclass(frozen=True)
class Utterance:
    """What is spoken for one syllable: text or phonemes in brackets, and the language that it is read in."""

    text: str
    language: str = ENGLISH


@dataclass(frozen=True)
class Speech:
    """A sound of one channel. samples: (frames,) of -1 to 1."""

    samples: NDArray[np.float32]
    sample_rate_hz: int


def find_synthesiser() -> Path:
    """Return the speech synthesiser on the path; OutputError says which to install."""
    for name in SYNTHESISERS:
        if found := shutil.which(name):
            return Path(found)
    raise OutputError(
        "no speech synthesiser was found, which a vocal guide needs; "
        "install espeak-ng (apt install espeak-ng, brew install espeak-ng)"
    )


def utterances(syllables: Sequence[SungSyllable]) -> list[Utterance]:
    """Return what is spoken for each syllable of a song; words are put together to know how they sound."""
    found: list[Utterance] = []
    word: list[SungSyllable] = []
    for syllable in syllables:
        word.append(syllable)
        if syllable.word_position in ("single", "end"):
            found += _of_word([part.text for part in word])
            word = []
    return found + _of_word([part.text for part in word])


def _of_word(parts: Sequence[str]) -> list[Utterance]:
    """Return an utterance for each part of a word; those whose sound is not known are read as they are spelled."""
    text = "".join(parts)
    if _CHINESE_LETTER.search(text):
        return [Utterance("".join(_CHINESE_LETTER.findall(part)), CHINESE) for part in parts]
    sounds = syllables_of_sound(pronounce(text))
    if len(sounds) != len(parts):
        return [Utterance(re.sub(r"[^\w']+", "", part)) for part in parts]
    return [Utterance(f"[[{mnemonics(sound)}]]") for sound in sounds]


def syllables_of_sound(phonemes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the phonemes of each syllable: between two vowels the next one takes as many consonants as can begin a word."""
    vowels = [n for n, phoneme in enumerate(phonemes) if phoneme[-1].isdigit()]
    if not vowels:
        return [tuple(phonemes)] if phonemes else []
    cuts = [0]
    for before, after in pairwise(vowels):
        between = tuple(phonemes[before + 1 : after])
        taken = next(n for n in range(len(between), -1, -1) if between[len(between) - n :] in ONSETS)
        cuts.append(after - taken)
    return [tuple(phonemes[start:end]) for start, end in zip(cuts, [*cuts[1:], len(phonemes)], strict=True)]


def mnemonics(phonemes: Sequence[str]) -> str:
    """Return the phonemes of one syllable as espeak writes them: HH AH0 -> h@, L OW1 -> l'oU."""
    found, at = "", 0
    while at < len(phonemes):
        phoneme = phonemes[at]
        plain, stress = phoneme.rstrip("012"), phoneme[-1] if phoneme[-1].isdigit() else ""
        found += "'" if stress in ("1", "2") else ""
        if plain in _BEFORE_R and phonemes[at + 1 : at + 2] == ("R",):
            found, at = found + _BEFORE_R[plain], at + 1
        else:
            found += _REDUCED.get(phoneme, _PHONEMES[plain])
        at += 1
    return found


def speak(synthesiser: Path, utterance: Utterance) -> Speech:
    """Return the sound of an utterance; without samples for an empty one. OutputError where the program fails."""
    import numpy as np

    if not utterance.text:
        return Speech(np.zeros(0, dtype=np.float32), 22_050)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "syllable.wav"
        voice = ["-v", utterance.language, "-s", str(WORDS_PER_MINUTE), "-z"]  # -z: no pause at the end
        try:
            done = subprocess.run(
                [str(synthesiser), *voice, "-w", str(file), "--", utterance.text],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
            data = file.read_bytes() if done.returncode == 0 else b""
        except (OSError, subprocess.TimeoutExpired):
            data = b""
    return read_wave(data, synthesiser.name)


def read_wave(data: bytes, name: str) -> Speech:
    """Return the samples of a WAV file of 16 bits, its first channel; OutputError for anything else."""
    import numpy as np

    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2:
                raise wave.Error("not of 16 bits")
            frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            channels, rate = file.getnchannels(), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise OutputError(
            f"the speech synthesiser {name} gave no sound; install it anew, or ask for other files"
        ) from error
    return Speech((frames[::channels] / 32_768).astype(np.float32), rate)
