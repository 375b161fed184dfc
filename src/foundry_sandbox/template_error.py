"""What can be wrong with a deployment: its template, or a resource the template names."""

from __future__ import annotations


class TemplateError(Exception):
    """The template itself is wrong; `place` is the path to the value, with line and column where they are known.

    The message never holds a value of the template: it may be a secret. `at` counts characters of the expression.
    """

    def __init__(self, message: str, *, place: str = "", at: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.at = at

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def behind(self, at: int) -> TemplateError:
        """Return the same error with the character of the expression it belongs to, unless it has one already."""
        return self if self.at or self.place else TemplateError(self.message, at=at)

    def placed(self, place: str, *, position: str = "") -> TemplateError:
        """Return the same error with its place, unless it has one already."""
        if self.place:
            return self
        details = [position] if position else []
        details += [f"character {self.at} of the expression"] if self.at else []
        return TemplateError(self.message, place=f"{place} ({', '.join(details)})" if details else place)


class ResourceError(Exception):
    """A resource cannot be deployed or read; the template around it may be right."""

    def __init__(self, message: str, *, code: str, target: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.target = target
