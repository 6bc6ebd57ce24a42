"""Errors that people may see; anything else is a bug. Knows nothing of how they are shown.

EngineError
├── RequestError      what was asked for is outside what can be done
├── CheckpointError   a model directory is missing, damaged or of another kind
├── FileFormatError   a file that was handed in cannot be read as what it claims to be
├── OutputError       a result could not be written
├── DeviceLostError   the device that computes has failed, and nothing that this process asks of it will work again
├── DeviceMemoryError what was asked for does not fit into the memory of the device that computes it
└── Cancelled         the person who asked took the request back

Every message is one or two plain sentences: what was wrong, the range, and the way out.
"""


class EngineError(Exception):
    """Base of everything that a person may be told."""


class RequestError(EngineError):
    """The request is outside what can be done: `RequestError("tempo must be 40-240, got 9999")`."""


class CheckpointError(EngineError):
    """A checkpoint directory is missing, damaged or of another family."""


class FileFormatError(EngineError):
    """A file cannot be read as the format that it claims to be."""


class OutputError(EngineError):
    """A result could not be written: the folder is read-only, the disk is full."""


class DeviceLostError(EngineError):
    """The device that computes has failed for good, for every song of this process; a fresh process may work."""


class DeviceMemoryError(EngineError):
    """The memory of the GPU, or of the machine, is too small for this request; others go on."""


class Cancelled(EngineError):  # noqa: N818  # an event, not a mistake
    """The request was taken back before it was done."""
