"""Pictures and charts as bytes, text and markup: the same picture gives the same bytes, on any day."""

import base64
import io
import math
import re
from collections.abc import Sequence

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
# A picture as `picture` puts it into a page.
_PICTURE = re.compile(r'(?<=<img src=")data:image/(?:png|webp);base64,([^"]+)(?=" width=")')
# Below such a share of its lines of pixels a picture is a few bytes, and nothing is gained any more.
COARSEST = 0.01


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


def webp_bytes(image: Image.Image, *, lossless: bool = False) -> bytes:
    """A picture as the bytes of a WebP file, nearly as it is or to the last bit."""
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", lossless=lossless, quality=QUALITY, method=4)
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


def coarser(parts: Sequence[Markup], room: int) -> tuple[list[Markup], float]:
    """Parts of a page with all their pictures so coarse that the parts take no more bytes than that, if they can.

    Also says which share of its lines of pixels each picture has kept. All are as large on the page as before. Where
    text takes nearly all, or more, pictures still have a tenth of that.
    """
    found, share = list(parts), 1.0
    text = sum(length(_PICTURE.sub("", part)) for part in parts)
    room = max(room - text, room // 10)
    while (taken := sum(map(length, found)) - text) > room and share > COARSEST:
        # Bytes grow with the area, and a little slower.
        share *= min(0.9, 0.95 * math.sqrt(room / taken))
        share = max(COARSEST, share)
        found = [_with_coarse(part, share) for part in parts]
    return found, share


def length(text: str) -> int:
    """Bytes of a text in UTF-8; what has none, as in names of files, is written as a "?".

    >>> length("é"), length(chr(0xDCE9))
    (2, 1)
    """
    return len(text.encode(errors="replace"))


def _with_coarse(part: Markup, share: float) -> Markup:
    return Markup(_PICTURE.sub(lambda old: min(old[0], _coarse(old[1], share), key=len), part))


def _coarse(content: str, share: float) -> str:
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        sides = [max(1, round(side * min(share, WEBP_SIDE / max(image.size)))) for side in image.size]
        small = image.convert("RGBA").resize((sides[0], sides[1]), Image.Resampling.BOX)
    return data_uri(webp_bytes(small), "image/webp")


def _small(image: Image.Image) -> tuple[bytes, str]:
    """The picture as a file, and of what kind."""
    quick = io.BytesIO()
    image.save(quick, format="PNG")
    if quick.tell() <= LARGE or max(image.size) > WEBP_SIDE:
        return png_bytes(image), "image/png"
    near = webp_bytes(image)
    # Without loss WebP is hardly ever a quarter of PNG, and takes ten times as long as with a little.
    if quick.tell() > 4 * max(LARGE, len(near)):
        return near, "image/webp"
    exact = webp_bytes(image, lossless=True)
    return (exact if len(exact) <= max(LARGE, len(near)) else near), "image/webp"
