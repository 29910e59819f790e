"""What a server can do for the rules of its sites besides looking things up; the operator decides."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abilities:
    """`countries`: it can tell where a visitor is."""

    countries: bool = False

    def inert(self, condition: str) -> bool:
        """Whether a condition of this name never holds, for nothing here can tell it."""
        return condition == "Role" or (condition == "Country" and not self.countries)


NO_ABILITIES = Abilities()
