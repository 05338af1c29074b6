use std::path::Path;
use std::process::Command;

use crate::example::{Example, debian};
use crate::step::{Failure, Steps, answer};

/// Tests that recorded traffic is decided again alike: by pyarrow, polars, DuckDB and pandas, and on Apache Spark.
pub(crate) fn run(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    if answer(Command::new("java").arg("--version")).is_none() {
        debian(steps, "default-jre-headless")?;
    }
    let example = Example::set_up(steps, root, "replay", "replay")?;
    example.run(steps, "types", &["mypy"])?;
    example.run(steps, "tests", &["pytest", "-q"])
}
