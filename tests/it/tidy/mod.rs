//! The house rules about the source itself. A rule that nothing checks is only
//! advice, so each rule of ARCHITECTURE.md that can be read off a file is here.

mod source;
mod sql;

use source::{File, files, line_of, production_code, root, text};

const FILE_LINES_MAX: usize = 400;
const TEMPLATE_LINES_MAX: usize = 150;
const GUARD_LINES_MAX: usize = 3_000;

/// The kernel's order: what stands later may use what stands earlier. Modules of
/// `lib.rs` that are not named here stand where `lib.rs` puts them.
const KERNEL: [&str; 14] = [
    "db", "audit", "vault", "guard", "outside", "inbox", "events", "agent", "web", "app",
    "features", "daemon", "cli", "testing",
];

/// Know nothing of the product, so they come before all the others.
const GROUND: [&str; 4] = ["error", "clock", "config", "ids"];

/// Pairs that the order would allow and the design does not.
const STRANGERS: [(&str, &str, &str); 1] =
    [("web", "agent", "pages read a run's events; they don't reach into the loop")];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 10] = [
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "types",
    "models",
];

/// Where SQL may stand besides a feature's `store.rs`.
const SQL_HOMES: [&str; 7] = [
    "src/db/",
    "src/audit/",
    "src/changes.rs",
    "src/vault/",
    "src/approval/",
    "src/guard/",
    "src/testing/",
];

/// (rule, file, reason). An exception that is not needed any more fails too.
const EXCEPTIONS: [(Rule, &str, &str); 1] =
    [(Rule::Name, "src/features/models", "models is a feature's noun: what answers in a chat")];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Lines,
    Name,
    Sql,
    Unescaped,
}

#[test]
fn modules_stand_in_the_houses_order() {
    let order = module_order();
    let place = |name: &str| order.iter().position(|module| module == name);
    let ground = GROUND.iter().filter_map(|name| place(name)).max().unwrap_or(0);
    let kernel: Vec<usize> = KERNEL.iter().filter_map(|name| place(name)).collect();
    assert!(kernel.first().is_none_or(|first| ground < *first), "lib.rs: {GROUND:?} come first");
    assert!(kernel.is_sorted(), "lib.rs lists modules against the order {KERNEL:?}");
}

#[test]
fn a_module_uses_only_those_above_it_in_lib_rs() {
    let order = module_order();
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        let Some(own) = place(&file.layer()) else { continue };
        for (at, used) in file.crate_paths() {
            if place(&used).is_some_and(|used| used > own) {
                wrong.push(format!("{}:{at} uses crate::{used}, which stands above it", file.path));
            }
        }
    }
    none(&wrong);
}

