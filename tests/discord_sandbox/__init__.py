"""An independent Discord on loopback, for tests of a bot that uses the real discord.py. README.md says how it is used."""

from .faults import Fault
from .interaction import Interaction
from .messages import Message
from .places import Channel, Guild
from .running import running
from .sandbox import Sandbox
from .spec import Spec
from .transcript import transcript
from .world import Attachment, ClientRefused, NoResponse, Role, User, snowflake

__all__ = [
    "Attachment",
    "Channel",
    "ClientRefused",
    "Fault",
    "Guild",
    "Interaction",
    "Message",
    "NoResponse",
    "Role",
    "Sandbox",
    "Spec",
    "User",
    "running",
    "snowflake",
    "transcript",
]
