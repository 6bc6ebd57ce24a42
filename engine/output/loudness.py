"""How loud a sound is (ITU-R BS.1770 with gates), and the gain and limiter that bring it to one level.

Does not know where the samples come from or how they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TARGET_LUFS = -16.0
# Of samples; peaks between them and what the encoder adds stay below -1 dBFS.
CEILING = 10 ** (-2.5 / 20)
LARGEST_GAIN_DB = 40.0
BLOCK_SECONDS = 0.4
BLOCKS_PER_PASS = 16  # their spectra stay in the processor's cache: all at once takes three times as long
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
LIMITER_BLOCK_SECONDS = 0.004
ATTACK_BLOCKS, RELEASE_BLOCKS = 3, 40  # blocks in which the limiter's gain may change by 1


def normalise(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    """Return samples (channels, frames) near -16 LUFS with every peak under the ceiling; silence stays silence."""
    return levelled(samples, level_curve(samples, sample_rate_hz))


def level_curve(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    """Return the gain of every frame that brings samples (channels, frames) to the level; (1,) where it is always the same.

    The parts of a mix that are each given this gain add up to the mix at its level.
    """
    import numpy as np

    loudness = integrated_loudness(samples, sample_rate_hz)
    if loudness == -np.inf:
        return np.ones(1, dtype=np.float32)
    gain = np.float32(10 ** (min(TARGET_LUFS - loudness, LARGEST_GAIN_DB) / 20))
    curve = limiter_curve(samples, gain, round(LIMITER_BLOCK_SECONDS * sample_rate_hz))
    return curve * gain


def levelled(samples: NDArray[np.float32], curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return samples (channels, frames) times the gain of every frame."""
    import numpy as np

    # Channel by channel: where their samples alternate in memory, numpy would go through them two by two.
    result = np.empty_like(samples)
    for channel, louder in zip(samples, result, strict=True):
        np.multiply(channel, curve, out=louder)
    return result


def integrated_loudness(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """Return the gated loudness of samples (channels, frames) in LUFS; minus infinity for silence.

    Blocks of 400 ms do not overlap and are weighted in the frequency domain; within 0.3 LU of BS.1770 on music.
    """
    import numpy as np

    powers = block_powers(samples, sample_rate_hz)
    powers = powers[lufs(powers) > ABSOLUTE_GATE_LUFS]
    if not len(powers):
        return -np.inf
    loud = powers[lufs(powers) > lufs(powers.mean()) + RELATIVE_GATE_LU]
    return float(lufs(loud.mean()))


def lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return -0.691 + 10 * np.log10(np.maximum(power, 1e-12))


def block_powers(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float64]:
    """Return the K-weighted power of each 400 ms block, channels added up; the last block is filled with silence."""
    import numpy as np

    size = round(BLOCK_SECONDS * sample_rate_hz)
    # By Parseval's theorem; every bin but the first and last stands for two frequencies.
    weights = (2 * k_weighting(np.fft.rfftfreq(size, 1 / sample_rate_hz)) / size**2).astype(np.float32)
    powers = [np.zeros(0)]
    for start in range(0, samples.shape[1], BLOCKS_PER_PASS * size):
        part = samples[:, start : start + BLOCKS_PER_PASS * size]
        part = np.pad(part, ((0, 0), (0, -part.shape[1] % size)))
        spectrum = np.fft.rfft(np.ascontiguousarray(part).reshape(len(part), -1, size))  # (channels, blocks, bins)
        energy = spectrum.real**2 + spectrum.imag**2
        powers.append((energy @ weights).sum(axis=0, dtype=np.float64))
    return np.concatenate(powers)


def k_weighting(frequencies_hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the power gain of BS.1770's two filters, given there as biquads for 48 kHz."""
    import numpy as np

    z = np.exp(-2j * np.pi * frequencies_hz / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    gains: NDArray[np.float64] = np.abs(shelf * high_pass) ** 2
    return gains


def limiter_curve(samples: NDArray[np.float32], gain: np.float32, block_frames: int) -> NDArray[np.float32]:
    """Return by how much samples (channels, frames) times a gain are turned down so as not to pass the ceiling.

    The curve is linear between block borders and at each border no more than either block allows; (1,) where nothing
    is to be turned down.
    """
    import numpy as np

    frames = samples.shape[1]
    blocks = -(-frames // block_frames)
    loudest = np.zeros(blocks * block_frames, dtype=np.float32)
    for channel in samples:
        np.maximum(loudest[:frames], np.abs(channel), out=loudest[:frames])
    peaks = loudest.reshape(blocks, -1).max(axis=1) * gain
    if peaks.max() <= CEILING:
        return np.ones(1, dtype=np.float32)
    allowed = np.minimum(1.0, CEILING / np.maximum(peaks, CEILING))
    borders = np.minimum(np.append(allowed, 1.0), np.insert(allowed, 0, 1.0))
    rises = slowed(borders.tolist(), 1 / RELEASE_BLOCKS)
    gains = np.array(slowed(rises[::-1], 1 / ATTACK_BLOCKS)[::-1], dtype=np.float32)  # (blocks + 1)
    ramp = np.arange(block_frames, dtype=np.float32) / block_frames
    curve = gains[:-1, None] + np.diff(gains)[:, None] * ramp  # (blocks, block_frames)
    return curve.ravel()[:frames].astype(np.float32, copy=False)


def slowed(gains: list[float], largest_rise: float) -> list[float]:
    """Return gains that never exceed the given ones nor rise by more than `largest_rise` from one to the next."""
    result, before = [], 1.0
    for gain in gains:
        before = min(gain, before + largest_rise)
        result.append(before)
    return result
