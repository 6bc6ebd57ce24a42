"""A model on a server with the OpenAI-compatible completions interface: what it writes, and what a text costs it.

Does not know songs, nor how a server is asked. What servers are asked for and say is written down at
https://platform.openai.com/docs/api-reference/completions; the events of a stream are the same objects piece by piece.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError
from engine.lyrics.remote_asking import Asking, Refused
from engine.lyrics.remote_events import events_of
from engine.lyrics.remote_exchange import Cancel, Exchange
from engine.lyrics.remote_server import RemoteServer, RemoteUse
from engine.lyrics.text_models import NoBits

EVENTS, LAST_EVENT = "text/event-stream", "[DONE]"
SYSTEM_PROMPT = """You write song lyrics as plain text: a heading <<Artist - Title>>, labels such as [Verse 1] and [Chorus],
and below each its lines. Go on exactly where the text stops. Answer with nothing but the text that follows."""

Hear = Callable[[str], bool]  # is told what has come, and says whether to go on


@dataclass(frozen=True)
class Answer:
    """text: what follows the prompt. is_whole: the model ended it; otherwise its tokens ran out, or it broke off.

    fault: why it broke off for good, or "".
    """

    text: str
    is_whole: bool
    fault: str = ""


class Remote:
    """A model on a server. asking: about `server`; all other options are those of `Asking`."""

    def __init__(self, server: RemoteServer, **of_asking: Any) -> None:
        self.server, self.use = server, RemoteUse()
        self._asking = Asking(server, **of_asking)
        self._streams = True  # until a server refuses to

    def models(self) -> list[str]:
        """Return the names of the models that the server has; EngineError where it does not say so at once."""
        listed = self._asking.ask("GET", "/models", None, self._asking.read_object, tries=1).get("data")
        return [str(one["id"]) for one in listed or [] if isinstance(one, dict) and "id" in one]

    def complete(
        self,
        prompt: str,
        *,
        most_tokens: int,
        sampling: Sampling,
        seed: int,
        stop: Sequence[str] = (),
        hear: Hear | None = None,
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Return what the model writes after a prompt. EngineError where the server fails, RequestError where it refuses.

        hear: is told the text as it comes, in one piece where the server does not stream; once it says no, the rest is
        not waited for.
        """
        body = self._body(prompt) | {"max_tokens": most_tokens, "seed": seed}
        body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
        body |= {"stop": list(stop)} if stop else {}
        if hear is None:
            return self._ask(body, lambda piece: True, cancelled)
        if not self._streams:
            return self._ask(body, hear, cancelled)
        try:
            return self._ask(body | {"stream": True, "stream_options": {"include_usage": True}}, hear, cancelled)
        except Refused:
            answer = self._ask(body, hear, cancelled)  # raises as well where the stream was not what it refused
            self._streams = False
            return answer

    def nats_of(self, prompt: str) -> float:
        """Return what the tokens of a text cost the model, but for the first where nothing precedes it: -log p in nats.

        The text is sent as a prompt that is to be echoed with its probabilities. NoBits where the server has none.
        """
        body = self._body(prompt) | {"max_tokens": 1, "temperature": 0.0, "echo": True, "logprobs": 1}
        shown = self.server.shown
        if self.server.chat:
            raise NoBits(f"{shown} is asked by --chat, which gives no probabilities of a text, so there are no bits")
        try:
            answer = self._asking.ask("POST", "/completions", body, self._asking.read_object)
        except Refused as error:
            raise NoBits(f"no bits per byte, which need prompts echoed with probabilities: {error}") from error
        self.use.add(answer.get("usage"))
        found = echoed_nats(answer, prompt)
        if found is None:
            raise NoBits(
                f"no bits per byte: {shown} does not echo prompts with their probabilities, as vLLM does, for one"
            )
        return found

    def _body(self, prompt: str) -> dict[str, Any]:
        if not self.server.chat:
            return {"model": self.server.model, "prompt": prompt}
        messages = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": prompt}]
        return {"model": self.server.model, "messages": messages}

    def _ask(self, body: Mapping[str, Any], hear: Hear, cancelled: Cancel | None) -> Answer:
        path = "/chat/completions" if self.server.chat else "/completions"
        return self._asking.ask("POST", path, body, lambda reply: self._read(reply, hear), cancelled=cancelled)

    def _read(self, reply: Exchange, hear: Hear) -> Answer:
        if reply.headers.get_content_type() == EVENTS:
            return self._read_stream(reply, hear)
        answer = self._asking.read_object(reply)
        text, reason = _text_of(answer, "message")
        self.use.add(answer.get("usage"))
        if text is None:
            raise EngineError(f"{self.server.shown} {self._asking.no_text()}")
        hear(text)
        return Answer(text, reason != "length")

    def _read_stream(self, reply: Exchange, hear: Hear) -> Answer:
        """Read an answer as it comes. What fails before its first words is raised; later, the words are kept."""
        text, reason, usage, is_done, fault = "", None, None, False, ""
        try:
            for event in self._events(reply):
                if is_done := event is None:
                    break
                piece, ended = _text_of(event, "delta")
                usage, reason = event.get("usage") or usage, ended or reason
                text += piece or ""
                if piece and not hear(piece):
                    break
        except TimeoutError:
            if not text:
                raise
            fault = f"{self.server.shown} was not done in {self.server.timeout_seconds:g} s; give more with --timeout"
        except (OSError, http.client.HTTPException):
            if not text:
                raise
            self._asking.report(f"{self.server.shown} broke off; going on from there")
        except EngineError as error:
            if not text or isinstance(error, Cancelled):
                raise
            fault = str(error)
        finally:  # Ctrl-C as well: what was begun is paid for
            if text or reason:
                self.use.add(usage)
        if not text and not reason:
            raise EngineError(f"{self.server.shown} {self._asking.no_text()}")
        return Answer(text, reason != "length" if reason else is_done, fault)

    def _events(self, reply: Exchange) -> Iterator[dict[str, Any] | None]:
        """Give the objects of a stream, and None for its end; EngineError for what is none, or says what went wrong."""
        for data in events_of(self._asking.parts(reply)):
            if data == LAST_EVENT:
                yield None
                return
            try:
                event = json.loads(data)
            except ValueError:
                event = None
            if not isinstance(event, dict):
                raise EngineError(f"{self.server.shown} streamed something that is no JSON object")
            if "error" in event:
                raise EngineError(f"{self.server.shown} failed while it wrote: {self._asking.said(event)}")
            yield event


