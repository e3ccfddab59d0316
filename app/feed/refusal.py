"""A request that cannot be answered, whatever form its surface gives that."""


class Refusal(Exception):
    """The HTTP status, and a text for whoever asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
