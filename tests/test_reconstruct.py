import cv2
import numpy as np
import pictures
import pytest

pytest.importorskip("keras")

from edge_detect.errors import UsageError
from edge_detect.manifest import FAKE, REAL, read_manifest, read_manifests
from training.networks.autoencoder import DECODERS, autoencoder
from training.reconstruct import SIDE, SPLITS, _load, reconstruct


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pictures.write(tmp_path_factory.mktemp("faces") / "photos", count=16, side=SIDE + 6)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_picture_comes_back_in_its_own_size(decoder):
    pixels = np.zeros((2, 36, 24, 3), np.uint8)
    assert autoencoder(decoder).predict_on_batch(pixels).shape == pixels.shape


def test_reconstructions_are_training_fakes_in_the_group_of_their_original(data, tmp_path):
    reals = {s.path.stem: s for s in read_manifest(data) if s.label == REAL and s.split == "train"}
    out = reconstruct([data], tmp_path / "out", "nearest", steps=40, pictures=100, seed=3)
    found = read_manifest(out)
    assert len(found) == len(reals)
    read_manifests([data, out])  # no group is in two splits
    apart, foreign = [], []
    for sample in found:
        real = reals[sample.path.stem.removeprefix("photos-")]
        assert (sample.label, sample.method) == (FAKE, "nearest")
        assert (sample.group, sample.split) == (real.group, real.split)
        one, two = cv2.imread(str(sample.path)).astype(int), cv2.imread(str(real.path)).astype(int)
        assert one.shape == (100, 100, 3)  # a multiple of four
        apart.append(np.abs(one - two[:100, :100]).mean())
        foreign.append(np.abs(one - cv2.imread(str(next(iter(reals.values())).path))[:100, :100].astype(int)).mean())
    assert np.mean(apart) < 0.5 * np.mean(foreign)  # it shows its own original
    assert (out / "labels.csv").exists()


def test_the_same_seed_makes_the_same_fakes(data, tmp_path):
    one, two = (reconstruct([data], tmp_path / name, "shuffle", steps=2, pictures=3, seed=3) for name in "ab")
    names = sorted(path.name for path in one.glob("*.jpg"))
    assert names == sorted(path.name for path in two.glob("*.jpg"))
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_faces_of_the_test_split_are_reconstructed_in_it_by_what_learnt_from_training_faces(
    data, tmp_path, monkeypatch
):
    reals = {
        split: {s.path.stem for s in read_manifest(data) if (s.label, s.split) == (REAL, split)} for split in SPLITS
    }
    seen = []
    monkeypatch.setattr("training.reconstruct._load", lambda sample: seen.append(sample.path.stem) or _load(sample))
    found = read_manifest(reconstruct([data], tmp_path, "shuffle", steps=1, pictures=100, seed=3, splits=["test"]))
    assert {s.path.stem.removeprefix("photos-") for s in found} == reals["test"]
    assert reals["test"]
    assert {(s.label, s.source, s.method, s.split) for s in found} == {(FAKE, "shuffle_decoder", "shuffle", "test")}
    assert set(seen[: len(reals["train"])]) == reals["train"]  # all that is loaded before the reconstructed ones
    assert set(seen[len(reals["train"]) :]) == reals["test"]
    read_manifests([data, tmp_path])  # no group is in two splits


def test_what_cannot_be_reconstructed_is_refused(data, tmp_path):
    with pytest.raises(UsageError, match="there are transposed, nearest, shuffle"):
        reconstruct([data], tmp_path / "out", "cubic", steps=1, pictures=1, seed=1)
    with pytest.raises(UsageError, match="train and test, not of val"):
        reconstruct([data], tmp_path / "out", "nearest", steps=1, pictures=1, seed=1, splits=["train", "val"])
    small = pictures.write(tmp_path / "small", count=12, side=SIDE - 8)
    with pytest.raises(UsageError, match="of 96 pixels or more"):
        reconstruct([small], tmp_path / "out", "nearest", steps=1, pictures=10, seed=1)
    assert not (tmp_path / "out").exists()


def test_files_that_are_called_alike_stay_apart(tmp_path):
    from training.reconstruct import reconstruct

    data = tmp_path / "data"
    for label in ("real", "fake"):
        for person in range(12):
            folder = data / label / f"p{person}"
            folder.mkdir(parents=True)
            pixels = np.random.default_rng(person).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
            cv2.imwrite(str(folder / "001.png"), pixels)
    out = reconstruct([data], tmp_path / "out", "nearest", steps=1, pictures=20, seed=1, splits=["train", "test"])
    found = read_manifest(out)
    assert len({sample.path for sample in found}) == len(found) == len(list(out.glob("*.jpg"))) > 5
    with pytest.raises(UsageError, match=r"holds a labels\.csv already"):
        reconstruct([data], out, "nearest", steps=1, pictures=20, seed=1)