#[test]
fn strangers_stay_strangers() {
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        for (who, whom, why) in STRANGERS {
            if file.layer() != who {
                continue;
            }
            for (at, used) in file.crate_paths() {
                if used == whom {
                    wrong.push(format!("{}:{at} uses crate::{whom}: {why}", file.path));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn features_meet_only_at_the_front() {
    let mut wrong = Vec::new();
    let features = feature_names();
    for file in files("src", "rs") {
        for name in &features {
            let home = format!("src/features/{name}/");
            if file.path.starts_with(&home) {
                continue;
            }
            for part in files(&home, "rs").iter().filter_map(File::module) {
                for way in ["features", "super"] {
                    let reach = format!("{way}::{name}::{part}::");
                    if let Some(at) = line_of(production_code(&file.text), &reach) {
                        wrong.push(format!("{}:{at} reaches into {name}/{part}.rs", file.path));
                    }
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_feature_is_whole() {
    let table = text("src/features/mod.rs");
    let tests = text("tests/it/main.rs");
    let mut wrong = Vec::new();
    for name in feature_names() {
        if !table.contains(&format!("{name}::FEATURE")) {
            wrong.push(format!("src/features/{name} is not in features::ALL"));
        }
        if !tests.contains(&format!("mod {name};")) {
            wrong.push(format!("{name} has no tests/it/{name}.rs, or main.rs does not name it"));
        }
        if !root().join(format!("src/features/{name}/mod.rs")).exists() {
            wrong.push(format!("src/features/{name} has no mod.rs to meet it by"));
        }
    }
    none(&wrong);
}

/// That others can't make one is shown in the type's own documentation; this is that `guard` itself
/// doesn't open the door.
#[test]
fn only_the_guard_makes_proofs() {
    let code = text("src/guard/allowed.rs");
    let makers: Vec<&str> = code
        .lines()
        .filter(|line| line.contains("fn ") && line.contains("-> Allowed<T>"))
        .collect();
    assert_eq!(makers, ["    pub(in crate::guard) fn mint(judged: T) -> Allowed<T> {"]);
    assert!(code.contains("#[derive(Debug)]\n#[must_use]\npub struct Allowed<T>(T);"));
    assert!(!code.contains(" for Allowed<"), "a trait may be a second way to make one");
}

#[test]
fn every_file_opens_with_what_it_is() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        if !file.text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with `//! ` and what it is", file.path));
        }
    }
    none(&wrong);
}

#[test]
fn sql_stands_in_stores() {
    let mut wrong = Vec::new();
    let mut unused = SQL_HOMES.to_vec();
    for file in files("src", "rs") {
        if file.path.ends_with("/store.rs") || file.path.contains("/store/") {
            continue;
        }
        let Some((at, what)) = sql::first(production_code(&file.text)) else { continue };
        unused.retain(|home| !file.path.starts_with(home));
        if !SQL_HOMES.iter().any(|home| file.path.starts_with(home)) {
            wrong.push((file.path.clone(), format!("{}:{at} has SQL ({what})", file.path)));
        }
    }
    none_but(Rule::Sql, wrong);
    assert!(unused.is_empty(), "{unused:?} hold no SQL any more");
}

#[test]
fn files_and_templates_are_short() {
    let mut wrong = Vec::new();
    let templates = files("templates", "html").into_iter().map(|file| (file, TEMPLATE_LINES_MAX));
    for (file, most) in rust_files().into_iter().map(|file| (file, FILE_LINES_MAX)).chain(templates)
    {
        let lines = file.text.lines().count();
        if lines > most {
            wrong.push((
                file.path.clone(),
                format!("{} has {lines} lines; {most} is the limit", file.path),
            ));
        }
    }
    none_but(Rule::Lines, wrong);
}

#[test]
fn names_say_what_is_inside() {
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        let mut so_far = String::new();
        for part in file.path.split('/') {
            so_far.push_str(part);
            let bare = part.trim_end_matches(".rs");
            if EMPTY_NAMES.contains(&bare) {
                wrong.push((so_far.clone(), format!("{}: `{bare}` says nothing", file.path)));
            }
            so_far.push('/');
        }
    }
    none_but(Rule::Name, wrong);
}

#[test]
fn templates_hold_no_inline_script_or_style() {
    let mut wrong = Vec::new();
    for file in files("templates", "html") {
        for (at, line) in file.text.lines().enumerate() {
            let flat = line.to_ascii_lowercase();
            let script = flat.contains("<script") && !flat.contains("src=");
            let handler = source::has_event_handler(&flat);
            let other = [" style=", "<style", "javascript:"].iter().any(|bad| flat.contains(bad));
            if script || handler || other {
                wrong.push(format!(
                    "{}:{} has inline script or style: {}",
                    file.path,
                    at + 1,
                    line.trim()
                ));
            }
        }
    }
    none(&wrong);
}

#[test]
fn text_is_escaped_but_for_rendered_markdown() {
    let mut wrong = Vec::new();
    for file in files("templates", "html") {
        let flat: String = file.text.chars().filter(|letter| *letter != ' ').collect();
        if flat.contains("|safe") || flat.contains("escape=\"none\"") {
            wrong.push((file.path.clone(), format!("{} switches escaping off", file.path)));
        }
    }
    for file in files("src", "rs") {
        if production_code(&file.text).contains("Html(format!(") {
            wrong.push((file.path.clone(), format!("{} builds HTML by hand", file.path)));
        }
    }
    none_but(Rule::Unescaped, wrong);
}

/// Tests and the examples that must not compile are read with it.
#[test]
fn the_guard_can_be_read_in_one_sitting() {
    let lines: usize = files("src/guard", "rs").iter().map(|file| file.text.lines().count()).sum();
    assert!(lines <= GUARD_LINES_MAX, "src/guard has {lines} lines");
}

#[test]
fn channels_are_bounded() {
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        if let Some(at) = line_of(production_code(&file.text), "unbounded") {
            wrong.push(format!("{}:{at} has a queue without a limit", file.path));
        }
    }
    none(&wrong);
}

/// `tests/run` has what the one reason names, and runs those too.
#[test]
fn tests_wait_for_things_and_skip_nothing() {
    let sleep = ["::sleep", "("].concat();
    let skip = ["#[igno", "re"].concat();
    let missing = format!("{skip} = \"needs bubblewrap; tests/run has it\"]");
    let mut wrong = Vec::new();
    for file in files("tests", "rs") {
        let text = file.text.replace(&missing, "");
        for bad in [&sleep, &skip] {
            if let Some(at) = line_of(&text, bad) {
                wrong.push(format!("{}:{at} has {bad}", file.path));
            }
        }
    }
    none(&wrong);
    assert!(text("tests/run").contains("--run-ignored all"));
}

#[test]
fn the_lockfile_of_the_tests_names_no_download_address() {
    let lock = text("tests/real/package-lock.json");
    assert!(lock.contains("\"integrity\""), "each package is held to its checksum");
    assert!(!lock.contains("\"resolved\""), "npm finds the packages where it is set up to");
}

#[test]
fn every_exception_has_a_reason_and_is_needed() {
    for (rule, path, reason) in EXCEPTIONS {
        assert!(reason.split_whitespace().count() >= 4, "{rule:?} {path}: say why");
    }
    let exceptions = [(Rule::Sql, "a.rs", "one"), (Rule::Name, "b", "of another rule")];
    let found = |path: &str| (path.to_owned(), format!("{path} has SQL"));
    let left = |found| left_over(&exceptions, Rule::Sql, found);
    assert_eq!(left(vec![found("a.rs"), found("c.rs")]), ["c.rs has SQL"]);
    assert_eq!(left(vec![]), ["a.rs keeps Sql now: take its exception away"]);
}

/// Module names in the order `lib.rs` lists them.
fn module_order() -> Vec<String> {
    text("src/lib.rs")
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|rest| rest.trim_end_matches(';').to_owned())
        .collect()
}

fn feature_names() -> Vec<String> {
    let mut names: Vec<String> = files("src/features", "rs")
        .iter()
        .filter_map(|file| file.path.strip_prefix("src/features/")?.split_once('/'))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn rust_files() -> Vec<File> {
    ["src", "tests", "benches"].iter().flat_map(|dir| files(dir, "rs")).collect()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn none_but(rule: Rule, wrong: Vec<(String, String)>) {
    none(&left_over(&EXCEPTIONS, rule, wrong));
}

/// What no exception excuses, and the exceptions that excuse nothing.
fn left_over(
    exceptions: &[(Rule, &str, &str)],
    rule: Rule,
    wrong: Vec<(String, String)>,
) -> Vec<String> {
    let excused: Vec<&str> =
        exceptions.iter().filter(|(of, ..)| *of == rule).map(|(_, path, _)| *path).collect();
    let idle = excused.iter().filter(|path| !wrong.iter().any(|(at, _)| at == *path));
    let mut left: Vec<String> =
        idle.map(|path| format!("{path} keeps {rule:?} now: take its exception away")).collect();
    left.extend(
        wrong
            .into_iter()
            .filter(|(path, _)| !excused.contains(&path.as_str()))
            .map(|(_, what)| what),
    );
    left
}

/// In the order of its rows: a name alone is a file beside the one before it.
#[test]
fn the_tests_that_security_md_names_exist() {
    let security = text("SECURITY.md");
    let mut last = root();
    for named in security.split('`').skip(1).step_by(2) {
        if named.ends_with(".rs") || named.ends_with('/') || named.ends_with(".md") {
            let beside = last.with_file_name(named);
            last = if named.contains('/') { root().join(named) } else { beside };
            assert!(last.exists(), "{named} is not there");
        } else if named.matches('_').count() > 2 {
            let tests = std::fs::read_to_string(&last).unwrap();
            assert!(tests.contains(&format!("fn {named}()")), "{named} is not in {last:?}");
        }
    }
}
