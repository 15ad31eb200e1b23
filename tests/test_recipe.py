import pytest

from edge_detect.errors import UsageError
from training.recipe import Recipe, read_recipe

_WHOLE = "name = 'x'\nversion = '1'\nnetwork = 'edge'\nmanifests = []\ncrops = 64\n"


def recipe(**changes):
    return Recipe(**{"name": "x", "version": "1", "network": "edge", "manifests": (), "crops": 64_000, **changes})


def test_the_learning_rate_rises_holds_and_falls():
    plan = recipe(warmup=6400, cooldown=0.2, learning_rate=1.0)
    rates = [plan.rate(step) for step in range(plan.steps)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[100:800] == [1.0] * 700
    assert rates[-1] == pytest.approx(1 / 200)


def test_prolonging_a_run_changes_nothing_before_the_old_cooldown():
    short, long = recipe(), recipe(crops=640_000)
    assert [short.rate(step) for step in range(700)] == [long.rate(step) for step in range(700)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not valid TOML"),
        ("colour = 1", "unknown keys colour"),
        ("name = 'x'", "missing"),
        ("favoured = ['mine']", "favoured is a table"),
        ("favoured = { mine = -1 }", "none below 0"),
        ("manifests = 'runs/data'", "where a list is expected"),
        (f"{_WHOLE}batch = 0", "batch is a whole number of 1 or more, not 0"),
        (f"{_WHOLE}batch = '64'", "batch is a whole number"),
        (f"{_WHOLE}strength = 3", "strength is a number from 0 to 1, not 3"),
        (f"{_WHOLE}crop_sides = []", "crop_sides are whole numbers from 32"),
        (f"{_WHOLE}crop_sides = [112.5]", "crop_sides are whole numbers from 32"),
        (f"{_WHOLE}crop_sides = [256]", "to input_side, 224"),
        (f"{_WHOLE}crop_sides = [108]", "in steps of 16"),
        (_WHOLE.replace("'1'", "0.15"), "version is a text, not 0.15"),
        (f"{_WHOLE}mirrored = 'no'", "mirrored is true or false, not 'no'"),
        (f"{_WHOLE}options = 'wide'", "options is a table, not 'wide'"),
        (f"{_WHOLE}mirrored = true\nfocus = true", "focus is a number of 0 or more"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path, text, message):
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_recipe(path)


def test_what_is_no_text_is_no_recipe(tmp_path):
    (tmp_path / "latin.toml").write_bytes("name = 'ä'".encode("latin-1"))
    for path, message in ((tmp_path, "cannot be read"), (tmp_path / "latin.toml", "not valid TOML")):
        with pytest.raises(UsageError, match=message):
            read_recipe(path)


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no "):
        read_recipe(tmp_path / "none.toml")


def test_the_shipped_recipes_can_be_read():
    from pathlib import Path

    found = sorted((Path(__file__).parent.parent / "training" / "recipes").glob("*.toml"))
    assert {read_recipe(path).network for path in found} == {
        *["edge", "finder", "serenity", "meso4", "tiny_ladeda", "mobilenet", "mobilenet_v2"]
    }
