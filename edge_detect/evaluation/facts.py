"""What a picture's file gives away without a look at the picture: the leakage floor."""

import numpy as np
from numpy.typing import NDArray

from edge_detect.evaluation import metrics
from edge_detect.header import read_header
from edge_detect.manifest import Sample

_AT_MOST = 4000
"""Pictures of a class that take part."""
_AT_LEAST, _GROUPS = 30, 10
"""Pictures and groups of a class below which the classifier, whose leaves hold 20 pictures, could tell nothing."""
_STANDARD_SUM = 3685 / 64
"""Mean of the luminance quantization table of JPEG at quality 50 (ITU-T T.81, annex K)."""


def leakage(samples: list[Sample], rivals: list[Sample]) -> float:
    """AUC of a classifier that sees side, bytes and JPEG quality only: the mean of five folds, by their pictures.

    samples are told from rivals, which carry the other label; groups stay together, and each fold has its share of both
    labels as far as they let it. 0.5: files give nothing away. nan when there are too few pictures, or a few groups
    hold nearly all of a label.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold
    from threadpoolctl import threadpool_limits

    chosen = [*_some(samples), *_some(rivals)]
    few = (len(part) < _AT_LEAST or len({sample.group for sample in part}) < _GROUPS for part in (samples, rivals))
    if any(few):
        return float("nan")
    facts = np.stack([file_facts(sample) for sample in chosen])
    labels = np.array([sample.label for sample in chosen])
    groups = np.unique([sample.group for sample in chosen], return_inverse=True)[1]
    model = HistGradientBoostingClassifier(max_iter=60, random_state=1, class_weight="balanced")
    values, counts = [], []
    with threadpool_limits(1):  # OpenMP's threads wait for each other without end on a machine that is busy
        for known, asked in StratifiedGroupKFold(5, shuffle=True, random_state=1).split(facts, labels, groups):
            if len(set(labels[known])) == len(set(labels[asked])) == 2:  # scores of two models are not to be compared
                scores = model.fit(facts[known], labels[known]).predict_proba(facts[asked])[:, 1]
                values.append(metrics.auc(labels[asked], scores))
                counts.append(len(asked))
    return float(np.average(values, weights=counts)) if values else float("nan")


def file_facts(sample: Sample) -> NDArray[np.float64]:
    """Side in pixels, bytes, and JPEG quality of a picture's file."""
    data = sample.path.read_bytes()
    return np.array([read_header(data).width, len(data), jpeg_quality(data)], np.float64)


def jpeg_quality(data: bytes) -> float:
    """The quality (1–100) whose quantization table a JPEG file has, by the formula of the IJG; 0 for other files."""
    at = data.find(b"\xff\xdb")
    if not data.startswith(b"\xff\xd8") or at < 0 or len(data) < at + 69:
        return 0.0
    scale = 100 * np.frombuffer(data[at + 5 : at + 69], np.uint8).mean() / _STANDARD_SUM
    return float(round((200 - scale) / 2 if scale <= 100 else 5000 / scale))


def _some(samples: list[Sample]) -> list[Sample]:
    """At most so many, evenly from all."""
    return samples[:: max(1, -(-len(samples) // _AT_MOST))]
