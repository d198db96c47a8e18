"""What the desk learns by: labels, decisions about proposals, comparisons and trials."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.web.inputs.body import Body, Id, Line, Name, Sentiment


class NewCorrection(Body):
    """What a message really was."""

    intent: Name | None = None
    sentiment: Sentiment | None = None
    template: Name | None = None


class SettledLabels(Body):
    """What messages of which operators said different things really were."""

    messages: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    intent: Name | None = None
    sentiment: Sentiment | None = None


class NewAcceptance(Body):
    """What a proposal is accepted as; what is missing is as proposed. An empty ``answer`` is none;
    ``left_out`` are the places of texts that do not belong."""

    intent: Name | None = None
    sentiment: Sentiment | None = None
    name: Name | None = None
    title: Line | None = None
    group: Name | None = None
    answer: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100_000)] | None = (
        None
    )
    left_out: list[int] = Field(default_factory=list)


class NewDiff(Body):
    """Compare a release with the champion; ``since`` is a span such as 7d, or a time."""

    since: Annotated[str, StringConstraints(max_length=40)] = "7d"


class NewTrial(Body):
    """Put a release on trial: a shadow reads its share, a canary (at most half) answers it."""

    mode: Literal["shadow", "canary"]
    share: Annotated[float, Field(gt=0, le=1)]
