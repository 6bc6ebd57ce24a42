"""Samples as the bytes of a sound file: Ogg Vorbis, MP3, FLAC. Does not know what sounds in them or how loud it is.

The same samples give the same bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engine.errors import OutputError
from engine.output.ogg import with_fixed_serial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# libsndfile overflows its stack when an Ogg file is written in one go.
WRITE_BLOCK_FRAMES = 16_384
VORBIS_SERIAL = 0x536F6E67


def encode_vorbis(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """Return samples (2, frames) as an Ogg Vorbis file."""
    return with_fixed_serial(_encode(samples, sample_rate_hz, "OGG", "VORBIS"), VORBIS_SERIAL)


def encode_mp3(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """Return samples (2, frames) as an MP3 file."""
    return _encode(samples, sample_rate_hz, "MP3", "MPEG_LAYER_III")


def encode_flac(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """Return samples (2, frames) as a FLAC file of 16 bits; nothing else is lost."""
    return _encode(samples, sample_rate_hz, "FLAC", "PCM_16")


def decoded(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Return the samples (2, frames) of one of these files, and their rate in Hz."""
    import soundfile

    samples, sample_rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return samples.T, sample_rate_hz


def _encode(samples: NDArray[np.float32], sample_rate_hz: int, form: str, subtype: str) -> bytes:
    import numpy as np
    import soundfile

    interleaved = np.ascontiguousarray(samples.T)  # (frames, 2)
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(file, "w", sample_rate_hz, 2, subtype, format=form) as writer:
            for start in range(0, len(interleaved), WRITE_BLOCK_FRAMES):
                writer.write(interleaved[start : start + WRITE_BLOCK_FRAMES])
    except (soundfile.SoundFileError, ValueError) as error:  # ValueError: this libsndfile lacks the format
        raise OutputError(f"the sound could not be encoded: {error}") from error
    return file.getvalue()
