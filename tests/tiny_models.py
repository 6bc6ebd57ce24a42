"""Tiny random models that whole songs can be made and changed with in a second: lyrics, melody, music; written with numpy.

Knows nothing of training: what they write keeps to the plan and says nothing.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.checkpoint import open_checkpoint, write_checkpoint
from engine.lyrics.associations import Associations
from engine.lyrics.lexicon import write_words
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer
from engine.music import part_vocabulary
from engine.music.melody_tokens import VOCABULARY
from engine.song.models import ASSOCIATIONS_FILE, AUTHORS_FILE, WORDS_FILE
from tests.engine.tiny_llama import random_weights, tiny_config
from worker.clock import utc_now
from worker.store import model_versions
from worker.store.database import open_store

CONTEXT_LENGTH = 512
MUSIC_CONTEXT_LENGTH = 1024  # of an answer bar by bar, which random weights make as long as they may
LYRIC_VOCABULARY = 1200
COUNT_IN_TEXTS = 500  # above what `engine.lyrics.writer` calls usual

# Families of rhymes, each with more words than any stanza needs, and words to fill lines with.
RHYMING_WORDS = """
    light night bright sight right might white height kite flight fight tight write bite delight tonight
    goodnight day way say stay play away grey may clay pray ray bay today delay lay pay sway display shore door
    more floor four before store roar pour core explore score wore sore soar adore sea free tree me be three see
    key knee agree plea bee tea flee degree glee snow know go slow blow low show grow throw below ago row flow
    glow toe though rain train pain lane again plain chain main vein refrain remain cane grain gain explain
    stain sky high fly why try cry by eye goodbye reply lie dry my sigh tie shy sound ground round found around
    bound crowned hound mound pound drowned profound wound all fall call wall tall small hall ball crawl shawl
    recall stall blue true new you through do who too few knew flew view grew shoe two anew near hear dear year
    fear clear tear here cheer appear beer steer heart part start art apart chart smart cart dart depart stone
    alone bone phone grown flown tone throne own thrown moan loan hand sand land stand band grand planned
    command understand town down brown crown gown drown frown renown air care there where fair hair share stair
    bear chair dare prayer somewhere mine line shine fine wine sign nine pine vine divine design song long
    strong along wrong belong
"""
FILLING_WORDS = """
    the a and of in to with for from on we they he she it our your his her their i was is are were will would
    could can never always only over under after river morning window water summer winter evening silver golden
    little open empty harbour garden city mountain valley ocean island shadow story letter old cold warm soft
    deep dark wide young wild quiet gentle lonely house road ship boat wind storm star moon sun bird rose leaf
    fire dream remember forever tomorrow yesterday beautiful together
"""
WORDS = tuple(dict.fromkeys((RHYMING_WORDS + FILLING_WORDS).split()))

AUTHORS = ("Ann Harbour", "Robert Burns")


@dataclass(frozen=True)
class TinyModels:
    """Where the three checkpoints are."""

    lyrics: Path
    melody: Path
    music: Path


def write_tiny_models(folder: Path, variety: int = 0) -> TinyModels:
    """Write all checkpoints below a folder; the same bytes every time, others for each variety."""
    return TinyModels(
        write_tiny_lyric_model(folder / "lyrics", variety),
        write_tiny_melody_model(folder / "melody", variety),
        write_tiny_music_model(folder / "music", variety),
    )


def write_tiny_lyric_model(directory: Path, variety: int = 0) -> Path:
    """Write a lyric checkpoint of random weights over about 350 common words, and return its directory."""
    tokenizer = tiny_tokenizer()
    config = tiny_config(vocab_size=tokenizer.vocab_size, max_position_embeddings=CONTEXT_LENGTH)
    vectors = np.random.default_rng(1).standard_normal((len(WORDS), 8)).astype(np.float32)
    associations = Associations(list(WORDS), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    with tempfile.TemporaryDirectory() as draft:
        write_words(Path(draft) / WORDS_FILE, dict.fromkeys(WORDS, COUNT_IN_TEXTS))
        associations.save(Path(draft) / ASSOCIATIONS_FILE)
        more_files = {name: (Path(draft) / name).read_bytes() for name in (WORDS_FILE, ASSOCIATIONS_FILE)}
    more_files[AUTHORS_FILE] = "\n".join(AUTHORS).encode()
    card = {"name": "tiny random lyric model", "licence": "CC0-1.0"}
    write_checkpoint(
        directory,
        random_weights(config, 2 + 10 * variety),
        config,
        tokenizer.to_json().encode(),
        card,
        more_files=more_files,
    )
    return directory


def write_tiny_melody_model(directory: Path, variety: int = 0) -> Path:
    """Write a melody checkpoint of random weights over the melody vocabulary, and return its directory."""
    config = tiny_config(vocab_size=len(VOCABULARY), max_position_embeddings=CONTEXT_LENGTH)
    card = {"name": "tiny random melody model", "licence": "CC0-1.0"}
    write_checkpoint(directory, random_weights(config, 3 + 10 * variety), config, None, card)
    return directory


def write_tiny_music_model(directory: Path, variety: int = 0) -> Path:
    """Write a composer's checkpoint of random weights over its vocabulary, and return its directory."""
    config = tiny_config(vocab_size=len(part_vocabulary.VOCABULARY), max_position_embeddings=MUSIC_CONTEXT_LENGTH)
    card = {"name": "tiny random composer", "licence": "CC0-1.0"}
    write_checkpoint(directory, random_weights(config, 4 + 10 * variety), config, None, card)
    return directory


def tiny_tokenizer() -> LyricTokenizer:
    """Return a tokenizer in which most of WORDS are one piece."""
    return train_tokenizer([f" {word}" for word in WORDS for _ in range(3)], LYRIC_VOCABULARY)


def promote_models(models: TinyModels, database_url: str) -> None:
    """Put the tiny models to use in a database, so that whoever makes songs with it uses them."""
    with closing(open_store(database_url)) as store, store.writing() as session:
        for role, directory in (("lyrics", models.lyrics), ("melody", models.melody), ("music", models.music)):
            opened = open_checkpoint(directory)
            version = model_versions.add(
                session,
                role=role,  # type: ignore[arg-type]  # a role
                digest=opened.digest,
                family=opened.family,
                path=str(directory),
                card=dict(opened.card),
                now=utc_now(),
            )
            model_versions.promote(session, version.id, now=utc_now())
