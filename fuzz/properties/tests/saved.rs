//! Runs every property over the seeds and over the inputs that once broke one.

use std::fs;
use std::path::Path;

use sendas_properties::{TARGETS, Target};

#[test]
fn properties_hold_for_seeds_and_regressions() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the fuzz folder");
    let agree = Target { name: "agree", property: sendas_tests::agree::check };
    for Target { name, property } in TARGETS.into_iter().chain([agree]) {
        let mut inputs = 0;
        for folder in ["corpus", "regressions"] {
            // A folder without saved inputs does not exist in a fresh clone.
            for entry in fs::read_dir(fuzz.join(folder).join(name)).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                println!("{}", path.display());
                property(&fs::read(path).expect("an input"));
                inputs += 1;
            }
        }
        assert!(inputs > 0, "no saved inputs for {name}");
    }
}
