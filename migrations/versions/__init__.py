"""One file per step, in order; a step that has shipped is never edited. Imports nothing of the product."""
