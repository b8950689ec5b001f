"""What is answered when something cannot be done."""


class RefusedError(Exception):
    """Ends a call of the API with an error of AWS."""

    def __init__(self, message: str, code: str = "InvalidRequestException", reason: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.message, self.code, self.reason = message, code, reason


class QueryError(Exception):
    """Ends a query that was accepted: it fails, by this message."""


class LimitError(QueryError):
    """Ends a query that reads more than its workgroup lets it."""