def _text_of(answer: Mapping[str, Any], message: str) -> tuple[str | None, str | None]:
    """Return the text and why it ended of an answer, or of an event of it; None for what is not there.

    message: what holds the text where a model talks: "message" of answers, "delta" of events.
    """
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    spoken = choice.get(message)
    text = spoken.get("content") if isinstance(spoken, dict) else choice.get("text")
    reason = choice.get("finish_reason")
    return text if isinstance(text, str) else None, reason if isinstance(reason, str) else None


def echoed_nats(answer: Mapping[str, Any], prompt: str) -> float | None:
    """Return what an echoed prompt cost, in nats; None where the answer does not say it of every token but the first.

    The one token that was written after it, because some servers must write one, is left out; a model that ended at once
    may have written none.
    """
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    told, text = choice.get("logprobs"), choice.get("text")
    found = told.get("token_logprobs") if isinstance(told, dict) else None
    if not isinstance(text, str) or not text.startswith(prompt) or not isinstance(found, list):
        return None
    usage = answer.get("usage")
    counted: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    of_prompt = found[: len(found) - (counted.get("completion_tokens") != 0)]
    tokens = counted.get("prompt_tokens", len(of_prompt))
    if not of_prompt or len(of_prompt) not in (
        tokens,
        tokens - 1,
    ):  # some count a mark for the start, and do not show it
        return None
    costs = of_prompt[1:] if of_prompt[0] is None else of_prompt
    return -float(sum(costs)) if all(isinstance(value, int | float) for value in costs) else None
