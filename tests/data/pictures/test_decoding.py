import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vaecluster.data.pictures.decoding import UnreadableError, decode

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(mode="RGB", size=(40, 30)) -> Image.Image:
    """Red above, blue below, in two halves."""
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0], size[1] // 2))
    return picture.convert(mode)


def saved(path, picture, **how):
    picture.save(path, **how)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp", "a.tif", "a.tiff", "a.bmp", "a.gif"])
def test_every_format_gives_the_same_square(name, tmp_path):
    square = decode(saved(tmp_path / name, halves()), 8)
    assert (square.shape, square.dtype) == ((8, 8, 3), np.uint8)
    np.testing.assert_allclose(square[0, 4], RED, atol=30)
    np.testing.assert_allclose(square[-1, 4], BLUE, atol=30)


GREY16 = np.repeat(np.array([[65535], [0]], np.uint16), 2, 1).repeat(8, 0).repeat(8, 1)
MODES = {
    "RGB": (halves(), ".png", (RED, BLUE)),
    "palette": (halves("P"), ".png", (RED, BLUE)),
    "two tones": (halves("1"), ".png", (76, 0)),
    "CMYK": (halves("CMYK"), ".jpg", (RED, BLUE)),
    "CMYK of a TIFF": (halves("CMYK"), ".tif", (RED, BLUE)),
    "YCbCr": (halves("YCbCr"), ".jpg", (RED, BLUE)),
    "16 bits": (Image.fromarray(GREY16), ".png", (255, 0)),
    "16 bits of a TIFF": (Image.fromarray(GREY16), ".tif", (255, 0)),
    "32 bits": (Image.fromarray(GREY16.astype(np.int32)), ".tif", (255, 0)),
    "floats": (Image.fromarray(GREY16.astype(np.float32) / 65535), ".tif", (255, 0)),
    "floats of any size": (Image.fromarray(GREY16.astype(np.float32) * 7), ".tif", (255, 0)),
}


@pytest.mark.parametrize(("picture", "ending", "tones"), MODES.values(), ids=MODES)
def test_every_mode_gives_its_colours(picture, ending, tones, tmp_path):
    square = decode(saved(tmp_path / f"a{ending}", picture), 8)
    for line, tone in zip((0, -1), tones, strict=True):
        # Two tones are red dithered.
        assert np.abs(square[line].mean(0) - tone).max() <= (60 if picture.mode == "1" else 35)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_what_is_transparent_is_white(mode, tmp_path):
    picture = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 8, 16, 16))
    path = tmp_path / ("a.tif" if mode == "PA" else "a.png")
    if mode == "P":
        picture = picture.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
        first = picture.getpixel((0, 0))
        picture.putpixel((0, 0), first)
        Image.new("P", (16, 16)).save(path, transparency=0)
    else:
        picture.convert("LA" if mode == "PA" else mode).save(path)
    assert decode(path, 4)[0].tolist() == [list(WHITE)] * 4


def test_a_gif_gives_its_first_frame(tmp_path):
    red, blue = Image.new("RGB", (9, 9), RED), Image.new("RGB", (9, 9), BLUE)
    red.save(tmp_path / "a.gif", save_all=True, append_images=[blue])
    np.testing.assert_array_equal(decode(tmp_path / "a.gif", 2).reshape(-1, 3), [RED] * 4)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.png", "a.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright(orientation, name, tmp_path):
    upright = Image.new("RGB", (48, 32), "white")
    upright.paste("black", (8, 0, 24, 16))  # above, on the left of the middle square
    # How each orientation is stored: what undoes it.
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / name, exif=exif)
    square = decode(tmp_path / name, 2, "L")
    np.testing.assert_allclose(square, [[0, 255], [255, 255]], atol=80)


def test_the_middle_of_a_large_photograph_is_what_it_is_without_shortcuts(tmp_path):
    smooth = np.linspace(0, 255, 1600)[None, :, None] * np.ones((900, 1, 3))
    saved(tmp_path / "a.jpg", Image.fromarray(smooth.astype(np.uint8)), quality=95)
    expected = np.linspace(350, 1250, 16, endpoint=False) + 900 / 32
    np.testing.assert_allclose(decode(tmp_path / "a.jpg", 16, "L")[8], expected / 1599 * 255, atol=2.5)


def png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims to be that large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_what_is_broken_says_why(tmp_path):
    whole = saved(tmp_path / "whole.jpg", Image.effect_noise((200, 200), 80)).read_bytes()
    png = saved(tmp_path / "whole.png", Image.effect_noise((200, 200), 80)).read_bytes()
    cases = {
        "empty.jpg": (b"", "empty"),
        "text.png": (b"no picture", "no picture"),
        "cut.jpg": (whole[:-3000], "truncated"),
        "cut.png": (png[:-3000], "truncated"),
        "bomb.png": (png_of(100_000, 100_000), "more pixels"),
        "large.png": (png_of(10_000, 10_000), "more pixels"),
        "small.png": (png_of(5_000, 4_000), "claims 5,000x4,000 pixels"),
        "flat.png": (png_of(0, 10), "no picture|damaged"),
        "postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "no picture"),
    }
    for name, (content, reason) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableError, match=reason):
            decode(tmp_path / name, 8)
    with pytest.raises(UnreadableError, match="No such file"):
        decode(tmp_path / "none.jpg", 8)
    (tmp_path / "really-a-png.jpg").write_bytes(png)
    assert decode(tmp_path / "really-a-png.jpg", 8, "L").shape == (8, 8)


def test_a_broken_tiff_says_what_is_wrong_once(tmp_path, capfd):
    path = tmp_path / "a.tif"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(
        path, compression="tiff_lzw"
    )
    content = bytearray(path.read_bytes())
    content[100:140] = bytes(range(200, 240))
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        decode(path, 8)
    assert capfd.readouterr().err == ""
