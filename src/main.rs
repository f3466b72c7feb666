//! The program. What it can do is in `cli`.

fn main() -> std::process::ExitCode {
    steward::cli::run(std::env::args_os())
}
