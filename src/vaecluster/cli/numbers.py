"""Whole numbers on the command line: cyclopts alone would read 2.5 as 2."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter


def _whole(kind: Any, tokens: Any) -> int:
    return int(tokens[0].value)


def _whole_or_auto(kind: Any, tokens: Any) -> int | str:
    text = tokens[0].value
    return "auto" if text == "auto" else int(text)


Whole = Annotated[int, Parameter(converter=_whole)]
WholeOrAuto = Annotated[int | Literal["auto"], Parameter(converter=_whole_or_auto)]
