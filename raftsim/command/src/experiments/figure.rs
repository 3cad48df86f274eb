//! Spreads as curves: the share of runs that took no longer than a time.

#![expect(
    clippy::float_arithmetic,
    reason = "the plotting library works on floats; what is drawn was measured in integers"
)]

use std::fmt;

use plotters::prelude::*;

use super::spread::Spread;

const SIZE: (u32, u32) = (900, 480);
const LABEL: u32 = 16;
const NS_PER_MS: f64 = 1e6;

/// Colours of Okabe and Ito, dark enough for lines on white.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 104, 163),
    RGBColor(184, 74, 0),
    RGBColor(0, 122, 88),
    RGBColor(156, 63, 120),
    RGBColor(133, 98, 0),
    RGBColor(31, 35, 40),
];

/// One curve of a figure.
pub(crate) struct Curve<'a> {
    /// Its name.
    pub(crate) name: String,
    /// Its data.
    pub(crate) spread: &'a Spread,
}

/// Nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NothingToDraw;

impl fmt::Display for NothingToDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was measured, so there is nothing to draw")
    }
}

impl std::error::Error for NothingToDraw {}

/// The curves as an SVG picture: time in milliseconds on a logarithmic scale, and the percentage of
/// runs that took no longer.
///
/// # Errors
/// If no curve has a time.
pub(crate) fn figure(title: &str, curves: &[Curve<'_>]) -> Result<String, NothingToDraw> {
    let times = || curves.iter().flat_map(|curve| curve.spread.times());
    let (Some(least), Some(most)) = (times().min(), times().max()) else {
        return Err(NothingToDraw);
    };
    let mut picture = String::new();
    let drawn = draw(&mut picture, title, curves, (*least, *most));
    drawn.expect("drawing into memory cannot fail");
    Ok(picture)
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is wider than the loss")]
fn ms(ns: u64) -> f64 {
    ns as f64 / NS_PER_MS
}

fn draw(
    into: &mut String,
    title: &str,
    curves: &[Curve<'_>],
    (least, most): (u64, u64),
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(into, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let ink = RGBColor(31, 35, 40);
    let range = (ms(least) * 0.9..ms(most) * 1.1).log_scale();
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18).into_font().color(&ink))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(range, 0.0..100.0_f64)?;
    chart
        .configure_mesh()
        .x_desc("time without a leader, ms")
        .y_desc("runs that took no longer, %")
        .x_label_formatter(&|ms| format!("{ms:.0}"))
        .y_label_formatter(&|percent| format!("{percent:.0}"))
        .label_style(("sans-serif", LABEL))
        .axis_desc_style(("sans-serif", LABEL))
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 228, 232))
        .draw()?;
    for (place, curve) in curves.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(steps(curve.spread), style))?
            .label(curve.name.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font(("sans-serif", LABEL))
        .background_style(WHITE)
        .border_style(RGBColor(225, 228, 232))
        .draw()?;
    root.present()?;
    Ok(())
}

/// The corners of a curve: it rises at each time by that run's share.
#[expect(clippy::cast_precision_loss, reason = "a pixel is wider than the loss")]
fn steps(spread: &Spread) -> Vec<(f64, f64)> {
    let share = |runs: usize| runs as f64 * 100.0 / spread.runs().max(1) as f64;
    let mut corners = Vec::new();
    for (place, time) in spread.times().iter().enumerate() {
        corners.push((ms(*time), share(place)));
        corners.push((ms(*time), share(place + 1)));
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_line_for_each_curve_and_its_name() {
        let mut spread = Spread::default();
        for ms in [150, 300, 10_000] {
            spread.add(Some(ms * 1_000_000));
        }
        let curve = |name: &str| Curve {
            name: name.to_owned(),
            spread: &spread,
        };
        let drawn = figure("two", &[curve("one & only"), curve("other")]).unwrap();
        assert!(drawn.starts_with("<svg") && drawn.contains("one &amp; only"));
        assert!(
            drawn.contains("#0068A3") && drawn.contains("#B84A00"),
            "{drawn}"
        );
        assert_eq!(
            drawn,
            figure("two", &[curve("one & only"), curve("other")]).unwrap()
        );
    }

    #[test]
    fn nothing_measured_is_no_figure() {
        let spread = Spread::default();
        let curve = Curve {
            name: String::new(),
            spread: &spread,
        };
        assert_eq!(figure("none", &[curve]), Err(NothingToDraw));
    }

    #[test]
    fn runs_without_an_end_keep_a_curve_below_the_top() {
        let mut spread = Spread::default();
        spread.add(Some(1));
        spread.add(None);
        assert_eq!(steps(&spread).last().map(|corner| corner.1), Some(50.0));
    }
}
