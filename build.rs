//! Packs the program's relative relocations (DT_RELR, glibc 2.36 or newer), nearly two megabytes less
//! of it, and takes the names out of a release, nearly four. The profile's `strip` would do the
//! latter, but cargo forgets it for a package that has an `opt-level` of its own.

#![expect(clippy::disallowed_methods, reason = "cargo tells the target in the environment")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let told = |name: &str| std::env::var(name).unwrap_or_default();
    let target = ["OS", "ENV", "ARCH"].map(|part| told(&format!("CARGO_CFG_TARGET_{part}")));
    if target[0] != "linux" {
        return;
    }
    if target[1] == "gnu" && target[2] == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if told("PROFILE") == "release" {
        println!("cargo:rustc-link-arg-bins=-Wl,--strip-all");
    }
}
