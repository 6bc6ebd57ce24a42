"""Routes with which the application answers interactions, and writes through their tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import limits
from .call import ApiError, Call, Handler, Route, Routes, unknown
from .interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from .message_routes import MessageRoutes
from .messages import Message
from .spec import Problem

if TYPE_CHECKING:
    from .state import State

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
CALLBACKS = {
    COMMAND: {MESSAGE, DEFERRED, FORM},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, FORM},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}
USER_INSTALL_FOLLOWUPS = 5
FORM_PARTS = 5


class InteractionRoutes(Routes):
    """Answers, follow-ups, and the messages that an interaction's token may edit."""

    def __init__(self, state: State, messages: MessageRoutes) -> None:
        super().__init__(state)
        self.messages = messages

    def routes(self) -> list[Route]:
        """Return the routes of this file."""
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        every: list[Route] = [
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self.callback),
            ("POST", hook, self.create_followup),
        ]
        for which in ("@original", "{message_id}"):
            every += [
                (method, f"{hook}/messages/{which}", self._handler(method)) for method in ("GET", "PATCH", "DELETE")
            ]
        return every

    def callback(self, call: Call) -> tuple[int, Any]:
        """Take the first answer, in time and of a kind that the interaction allows."""
        interaction = self._unanswered(call)
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind not in CALLBACKS[interaction.kind] or (
            kind in (DEFERRED_UPDATE, UPDATE) and interaction.source is None
        ):
            text = f"answer {kind} is not for interaction {interaction.kind}"
            self.judge([Problem(("type",), "BASE_TYPE_CHOICES", text)], "callback")
        answers: dict[int, Callable[[Interaction, Call, dict[str, Any]], None]] = {
            MESSAGE: self._answer,
            DEFERRED: self._defer,
            DEFERRED_UPDATE: self._keep,
            UPDATE: self._update,
            CHOICES: self._offer,
            FORM: self._open,
        }
        answers[kind](interaction, call, data)
        interaction.answer, interaction.acked_after = kind, interaction.age
        interaction.touch()
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return 204, None
        return 200, self._response(interaction, kind)

    def _unanswered(self, call: Call) -> Interaction:
        interaction = self.state.interactions.get(call.params["interaction_token"])
        if interaction is None or interaction.id != call.params["interaction_id"]:
            raise unknown("interaction", 10062)
        if interaction.answer is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if interaction.age > self.state.ack_deadline:
            raise unknown("interaction", 10062)
        return interaction

    def _new(self, interaction: Interaction, flags: int | None) -> Message:
        if interaction.channel.deleted:
            raise unknown("Channel", 10003)
        message = Message(
            interaction.channel,
            self.state.bot,
            interaction=interaction,
            flags=(flags or 0) & limits.EPHEMERAL,
            watchers=[interaction],
        )
        return message

    def _answer(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        message = self._new(interaction, data.get("flags"))
        self.messages.write(message, call, {"content": ""} | data)
        interaction.original = message

    def _defer(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        message = self._new(interaction, data.get("flags"))
        message.flags |= limits.LOADING
        interaction.channel.messages[message.id] = message
        interaction.original = message

    def _keep(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        assert interaction.source
        interaction.original = interaction.source
        interaction.source.watchers.append(interaction)

    def _update(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        assert interaction.source
        if interaction.source.deleted:
            raise unknown("Message", 10008)
        self.messages.write(interaction.source, call, data)
        self._keep(interaction, call, data)

    def _offer(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        choices = data.get("choices") or []
        if len(choices) > limits.CHOICES:
            text = f"more than {limits.CHOICES} choices"
            self.judge([Problem(("data", "choices"), "BASE_TYPE_MAX_LENGTH", text)], "callback")
        interaction.choices = choices

    def _open(self, interaction: Interaction, call: Call, data: dict[str, Any]) -> None:
        if len(data["components"]) > FORM_PARTS:
            text = f"more than {FORM_PARTS} components"
            self.judge([Problem(("data", "components"), "BASE_TYPE_MAX_LENGTH", text)], "callback")
        interaction.modal = data

    def _response(self, interaction: Interaction, kind: int) -> dict[str, Any]:
        body: dict[str, Any] = {"interaction": {"id": interaction.id, "type": interaction.kind}}
        if original := interaction.original:
            body["interaction"] |= {
                "response_message_id": original.id,
                "response_message_loading": original.loading,
                "response_message_ephemeral": original.ephemeral,
            }
            if kind in (MESSAGE, UPDATE):
                body["resource"] = {"type": kind, "message": original.payload()}
        return body

    # Through the token

    def _interaction(self, call: Call) -> Interaction:
        """The interaction whose token serves as a webhook; before the first answer it does not."""
        interaction = self.state.interactions.get(call.params["webhook_token"])
        if interaction is None or call.params["webhook_id"] != interaction.application_id:
            raise unknown("Webhook", 10015)
        if interaction.age > self.state.token_ttl:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.answer is None:
            raise unknown("Webhook", 10015)
        if interaction.channel.deleted:
            raise unknown("Channel", 10003)
        return interaction

    def create_followup(self, call: Call) -> tuple[int, Any]:
        """Write a follow-up; the first one after a deferral fills the deferred message."""
        interaction = self._interaction(call)
        if interaction.original and interaction.original.loading and interaction.answer == DEFERRED:
            self.messages.write(interaction.original, call, call.body)
            return 200, interaction.original.payload()
        if interaction.user_install and len(interaction.followups) >= USER_INSTALL_FOLLOWUPS:
            raise ApiError(400, 40094, "This interaction has reached the maximum number of follow up messages")
        message = self._new(interaction, call.body.get("flags"))
        self.messages.write(message, call, {"content": ""} | call.body)
        interaction.followups.append(message)
        interaction.touch()
        return 200, message.payload()

    def _handler(self, method: str) -> Handler:
        def handle(call: Call) -> tuple[int, Any]:
            interaction = self._interaction(call)
            own = {message.id: message for message in interaction.messages}
            named = own.get(call.params["message_id"]) if "message_id" in call.params else interaction.original
            if named is None or named.deleted:
                raise unknown("Message", 10008)
            if method == "DELETE":
                self.messages.remove(named)
                return 204, None
            if method == "PATCH":
                self.messages.write(named, call, call.body)
            return 200, named.payload()

        return handle
