import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import zoo
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_detect import image
from edge_detect.errors import PictureError
from edge_detect.header import read_header


@pytest.mark.parametrize("name", zoo.good())
def test_every_supported_kind_decodes_upright_as_rgb(name):
    pixels = image.decode(zoo.good()[name]).pixels
    expected = zoo.scene()
    if "gray" in name:
        expected = np.repeat(cv2.cvtColor(expected, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert pixels.shape == expected.shape
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("number", range(1, 9))
def test_png_and_webp_are_turned_upright_with_and_without_alpha(number, kind, alpha):
    decoded = image.decode(zoo.with_orientation(number, kind, alpha=alpha))
    assert np.array_equal(decoded.pixels, zoo.scene())
    assert (decoded.width, decoded.height) == (zoo.WIDTH, zoo.HEIGHT)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_png_and_webp_are_turned_where_opencv_turns_none(kind, monkeypatch):
    """As OpenCV before 4.13 turns no WebP."""
    imdecode = cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda data, flags: imdecode(data, flags | cv2.IMREAD_IGNORE_ORIENTATION))
    assert np.array_equal(image.decode(zoo.with_orientation(6, kind)).pixels, zoo.scene())


@pytest.mark.parametrize("name", zoo.broken())
def test_broken_files_are_refused_with_a_reason(name):
    with pytest.raises(PictureError, match=r"\w+ \w+ \w+"):
        image.decode(zoo.broken()[name])


@pytest.mark.parametrize(
    ("name", "reason"), [("BMW.txt", "not a picture of a supported kind"), ("clip.avi", r"this is a RIFF file \(sound")]
)
def test_what_only_begins_like_a_picture_is_none(name, reason):
    with pytest.raises(PictureError, match=reason):
        image.decode(zoo.broken()[name])


def test_a_tiff_of_floats_is_not_said_to_be_damaged_alone():
    file = io.BytesIO()
    Image.fromarray(np.ones((8, 8), np.float32)).save(file, "TIFF")
    with pytest.raises(PictureError, match="damaged or has samples of more than 16 bits"):
        image.decode(file.getvalue())


@pytest.mark.parametrize("name", zoo.good())
def test_flipped_and_missing_bytes_give_pixels_or_a_reason(name):
    data = zoo.good()[name]
    rng = np.random.default_rng(len(data))
    for _ in range(60):
        damaged = bytearray(data[: rng.integers(1, len(data) + 1)])
        for at in rng.integers(0, min(len(damaged), 200), 3):
            damaged[at] ^= 1 << rng.integers(8)
        try:
            pixels = image.decode(bytes(damaged)).pixels
        except PictureError:
            continue
        assert pixels.ndim == 3


def test_a_picture_is_refused_before_its_pixels_fill_the_memory():
    header = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + b"IDATIEND"
    with pytest.raises(PictureError, match="megapixels"):
        image.decode(header)


def test_markers_that_decoders_skip_do_not_hide_what_is_behind_them():
    """Or another size could be forged there, and no limit would hold."""
    data = zoo.encode(np.zeros((40, 60, 3), np.uint8), "JPEG")
    alone = b"\xff\x01" + b"".join(bytes((0xFF, marker)) for marker in range(0xD0, 0xD8))
    assert read_header(data[:2] + alone + data[2:]) == read_header(data)
    for early in (b"\xff\xd8", b"\xff\xd9"):
        with pytest.raises(PictureError, match="header is damaged"):
            read_header(data[:2] + early + data[2:])


def test_scans_of_a_jpeg_are_limited_wherever_they_hide():
    """Each is a walk over all pixels: some megabytes of them would keep a decoder busy for days."""
    remark = b"\xff\xfe\x00\x04\xff\xd9"  # what looks like the end of the picture
    for between in (b"", remark, b"\xff", b"\xff\xd0", b"\xff\x02\xff\xff"):
        with pytest.raises(PictureError, match="more than 100 scans"):
            read_header(zoo.with_scans(100, between))


@pytest.mark.parametrize(
    ("junk", "message"),
    [
        (b"\0" * 9, "ends inside its header"),
        (b"\xff\xd0" * 9, "more than 1000 segments before"),
        (b"\xff\xe2\0\2" * 9, "more than 1000 segments before"),
    ],
)
def test_what_lies_before_the_scans_of_a_jpeg_is_limited(junk, message):
    """Such heads lie on cards that were recovered; each step costs little, and megabytes of them seconds."""
    with pytest.raises(PictureError, match=message):
        read_header(b"\xff\xd8\xff\xe0\0\2" + junk * 1000)


def test_what_only_looks_like_scans_does_not_count():
    """In a remark, or behind the picture, where phones put films."""
    remark = b"\xff\xfe\x01\x92" + b"\xff\xda" * 200
    for data in (zoo.with_scans(80), zoo.with_scans(2, remark), zoo.with_scans(0) + b"\xff\xda" * 200):
        assert image.decode(data).pixels.shape == zoo.scene().shape


def with_entries(tiff: bytes, *more: bytes) -> bytes:
    """A little-endian TIFF whose directory has more entries."""
    (at,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, at)
    entries = [tiff[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    replaced = {struct.unpack_from("<HH", entry) for entry in more}
    directory = [entry for entry in entries if struct.unpack_from("<HH", entry) not in replaced] + list(more)
    end = tiff + bytes(len(tiff) % 2)
    forged = bytearray(end + struct.pack("<H", len(directory)) + b"".join(sorted(directory)) + bytes(4))
    struct.pack_into("<I", forged, 4, len(end))
    return bytes(forged)


@pytest.mark.parametrize("kind", [1, 4, 13])
def test_a_size_that_is_not_that_of_the_pixels_is_never_believed(kind):
    """Tags that are there twice, or whose value is as long as decoders and this package do not agree on."""
    tiff = zoo.encode(np.full((40, 60, 3), 9, np.uint8), "TIFF")
    forged = with_entries(tiff, struct.pack("<HHII", 256, kind, 1, 0x0100003C), struct.pack("<HHII", 257, kind, 1, 8))
    try:
        decoded = image.decode(forged)
    except PictureError:
        return
    assert (decoded.height, decoded.width) == decoded.pixels.shape[:2]


def test_what_a_format_has_no_room_for_is_scaled_down():
    long = np.zeros((2, 70_000, 3), np.uint8)
    for suffix, longest in ((".jpg", 65_500), (".webp", 16_383), (".png", 70_000)):
        assert image.decode(image.encode(long, suffix)).width == longest


def test_transparent_pixels_are_laid_over_white():
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[4:, :, 3] = 255
    pixels = image.decode(zoo.encode(picture, "PNG")).pixels
    assert (pixels[:4] == 255).all()
    assert (pixels[4:] == 0).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
def test_transparency_is_the_same_in_every_format(kind):
    picture = np.full((8, 8, 4), (200, 100, 0, 255), np.uint8)
    picture[2:, :, 3], picture[5:, :, 3] = 128, 0
    if kind == "BMP":
        data = cv2.imencode(".bmp", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))[1].tobytes()
    else:
        data = zoo.encode(picture, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    pixels = image.decode(data).pixels.astype(int)
    assert np.abs(pixels[[0, 3, 6], 0] - [[200, 100, 0], [227, 177, 127], [255, 255, 255]]).max() <= 1


def test_transparency_that_cannot_be_read_is_said():
    grey = np.full((8, 8, 2), 90, np.uint8)
    with pytest.raises(PictureError, match="transparency of this TIFF cannot be read; convert it to PNG"):
        image.decode(zoo.encode(grey, "TIFF"))


@pytest.mark.parametrize("alpha", [65_535, 30_000])
def test_a_tiff_of_16_bits_is_read_when_it_is_opaque(alpha):
    picture = np.full((8, 8, 4), (0, 100 << 8, 200 << 8, alpha), np.uint16)
    tiff = with_entries(cv2.imencode(".tiff", picture)[1].tobytes(), struct.pack("<HHIHH", 338, 3, 1, 2, 0))
    if alpha == 65_535:
        assert image.decode(tiff).pixels[0, 0].tolist() == [200, 100, 0]
    else:
        with pytest.raises(PictureError, match="transparency"):
            image.decode(tiff)


def chunk(name: bytes, content: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_value_of_a_grey_png_is_laid_over_white(depth):
    key, other = (257, 258) if depth == 16 else (1, 0)  # two 16-bit values whose upper 8 bits are the same
    row = sum(value << depth * at for at, value in enumerate([other, key] * 8)).to_bytes(2 * depth, "big")
    header = struct.pack(">IIBBBBB", 16, 1, depth, 0, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"tRNS", struct.pack(">H", key)),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    )
    pixels = image.decode(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)).pixels
    assert (pixels[0, ::2] == 255).all()
    assert (pixels[0, 1::2] == other >> max(0, depth - 8)).all()


def test_half_transparent_is_half_way_to_white():
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[..., 3] = 128
    pixels = image.decode(zoo.encode(picture, "PNG")).pixels
    assert (pixels == 127).all()


def test_a_large_jpeg_is_decoded_reduced_but_never_below_twice_the_need():
    large = cv2.resize(zoo.scene(), (3000, 2000))
    whole = image.decode(zoo.encode(large, "JPEG", quality=95))
    reduced = image.decode(zoo.encode(large, "JPEG", quality=95), shorter=448)
    assert whole.pixels.shape == (2000, 3000, 3)
    assert reduced.pixels.shape == (500, 750, 3)
    assert (reduced.width, reduced.height) == (3000, 2000)


def test_a_turned_picture_has_its_upright_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = zoo.encode(cv2.resize(zoo.scene(), (1203, 902)), "JPEG", exif=exif)
    for limit in ({}, {"shorter": 32}):
        decoded = image.decode(data, **limit)
        assert (decoded.width, decoded.height) == (902, 1203)
        assert decoded.pixels.shape[0] > decoded.pixels.shape[1]


@pytest.mark.parametrize("number", range(1, 9))
def test_a_turned_picture_whose_sides_are_alike_once_reduced_has_its_upright_size(number):
    decoded = image.decode(zoo.with_orientation(number, picture=cv2.resize(zoo.scene(), (997, 1000))), shorter=100)
    assert decoded.pixels.shape == (125, 125, 3)
    assert (decoded.width, decoded.height) == (997, 1000)


def test_a_reduced_decode_gives_nearly_the_same_tensor():
    noisy = np.random.default_rng(3).integers(0, 255, (75, 100, 3), np.uint8)
    data = zoo.encode(cv2.resize(noisy, (2400, 1800), interpolation=cv2.INTER_CUBIC), "JPEG", quality=90)
    full, reduced = (
        image.resize(image.whole(image.decode(data, **limit).pixels), 224) for limit in ({}, {"shorter": 448})
    )
    assert np.abs(full.astype(int) - reduced).mean() < 1


@given(st.integers(1, 300), st.integers(1, 300), st.tuples(*[st.floats(-50, 350)] * 4))
def test_a_face_square_is_always_inside_the_picture(width, height, box):
    x0, x1 = sorted(box[:2])
    y0, y1 = sorted(box[2:])
    square = image.face_square((x0, y0, x1, y1), width, height)
    assert 1 <= square.side <= min(width, height)
    assert square.left >= 0
    assert square.top >= 0
    assert square.right <= width
    assert square.bottom <= height


def test_a_face_square_is_centred_and_margin_wide_where_there_is_room():
    assert image.face_square((100, 120, 150, 180), 400, 300) == image.Square(83, 108, 84)


@given(st.integers(1, 64), st.integers(1, 64), st.integers(0, 255))
def test_resizing_keeps_a_flat_picture_flat(side, target, value):
    picture = np.full((side, side, 3), value, np.uint8)
    assert (image.resize(picture, target) == value).all()


def test_resizing_down_averages_areas():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2] = [[[10], [20]], [[30], [40]]]
    assert image.resize(picture, 2)[0, 0].tolist() == [25, 25, 25]


def test_the_centred_square_is_a_view_of_the_middle():
    picture = np.arange(4 * 7 * 3, dtype=np.uint8).reshape(4, 7, 3)
    assert np.array_equal(image.whole(picture), picture[:, 1:5])
