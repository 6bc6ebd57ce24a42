"""Models and tuning runs as embeds, for those who manage a server. Knows no interactions and no store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import discord
from discord.utils import format_dt

from bot.pages import page_of, role_name
from bot.plain_text import one_line, shown

if TYPE_CHECKING:
    from bot.translations import Words
    from worker.model_overview import Decided, Overview
    from worker.store.model_versions import ModelVersion
    from worker.store.tunings import Tuning

SENTENCE_CHARACTERS = 200
DIGEST_CHARACTERS = 12


def models_page(words: Words, found: Overview) -> discord.Embed:
    """Return which versions make songs, how they are rated, what the ratings say of those on trial, what was decided.

    What a server has to itself is said without its id; `found` has none of other servers.
    """
    lines = []
    for role, digest in found.starters.items():
        starter = words("admin.models_starter")
        lines += [
            words("admin.models_in_use", role=role_name(words, role), version=starter),
            _rated(words, found, digest),
            "",
        ]
    for version in found.in_use:
        lines += [_version(words, version), _rated(words, found, version.digest), *_evidence(words, found, version), ""]
    if found.decided:
        lines += [f"**{words('admin.models_decisions')}**", *(_decided(words, one) for one in found.decided)]
    return page_of(words("admin.models_title"), lines)


def tunings_page(words: Words, runs: Sequence[Tuning]) -> discord.Embed:
    """Return the last tuning runs, the newest first, and how one begins."""
    if not runs:
        return page_of(words("admin.finetune_title"), [words("admin.finetune_empty")])
    lines = [line for run in runs for line in (*_run(words, run), "")]
    return page_of(words("admin.finetune_title"), [*lines, words("admin.finetune_host")])


def _version(words: Words, version: ModelVersion) -> str:
    role, name = role_name(words, version.role), shown(version.id, 40)
    if version.server is not None:
        return words("admin.models_own", role=role, version=name)
    if version.trial_share is None:
        return words("admin.models_in_use", role=role, version=name)
    return words("admin.models_trial", role=role, version=name, share=f"{version.trial_share * 100:g} %")


def _rated(words: Words, found: Overview, digest: str) -> str:
    figures = found.figures.get(digest)
    stars = "–" if figures is None or figures.mean_stars is None else f"{figures.mean_stars:.2f}"
    songs, ratings = (0, 0) if figures is None else (figures.songs, figures.ratings)
    return words("admin.models_rated", songs=songs, ratings=ratings, stars=stars)


def _evidence(words: Words, found: Overview, version: ModelVersion) -> list[str]:
    watch = found.watched.get(version.id)
    if watch is None:
        return []
    said = watch.comparison
    against, stars = shown(watch.against, DIGEST_CHARACTERS), f"{said.mean * 4:+.2f}"
    return [words("admin.models_evidence", against=against, stars=stars, evidence=f"{said.evidence:.1f}")]


def _decided(words: Words, one: Decided) -> str:
    key = f"admin.decision_{one.what.replace(' ', '_')}"
    what = words(key) if words.has(key) else shown(one_line(one.what), 40)
    why = f": {shown(one_line(one.why), SENTENCE_CHARACTERS)}" if one.why else ""
    return f"{format_dt(one.at, 'd')} · {shown(one.version_id, 40)} {what}{why}"


def _run(words: Words, run: Tuning) -> list[str]:
    status = words(f"admin.finetune_{run.status}")
    role = role_name(words, run.role)
    told = words("admin.finetune_run", role=role, status=status, done=run.done, total=run.total)
    lines = [f"{format_dt(run.created_at, 'd')} · {told}"]
    if run.gate is not None:
        failed = [str(line.get("name")) for line in run.gate.get("lines", ()) if not line.get("passed")]
        told = shown(one_line(", ".join(failed)), SENTENCE_CHARACTERS)
        passed = bool(run.gate.get("passed"))
        lines.append(words("admin.finetune_passed") if passed else words("admin.finetune_not_passed", lines=told))
    return lines
