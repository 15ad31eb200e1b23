from edge_detect.table import aligned, bounds, limit, percent, signed, with_interval


def test_an_interval_has_two_digits_or_as_many_as_hold_the_figure():
    assert with_interval(0.8842, [0.861, 0.912]) == "0.884 (0.86–0.91)"
    assert with_interval(0.9982, [0.9961, 0.9998]) == "0.998 (0.996–1.000)"


def test_what_was_not_measured_is_blank():
    assert with_interval(None, None) == percent(None) == ""
    assert with_interval(0.5, None) == "0.500"


def test_a_threshold_below_1_does_not_look_like_1():
    assert [limit(value) for value in (0.0, 0.9412, 0.9994, 0.99959, 0.999996, 1.0)] == [
        *("0.000", "0.941", "0.9994", "0.9996", "0.999996", "1.000"),
    ]


def test_columns_line_up():
    assert aligned(("a", "bb"), [["name", "1"], ["x", "100"]]) == "a      bb\nname    1\nx     100"


def test_a_difference_has_a_sign_and_nothing_is_not_negative():
    assert (signed(-0.0123), signed(0.004), signed(-0.0002)) == ("-0.012", "+0.004", "+0.000")
    assert bounds([-0.005, 0.004]) == "-0.005 to +0.004"
    assert bounds(None) == ""
