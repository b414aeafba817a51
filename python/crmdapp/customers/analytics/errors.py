"""What can be wrong with a question that the analytics are asked."""

from __future__ import annotations

from crmdapp.errors import UsageError


class GroupTooSmall(UsageError):
    """A figure about so few customers would say something about single ones.

    Args:
        group: What they have in common.
        people: How many they are.
        minimum: How many there have to be.
    """

    def __init__(self, group: str = "", people: int = 0, minimum: int = 0) -> None:
        super().__init__(
            f"There are {people:,} {group}: too few for a figure.",
            why=f"With fewer than {minimum} customers a figure may tell what one of them did.",
            hint="Ask for a longer time, a larger program, or more customers' consent.",
        )
        self.group = group
        self.people = people
        self.minimum = minimum


class GroupsOverlap(UsageError):
    """Customers are in both groups of a comparison.

    Args:
        people: How many.
    """

    def __init__(self, people: int = 0) -> None:
        super().__init__(
            f"{people:,} customers are in both groups.",
            why="Whoever got the offer cannot also be compared with it.",
            hint="Put each customer into one of the two lists.",
        )
        self.people = people
