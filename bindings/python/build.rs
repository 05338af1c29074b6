//! Tells the source whether the interpreter has a lock.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
