"""A spoken syllable made as long and as high as a note, by its pitch periods laid over each other. Does not know words.

The periods are moved, not resampled, so that vowels keep their colour: TD-PSOLA in its simplest form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0  # of a speaking voice
UNVOICED_PERIOD_SECONDS = 0.01
VOICED_CORRELATION = 0.35  # with itself a period later, from which on a sound counts as voiced
SILENCE = 0.02  # of the loudest sample
CONSONANT_SECONDS = 0.06  # at the beginning, as long as they were spoken
FADE_SECONDS = 0.01


def without_silence(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the samples (frames,) without what is nearly silent at both ends."""
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > SILENCE * np.abs(samples).max(initial=0.0))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def pitch_hz(samples: NDArray[np.float32], sample_rate_hz: int) -> float | None:
    """Return the pitch of the loudest 60 ms of samples (frames,), 70-400 Hz; None where they have none."""
    import numpy as np

    size = min(len(samples), round(0.06 * sample_rate_hz))
    longest, shortest = int(sample_rate_hz / LOWEST_HZ), int(sample_rate_hz / HIGHEST_HZ)
    if size <= 2 * longest:
        return None
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(size), "valid")
    start = int(power.argmax())
    frame = samples[start : start + size].astype(np.float64)
    frame -= frame.mean()
    found = np.array(
        [
            frame[:-lag] @ frame[lag:] / (1e-9 + np.linalg.norm(frame[:-lag]) * np.linalg.norm(frame[lag:]))
            for lag in range(shortest, longest + 1)
        ]
    )
    best = float(found.max())
    if best < VOICED_CORRELATION:
        return None
    # Twice the period fits nearly as well: the shortest lag that is a peak and about as good is taken.
    peaks = [
        n
        for n in range(1, len(found) - 1)
        if found[n] >= 0.9 * best and found[n] >= found[n - 1] and found[n] >= found[n + 1]
    ]
    return sample_rate_hz / (shortest + (peaks[0] if peaks else int(found.argmax())))


def fitted(
    samples: NDArray[np.float32], sample_rate_hz: int, seconds: float, target_hz: float | None
) -> NDArray[np.float32]:
    """Return samples (frames,) as long as `seconds`, and at a pitch where one is given and they have one."""
    import numpy as np

    length, source = round(seconds * sample_rate_hz), without_silence(samples)
    if not length or not len(source):
        return np.zeros(length, dtype=np.float32)
    found = pitch_hz(source, sample_rate_hz)
    period = sample_rate_hz / found if found else UNVOICED_PERIOD_SECONDS * sample_rate_hz
    step = sample_rate_hz / target_hz if found and target_hz else period
    half = max(2, round(period))
    window = np.hanning(2 * half + 1)[:-1]
    padded = np.pad(source.astype(np.float64), half * 2)
    result, weight = np.zeros(length + 4 * half), np.zeros(length + 4 * half)
    for place in np.arange(0.0, length, step):
        middle = _mark(padded, 2 * half + _source_place(place, length, len(source), sample_rate_hz), half)
        at = round(place) + half
        result[at : at + 2 * half] += padded[middle - half : middle + half] * window
        weight[at : at + 2 * half] += window
    # Where periods lie close their windows add up to more than one.
    sound = (result / np.maximum(weight, 0.5))[2 * half : 2 * half + length]
    return _faded(sound.astype(np.float32), round(FADE_SECONDS * sample_rate_hz))


def _source_place(place: float, length: int, source: int, sample_rate_hz: int) -> int:
    """Return what frame of the source sounds at a place of the result: its beginning as it was, the rest stretched evenly."""
    head = min(CONSONANT_SECONDS * sample_rate_hz, source / 2, length / 2)
    if place < head:
        return int(place)
    return int(head + (place - head) / max(1.0, length - head) * (source - 1 - head))


def _mark(padded: NDArray[np.float64], near: int, half: int) -> int:
    """Return the highest sample within half a period of a frame, so that periods meet peak on peak."""
    first = max(half, near - half // 2)
    last = min(len(padded) - half, near + half // 2 + 1)
    return first + int(padded[first:last].argmax()) if first < last else min(max(near, half), len(padded) - half)


def _faded(samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    import numpy as np

    frames = min(frames, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, frames, dtype=np.float32)
    samples[:frames] *= ramp
    samples[len(samples) - frames :] *= ramp[::-1]
    return samples


def resampled(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Return samples (frames,) at another rate, by straight lines: enough for speech that goes up from 22 kHz."""
    import numpy as np

    frames = len(samples) * to_hz // from_hz
    return np.interp(np.arange(frames) * (from_hz / to_hz), np.arange(len(samples)), samples).astype(np.float32)
