"""What a member means by a message: a request, or a change of a song. Pure: knows neither Discord nor the store."""

from bot.wishes.edits import SongFacts
from bot.wishes.options import Phrase
from bot.wishes.small_talk import small_talk
from bot.wishes.understanding import Understood, understand_request, understand_wish

__all__ = ["Phrase", "SongFacts", "Understood", "small_talk", "understand_request", "understand_wish"]
