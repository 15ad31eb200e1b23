import dataclasses

import numpy as np
import pictures
import pytest

from edge_detect.errors import UsageError
from edge_detect.manifest import FAKE, REAL, read_manifest
from training.sampling import Sampler, probabilities


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """40 real and 40 fake pictures; those of one number are of one group."""
    found = read_manifest(pictures.write(tmp_path_factory.mktemp("data")))
    return [dataclasses.replace(s, group=s.path.stem, box=(20, 20, 70, 76) if s.label == REAL else None) for s in found]


def test_real_and_fake_are_drawn_alike_and_balance_evens_out_sources(samples):
    fewer = [sample for sample in samples if sample.label == FAKE or int(sample.path.stem) < 10]
    mixed = [dataclasses.replace(s, source="big" if int(s.path.stem) < 32 else "small") for s in fewer]

    def share(balance, favoured=(), **wanted):
        chances = probabilities(mixed, balance, dict(favoured))
        fits = [all(getattr(sample, name) == value for name, value in wanted.items()) for sample in mixed]
        return chances[fits].sum()

    assert share(0.0, label=FAKE) == pytest.approx(0.5)
    assert share(0.0, label=FAKE, source="small") == pytest.approx(0.5 * 8 / 40)
    assert share(1.0, label=FAKE, source="small") == pytest.approx(0.25)
    assert share(1.0, {"small": 3}, label=FAKE, source="small") == pytest.approx(0.375)
    assert share(0.0, {"small": 3}, label=REAL) == pytest.approx(0.5)


def test_a_label_none_of_whose_sources_counts_is_refused(samples):
    named = [dataclasses.replace(sample, source="r" if sample.label == REAL else "f") for sample in samples]
    with pytest.raises(UsageError, match="favoured is 0 for every source of fake pictures"):
        Sampler(named, 0.5, paired=0.0, blended=0.0, favoured={"f": 0.0})


def test_a_batch_is_made_of_pairs_blends_and_single_pictures(samples):
    drawn = Sampler(samples, 0.5, paired=0.5, blended=0.25).draw(16, np.random.default_rng(1))
    assert (len(drawn.single), len(drawn.paired), len(drawn.blended)) == (4, 4, 2)
    for real, fake in drawn.paired:
        assert (samples[real].label, samples[fake].label) == (REAL, FAKE)
        assert samples[real].group == samples[fake].group
    assert all(samples[i].label == REAL for i in drawn.blended)


def test_fakes_without_a_real_partner_are_never_paired(samples):
    fewer = [sample for sample in samples if sample.label == FAKE or int(sample.path.stem) < 5]
    sampler = Sampler(fewer, 0.5, paired=1.0, blended=0.0)
    pairs = [pair for seed in range(20) for pair in sampler.draw(16, np.random.default_rng(seed)).paired]
    assert {int(fewer[fake].path.stem) for _, fake in pairs} == set(range(5))


@pytest.mark.parametrize("shares", [(0.5, 0.0), (0.0, 0.5)])
def test_what_cannot_be_paired_or_blended_is_refused(samples, shares):
    lonely = [dataclasses.replace(sample, group=str(i), box=None) for i, sample in enumerate(samples)]
    with pytest.raises(UsageError, match="groups with real and fake pictures"):
        Sampler(lonely, 0.5, *shares)


def test_what_is_never_drawn_cannot_be_blended(samples):
    named = [dataclasses.replace(s, source="boxed" if s.box else "plain") for s in samples]
    reals = [dataclasses.replace(s, box=None, source="plain", group="r") for s in named if s.box]
    with pytest.raises(UsageError, match="that are drawn at all"):
        Sampler(named + reals, 0.5, paired=0.0, blended=0.5, favoured={"boxed": 0.0})


def test_pairs_and_blends_never_fill_more_than_the_batch(samples):
    drawn = Sampler(samples, 0.5, paired=0.5, blended=0.5).draw(62, np.random.default_rng(1))
    assert len(drawn.single) + 2 * (len(drawn.paired) + len(drawn.blended)) == 62


def test_more_pairs_and_blends_than_a_batch_are_refused(samples):
    with pytest.raises(UsageError, match="more than a batch"):
        Sampler(samples, 0.5, paired=0.7, blended=0.4)
