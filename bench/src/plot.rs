//! Bars as SVG: one colour for us, one for the others, the bounds as a thin line. Twenty lines of XML need no library.
use std::fmt::Write as _;

use crate::measure::{Samples, number};

/// One bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) samples: Samples,
    /// Drawn in our colour.
    pub(crate) is_ours: bool,
}

const WIDTH: f64 = 720.0;
const NAMES: f64 = 190.0;
const ROW: f64 = 26.0;
const TOP: f64 = 34.0;

/// Horizontal bars below a title, from zero.
pub(crate) fn bars(title: &str, digits: usize, bars: &[Bar]) -> String {
    let height = TOP + ROW * bars.len() as f64 + 8.0;
    let largest = bars.iter().map(|bar| bar.samples.max()).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - 110.0) / largest;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"21\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        push_bar(&mut svg, bar, y, scale, digits);
    }
    svg + "</svg>\n"
}

fn push_bar(svg: &mut String, bar: &Bar, y: f64, scale: f64, digits: usize) {
    let (length, middle) = (bar.samples.median() * scale, y + ROW / 2.0);
    let (from, to) = (NAMES + bar.samples.min() * scale, NAMES + bar.samples.max() * scale);
    let colour = if bar.is_ours { "#1f6feb" } else { "#b6bec9" };
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
         <rect x=\"{NAMES}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
         <path d=\"M{from:.1} {middle}H{to:.1}\" stroke=\"#24292f\"/>\
         <text x=\"{:.1}\" y=\"{}\">{}</text>",
        NAMES - 8.0,
        middle + 4.0,
        escaped(&bar.name),
        y + 4.0,
        ROW - 8.0,
        NAMES + length.max(bar.samples.max() * scale) + 6.0,
        middle + 4.0,
        number(bar.samples.median(), digits),
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
