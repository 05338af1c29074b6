//! How the time of a decision grows with the policy, as curves.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use super::Report;
use crate::data::Accounts;
use crate::workload::Workload;

/// Draws the curves of all engines of the plain workload into an SVG file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn curves(report: &Report, accounts: Accounts, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in report.of(Workload::Plain).filter(|row| row.accounts == accounts) {
        if let Ok(measured) = &row.measured {
            #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
            let point = (row.identities as f64, measured.times.median);
            curves.entry(row.engine).or_default().push(point);
        }
    }
    let points = || curves.values().flatten();
    let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(1.0, f64::max);
    let least = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::MAX, f64::min);
    let (identities, times) =
        (least(|point| point.0)..most(|point| point.0), least(|point| point.1) / 2.0..most(|point| point.1) * 2.0);

    let area = SVGBackend::new(file, (900, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("Nanoseconds a decision, {} accounts", accounts.name()), ("sans-serif", 20))
        .margin(12)
        .margin_right(130)
        .x_label_area_size(42)
        .y_label_area_size(72)
        .build_cartesian_2d(identities.log_scale(), times.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("identities")
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .light_line_style(WHITE)
        .draw()?;
    let mut ends = Vec::new();
    for (index, (engine, points)) in curves.iter().enumerate() {
        let (colour, width) = if *engine == "sendas" { (BLACK, 3) } else { (colour(index), 2) };
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        if let Some(last) = points.last() {
            ends.push((chart.backend_coord(last), *engine, colour));
        }
    }
    // Names stand beside the ends of their curves, and below one another where these meet.
    ends.sort_by_key(|((_, y), ..)| *y);
    let mut free = i32::MIN;
    for ((x, y), engine, colour) in ends {
        let y = y.max(free);
        free = y + 15;
        area.draw(&Text::new(engine, (x + 8, y - 6), ("sans-serif", 14).into_font().color(&colour)))?;
    }
    area.present()?;
    Ok(())
}

fn colour(index: usize) -> RGBColor {
    COLOURS.get(index % COLOURS.len()).copied().unwrap_or(BLACK)
}

fn short(value: &f64) -> String {
    let (scaled, unit) = match *value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e3 => (value / 1e3, " k"),
        value => (value, ""),
    };
    format!("{scaled:.0}{unit}")
}

const COLOURS: [RGBColor; 9] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(255, 127, 14),
    RGBColor(23, 145, 160),
    RGBColor(120, 120, 20),
];
