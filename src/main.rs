//! The program `steward`.

fn main() {}
