//! Packs the program's relative relocations (DT_RELR, glibc 2.36 or newer): nearly two megabytes
//! less of it.

#![expect(clippy::disallowed_methods, reason = "cargo tells the target in the environment")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}"));
    let linux = target("OS").as_deref() == Ok("linux");
    if linux && target("ENV").as_deref() == Ok("gnu") && target("ARCH").as_deref() == Ok("x86_64") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
