"""What an upload was taken for, as people and programs see it, and as it is kept."""

from dataclasses import asdict, dataclass
from typing import Any

from builds.order import Offer, Source


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """One way to build an upload: `why` is the sentence that says what speaks for it.

    `commands` and `output` (folders, the first that exists counts) are empty where they are known only once this one
    was chosen; `base` is the folder of the upload that is built, empty for its top.
    """

    generator: str
    title: str
    base: str
    why: str
    commands: list[str]
    output: list[str]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class DetectionFacts:
    """What an upload was taken for: one offer where that is certain, several where somebody has to choose."""

    why: str
    offers: list[OfferFacts]


def detection_of(source: Source) -> DetectionFacts:
    """From what the workshop says."""
    return DetectionFacts(source.why, [_offer(offer) for offer in source.offers])


def kept(detection: DetectionFacts) -> dict[str, Any]:
    """As it stands in the database."""
    return asdict(detection)


def read(stored: dict[str, Any]) -> DetectionFacts:
    """From how it stands in the database."""
    return DetectionFacts(stored["why"], [OfferFacts(**offer) for offer in stored["offers"]])


def _offer(offer: Offer) -> OfferFacts:
    commands = [" ".join(argv) for argv in (*offer.fetch, *offer.run)]
    return OfferFacts(
        offer.generator, offer.title, offer.base, offer.why, commands, list(offer.output), list(offer.notes)
    )
