"""Pictures and charts as bytes, text and markup: the same picture gives the same bytes, on any day."""

import base64
import io
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

Picture = Image.Image | Figure
# Bytes of a picture from which on a little may be lost, and how little: 64 photographs of 96 pixels a side are 1.1 MB
# without loss and 0.1 MB so.
LARGE, QUALITY = 64_000, 80
# Pixels of a side of WebP at most.
WEBP_SIDE = 16_383


def png_bytes(picture: Picture) -> bytes:
    """The picture or chart as a PNG file."""
    buffer = io.BytesIO()
    if isinstance(picture, Figure):
        # matplotlib would write its own version into the file.
        picture.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    else:
        picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def svg_text(figure: Figure) -> str:
    """The chart as an SVG document on clear paper, its letters drawn as shapes so that no font is needed."""
    buffer = io.StringIO()
    # Without a salt matplotlib draws random identifiers; without metadata it writes no date and no version.
    with matplotlib.rc_context({"svg.hashsalt": "vaecluster", "svg.fonttype": "path"}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return buffer.getvalue()


def data_uri(content: bytes, media_type: str) -> str:
    """The content as an address that holds it.

    >>> data_uri(b"hello", "text/plain")
    'data:text/plain;base64,aGVsbG8='
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def picture(image: Image.Image, alt: str) -> Markup:
    """A picture inside a page; `alt` says what it shows.

    Drawings are kept to the last bit; photographs, which would make a page too large to send, nearly so.
    """
    address = data_uri(*_small(image))
    return Markup('<img src="{}" width="{}" height="{}" alt="{}">').format(address, image.width, image.height, alt)


def _small(image: Image.Image) -> tuple[bytes, str]:
    """The picture as a file, and of what kind."""
    quick = io.BytesIO()
    image.save(quick, format="PNG")
    if quick.tell() <= LARGE or max(image.size) > WEBP_SIDE:
        return png_bytes(image), "image/png"
    exact, near = _webp(image, lossless=True), _webp(image, quality=QUALITY, method=4)
    return (exact if len(exact) <= max(LARGE, len(near)) else near), "image/webp"


def _webp(image: Image.Image, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", **how)
    return buffer.getvalue()
