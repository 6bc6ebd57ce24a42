"""What the host of a bot may set, read from environment variables and a `.env` file, and checked once.

Knows nothing of Discord beyond what a token looks like. What worker and terminal need is in `worker.settings`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from engine.errors import RequestError

# Field name -> environment variables, the first that is set counts; the only place where they are named.
ENVIRONMENT_VARIABLES: dict[str, tuple[str, ...]] = {
    "token": ("DISCORD_TOKEN", "SONGWRIGHT_DISCORD_TOKEN"),
    "proxy": ("DISCORD_PROXY",),
    "server": ("SONGWRIGHT_DISCORD_SERVER",),
    "edit_seconds": ("SONGWRIGHT_EDIT_SECONDS",),
    "forget_after_days": ("SONGWRIGHT_FORGET_AFTER_DAYS",),
    "log_level": ("SONGWRIGHT_LOG_LEVEL",),
    "log_format": ("SONGWRIGHT_LOG_FORMAT",),
}
SECRETS = {"token", "proxy"}  # a proxy's URL may hold a password
DOTENV = ".env"
DOTENV_PREFIXES = ("SONGWRIGHT_", "DISCORD_")
WHERE_TOKENS_ARE = "https://discord.com/developers/applications (Bot, Reset Token)"

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_ID = re.compile(r"\d{15,20}", re.ASCII)


def _discord_id(value: object) -> int:
    if not _ID.fullmatch(str(value)):
        raise ValueError("it must be an id of Discord, 15 to 20 digits")
    return int(str(value))


def _token(value: object) -> object:
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    if not _TOKEN.fullmatch(text):
        raise ValueError("it is not a bot's token, which has three parts with dots between them")
    return value


def _proxy(value: object) -> object:
    if not re.match(r"https?://[^/\s]", str(value)):
        raise ValueError("it must be the URL of a proxy, such as http://127.0.0.1:8080")
    return value


DiscordId = Annotated[int, BeforeValidator(_discord_id)]


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class BotSettings(BaseModel):
    """Everything that the host of a bot may set. Neither the token nor the proxy's password is shown by repr."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[SecretStr | None, BeforeValidator(_token), Field(description="the bot's token")] = None
    proxy: Annotated[
        str | None, BeforeValidator(_proxy), Field(description="HTTP proxy on the way to Discord", repr=False)
    ] = None
    server: Annotated[DiscordId | None, Field(description="register commands in this server only, to try them out")] = (
        None
    )
    edit_seconds: Annotated[float, Field(ge=1, le=60, description="least time between edits of a message")] = 2.5
    forget_after_days: Annotated[
        int, Field(ge=1, le=3650, description="when members who left and servers that removed the bot are forgotten")
    ] = 30
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper), Field(description="what is logged")
    ] = "INFO"
    log_format: Annotated[Literal["console", "json"], Field(description="lines for people, or for programs")] = (
        "console"
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, needs_token: bool = True) -> Self:
        """Return the settings that these variables state; an empty variable counts as absent. RequestError for a fault.

        needs_token: False for the plugin, whose bot has a token of its own.
        """
        given = _given(environ)
        if needs_token and "token" not in given:
            raise RequestError(f"DISCORD_TOKEN is not set; get a token at {WHERE_TOKENS_ARE} and put it into {DOTENV}")
        try:
            return cls.model_validate({field: text for field, (_, text) in given.items()})
        except ValidationError as error:
            raise RequestError(_sentence(error, given)) from None  # the error quotes what was given

    @property
    def application_id(self) -> int | None:
        """The id of the application that the token belongs to, None where the token does not tell."""
        return None if self.token is None else application_id(self.token.get_secret_value())


def application_id(token: str) -> int | None:
    """Return the id that the first part of a token stands for; None if it stands for none."""
    part = token.partition(".")[0]
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(text) if _ID.fullmatch(text) else None


def read_dotenv(folder: Path, environ: MutableMapping[str, str]) -> bool:
    """Add Songwright's variables of the folder's `.env` to an environment, which wins; return whether it was read.

    False where there is no such file, or python-dotenv is not installed (`songwright doctor` says so).
    """
    path = folder / DOTENV
    if not path.is_file():
        return False
    try:
        from dotenv import dotenv_values
    except ImportError:
        return False
    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} cannot be read ({type(error).__name__}); save it as text in UTF-8") from None
    for name, value in values.items():
        if name.startswith(DOTENV_PREFIXES) and value is not None:
            environ.setdefault(name, value)
    return True


def _given(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return variable and value of every field that is set."""
    given: dict[str, tuple[str, str]] = {}
    for field, variables in ENVIRONMENT_VARIABLES.items():
        for variable in reversed(variables):
            if text := environ.get(variable, "").strip():
                given[field] = (variable, text)
    return given


def _sentence(error: ValidationError, given: Mapping[str, tuple[str, str]]) -> str:
    """Return the first fault as one sentence that names the variable, and never a secret."""
    fault = error.errors(include_input=False, include_context=False, include_url=False)[0]
    field = str(fault["loc"][0])
    variable, text = given[field]
    shown = variable if field in SECRETS else f"{variable}={text[:60]!r}"
    why = str(fault["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
    remedy = f"copy it again from {WHERE_TOKENS_ARE}" if field == "token" else "correct it or unset it"
    return f"{shown} cannot be used: {why}; {remedy}"
