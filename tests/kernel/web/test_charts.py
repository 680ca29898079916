import re
from pathlib import Path

import pytest

from vigil.kernel.parts import Parts
from vigil.kernel.web import assets
from vigil.kernel.web.charts.axis import Axis, spanning
from vigil.kernel.web.charts.control import ControlChart, Kind, Marker, Period
from vigil.kernel.web.charts.forest import Estimate, ForestPlot
from vigil.kernel.web.charts.funnel import Z95, Z998, Funnel, Place, limits
from vigil.kernel.web.charts.funnel import Kind as Where
from vigil.kernel.web.charts.histogram import Histogram
from vigil.kernel.web.pages import environment

STYLES = Path(assets.__file__).parent / "static" / "app.css"
BACKGROUNDS = ("#ffffff", "#f0f4f5")


def control(*values: float | None) -> ControlChart:
    periods = [Period(f"Week {i}", value, 0.06, 0.18, 200) for i, value in enumerate(values, 1)]
    return ControlChart("flags", "Flag rate", 0.12, periods, percent=True)


def forest(*groups: Estimate, worse_above: bool = False) -> ForestPlot:
    return ForestPlot(
        "sens", "Sensitivity", 0.9, 0.85, groups, percent=True, worse_above=worse_above
    )


def draw(parts: Parts, macro: str, chart: object) -> str:
    folder = parts.settings.data_dir / "assets"
    templates = environment({}, assets.build(folder))
    source = '{% from "charts.html" import ' + macro + " %}{{ " + macro + "(chart) }}"
    return templates.from_string(source).render(chart=chart)


def test_a_quiet_chart_has_no_callout_and_no_marks() -> None:
    chart = control(0.11, 0.13, 0.12, 0.10)
    assert (chart.has_signal, chart.callout) == (False, None)
    assert "0 of 4 values are outside" in chart.sentence
    assert {point.kind for point in chart.points} == {Kind.INSIDE}


def test_a_value_outside_is_named_by_sentence_callout_mark_and_table() -> None:
    chart = control(0.11, 0.23, 0.12)
    assert chart.out_of_limits == ["Week 2"]
    assert chart.callout == "Outside the limits: Week 2."
    assert "1 of 3 values are outside" in chart.sentence
    assert [point.label for point in chart.points if point.kind is Kind.OUT] == ["Week 2"]
    assert [row[0] for row in chart.rows if row[-1] == "Outside the limits"] == ["Week 2"]


def test_eight_in_a_row_on_one_side_are_a_signal_within_the_limits() -> None:
    # A true rate of 16 % where 12 % is expected: no single value leaves the limits.
    chart = control(0.11, *[0.15] * 8)
    assert (chart.out_of_limits, chart.has_run) == ([], True)
    assert "8 or more in a row" in (chart.callout or "")
    assert not control(*[0.15] * 7, 0.11).has_run
    assert not control(*[0.15] * 4, None, *[0.15] * 4).has_run


def test_a_missing_value_is_a_gap_and_no_verdict() -> None:
    chart = control(0.11, None, 0.12, 0.13)
    assert chart.line.count("M") == 2
    assert chart.rows[1][1] == "Too few data"
    assert "1 period had too few data" in chart.sentence


def test_charts_without_data_say_so() -> None:
    assert control().sentence == "Flag rate: there are no values yet."
    assert control(None).sentence == "Flag rate: there are no values yet."
    assert forest().sentence == "Sensitivity: there are no groups yet."
    assert "no values yet" in Histogram("h", "Scores", [0, 1], [0], [3]).sentence


def test_a_group_breaches_only_when_its_whole_interval_does() -> None:
    low = Estimate("80 and over", 300, 0.80, 0.76, 0.84)
    unsure = Estimate("18 to 39", 30, 0.80, 0.60, 0.92)
    few = Estimate("Not recorded", 4)
    plot = forest(low, unsure, few)
    assert plot.breached == ["80 and over"]
    assert plot.sentence == (
        "Sensitivity: 1 of 2 groups lie wholly below 85.0%. 1 had too few data."
    )
    assert [mark.breached for mark in plot.marks] == [True, False, False]
    assert forest(low, unsure, worse_above=True).breached == []


def test_an_interval_that_leaves_the_axis_gets_an_arrow() -> None:
    wide = Estimate("Few", 12, 0.88, 0.10, 0.99)
    others = [Estimate("Many", 900, 0.90, 0.88, 0.92), Estimate("Men", 400, 0.89, 0.86, 0.92)]
    mark = forest(wide, *others).marks[0]
    assert (mark.clipped_low, mark.clipped_high) == (True, True)
    assert mark.low >= ForestPlot.left


def test_a_histogram_names_where_now_and_reference_part() -> None:
    chart = Histogram("h", "Scores", [0, 0.5, 1], [30, 70], [60, 40])
    assert chart.sentence == (
        "Scores: the greatest difference is at 0.00 to 0.50: 30.0% now, 60.0% in the reference."
    )
    assert len(chart.bars) == 2


