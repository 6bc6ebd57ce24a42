"""Which safety lines a gate has left open, for whoever promotes a version all the same: failed, or never measured.

A gate that finds nothing to learn in the ratings stops at its first line, and has then looked at no safety line. Knows
nothing of how a gate is held, nor of how a version is promoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import RequestError
from engine.evaluation.gate_lines import SAFETY_LINES
from worker.store.model_versions import ModelVersion


@dataclass(frozen=True)
class SafetyGap:
    """Names of safety lines that were not passed, and of those that every gate of the role has and this one has not."""

    failed: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.failed or self.unmeasured)

    def __str__(self) -> str:
        """Return both in words, "" for none."""
        parts = {"safety lines not passed": self.failed, "safety lines not measured": self.unmeasured}
        return "; ".join(f"{said}: {', '.join(names)}" for said, names in parts.items() if names)

    def as_json(self) -> dict[str, list[str]]:
        """Return what is kept with a version."""
        return {"failed": list(self.failed), "unmeasured": list(self.unmeasured)}


def safety_gap(version: ModelVersion) -> SafetyGap:
    """Return what its gate has left open; nothing where it passed, or where none was held."""
    gate = version.gate
    if gate is None or gate.get("passed"):
        return SafetyGap()
    lines = {str(line.get("name")): line for line in gate.get("lines", ())}
    failed = (name for name, line in lines.items() if line.get("safety") and not line.get("passed"))
    named = [*SAFETY_LINES.get(version.role, ()), *(name for name, line in lines.items() if line.get("safety"))]
    unmeasured = (name for name in dict.fromkeys(named) if not _is_measured(lines.get(name)))
    return SafetyGap(tuple(failed), tuple(unmeasured))


def check(version: ModelVersion, *, despite: str | None, unsafe: bool) -> SafetyGap:
    """Return what is left open of a version that may be promoted so; RequestError where more must be said for it.

    despite: the reason to promote what did not pass. unsafe: whether it is to be so, too, in spite of its safety lines.
    """
    gap = safety_gap(version)
    if version.may_be_promoted:
        return gap
    if despite is None or not despite.strip():
        raise RequestError(
            f"{version.id} did not pass the gate ({'; '.join(failed_lines(version)) or 'see its report'}); "
            f"to promote it all the same say why: --despite 'the reason'{' --unsafe' if gap else ''}"
        )
    if gap and not unsafe:
        measure = f"songwright gate {version.id} --all --snapshot ID measures them; " if gap.unmeasured else ""
        raise RequestError(f"{version.id}: {gap}; {measure}--unsafe promotes it without, on record")
    return gap


def on_record(why: str, gap: SafetyGap) -> str:
    """Return why a version was promoted, with what its gate had left open."""
    return " | ".join(part for part in (why.strip(), str(gap)) if part)


def failed_lines(version: ModelVersion) -> list[str]:
    """Return what a version did not pass in the gate, a sentence each."""
    lines = (version.gate or {}).get("lines", ())
    return [str(line.get("sentence") or line.get("name")) for line in lines if not line.get("passed")]


def _is_measured(line: dict[str, Any] | None) -> bool:
    return line is not None and line.get("candidate") is not None
