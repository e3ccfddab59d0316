"""Free text made safe to show: whoever created a market chose its symbol, and a node the words of its errors."""


def legible(text: str) -> str:
    """*text* on one line, with what would steer a terminal, or turn its writing round, spelt out: `\\x1b`, `\\n`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _spelt(character) for character in text)


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode()