def test_ticks_are_round_numbers_inside_the_axis() -> None:
    axis = Axis(0.053, 0.231, 250, 24, percent=True)
    assert [tick.text for tick in axis.ticks()] == ["10%", "15%", "20%"]
    assert all(24 <= tick.at <= 250 for tick in axis.ticks())
    assert spanning([5, 5], 0, 100).low < 5 < spanning([5, 5], 0, 100).high


def test_a_chart_is_an_image_with_a_name_and_its_numbers(parts: Parts) -> None:
    text = draw(parts, "control_chart", control(0.11, 0.23, 0.12))
    assert 'role="img" aria-labelledby="flags-title flags-desc"' in text
    assert 'role="region" tabindex="0"' in text
    assert text.count("<td") == 3 * 6
    assert "v-point--out" in text
    assert "style=" not in text
    assert "&lt;" not in text


@pytest.mark.parametrize(
    ("macro", "chart"),
    [
        ("forest_plot", forest(Estimate("<b>", 40, 0.8, 0.7, 0.9), Estimate("Few", 2))),
        ("histogram", Histogram("h", "Scores <b>", [0, 0.5, 1], [3, 7], [6, 4])),
    ],
)
def test_what_a_chart_names_is_escaped(parts: Parts, macro: str, chart: object) -> None:
    text = draw(parts, macro, chart)
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


def test_the_callout_is_drawn_only_with_a_signal(parts: Parts) -> None:
    assert "Important" not in draw(parts, "control_chart", control(0.11, 0.12))
    text = draw(parts, "control_chart", control(0.11, 0.23))
    assert "Important" in text
    assert "Outside the limits: Week 2." in text


def test_the_palette_contrasts_with_the_page() -> None:
    """WCAG 2.2, 1.4.11: 3 to 1 for what carries meaning; 1.4.3: 4.5 to 1 for text."""
    palette = dict(re.findall(r"--v-(\w+): (#[0-9a-f]{6})", STYLES.read_text()))
    assert set(palette) == {"blue", "red", "grey", "amber", "ink"}
    for background in BACKGROUNDS:
        for name, colour in palette.items():
            least = 4.5 if name in ("ink", "grey") else 3
            assert contrast(colour, background) >= least, (name, background)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def funnel(*places: Place) -> Funnel:
    return Funnel("sites", "Flag rate by site", places, centre=0.1)


def test_the_limits_of_a_funnel_narrow_with_the_cases() -> None:
    # Spiegelhalter 2005: a common rate plus and minus z standard errors of a site's size.
    low, high = limits(0.1, 900, Z95)
    assert (low, high) == pytest.approx((0.0804, 0.1196), abs=1e-4)
    assert limits(0.1, 900, Z998)[1] == pytest.approx(0.1309, abs=1e-4)
    assert limits(0.1, 9, Z998)[0] == 0


def test_a_site_outside_the_funnel_is_named_by_sentence_callout_mark_and_table() -> None:
    chart = funnel(
        Place("A", 90, 900), Place("B", 100, 900), Place("C", 125, 900), Place("D", 3, 9)
    )
    assert [dot.kind for dot in chart.dots] == [Where.INSIDE, Where.INSIDE, Where.OUT]
    assert chart.callout == "Outside the 99.8% limits: C."
    assert "1 of 3 sites lie outside the 99.8% limits, 0 more" in chart.sentence
    assert "1 had too few cases" in chart.sentence
    assert [row[-1] for row in chart.rows] == ["Inside", "Inside", "Outside 99.8%", "Too few cases"]


def test_a_small_site_far_from_the_rate_is_no_signal() -> None:
    chart = funnel(Place("A", 6, 30), Place("B", 180, 900))
    assert chart.outside == ["B"]


def test_an_empty_funnel_says_so(parts: Parts) -> None:
    chart = funnel()
    assert chart.sentence == "Flag rate by site: no site has 20 cases yet."
    assert "<svg" not in draw(parts, "funnel", chart)


def test_a_funnel_is_drawn_without_inline_style(parts: Parts) -> None:
    drawn = draw(parts, "funnel", funnel(Place("A <b>", 90, 900), Place("B", 200, 900)))
    assert "style=" not in drawn
    assert "A &lt;b&gt;" in drawn
    assert drawn.count("v-inner") == drawn.count("v-limit") == 2
    assert "nan" not in drawn


def test_what_was_changed_is_numbered_in_the_chart_and_told_below(parts: Parts) -> None:
    periods = [Period(f"Week {i}", 0.1, 0.06, 0.18, 200) for i in range(3)]
    markers = [Marker(1, "2 May 2026: The threshold went from 0.5 to 0.4")]
    chart = ControlChart("flags", "Flag rate", 0.12, periods, True, markers)
    drawn = draw(parts, "control_chart", chart)
    assert drawn.count("v-event") == 1
    assert "The threshold went from 0.5 to 0.4" in drawn
