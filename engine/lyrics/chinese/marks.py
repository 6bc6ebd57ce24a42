"""The marks that close lines of Chinese verse. Does not know ids or plans."""

MARKS = "，。、！？"
