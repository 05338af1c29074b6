#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sendas_properties::lines(input));
