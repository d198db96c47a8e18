"""The words of `service.web.complaints`, by the models that complain."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.web.complaints import in_words


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=5)] = "a"
    secret: Annotated[str, StringConstraints(min_length=3)] = "abc"
    tone: Literal["dark", "light"] = "dark"
    years: Annotated[int, Field(ge=0, le=9)] = 1
    tags: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    on: bool = True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": ""}, "This is empty."),
        ({"name": "abcdef"}, "This may have at most 5 characters."),
        ({"name": 1}, "This must be text."),
        ({"secret": "a"}, "This must have at least 3 characters."),
        ({"tone": "blue"}, "This must be 'dark' or 'light'."),
        ({"years": -1}, "This must be at least 0."),
        ({"years": 10}, "This must be at most 9."),
        ({"years": "x"}, "This must be a whole number."),
        ({"tags": []}, "This is empty."),
        ({"tags": ["a"] * 3}, "There may be at most 2 of these."),
        ({"tags": "a"}, "This must be a list."),
        ({"on": "perhaps"}, "This must be true or false."),
        ({"colour": "red"}, "There is no such field."),
    ],
)
def test_complaint_is_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(given)
    assert in_words(caught.value.errors()[0]) == words
