//! The master key, as the program itself meets it: what stands in its way is a refusal to start and
//! never an empty vault, and it can be replaced while the house runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use insta::assert_snapshot;
use serde_json::Value;

use crate::startup::{House, lived_in};

const PASSWORD: &str = "long enough it is";
const VALUE: &str = "hunter2hunter2";

/// Runs a command against the house; its answer.
fn run(house: &House, args: &[&str]) -> Output {
    house.command().args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    out + &String::from_utf8_lossy(&output.stderr)
}

fn done(house: &House, args: &[&str]) -> String {
    let output = run(house, args);
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    said(&output)
}

/// Gives a house its owner and a credential; it must be running.
fn furnish(house: &House) {
    let file = house.beside("password");
    fs::write(&file, PASSWORD).unwrap();
    done(house, &["setup", "--owner", "ada", "--password-file", file.to_str().unwrap()]);
    request(
        house,
        "POST",
        "/api/credentials",
        &format!(r#"{{"key":"mail:work","value":"{VALUE}"}}"#),
    );
}

/// What the socket answers.
fn request(house: &House, method: &str, path: &str, body: &str) -> Value {
    use std::io::{Read as _, Write as _};
    let mut socket = std::os::unix::net::UnixStream::connect(house.data("steward.sock")).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

fn value(house: &House) -> String {
    let found = request(house, "GET", "/api/credentials/mail:work", "");
    found["value"].as_str().unwrap().to_owned()
}

fn key(house: &House) -> Vec<u8> {
    fs::read(house.data("master.key")).unwrap()
}
#[test]
fn a_wrong_or_missing_master_key_is_refused_and_the_right_one_still_opens() {
    let house = lived_in();
    let file = house.data("master.key");
    let right = key(&house);
    fs::write(&file, "ab".repeat(32)).unwrap();
    assert_snapshot!(house.refusal(), @"steward: The master key does not open this vault. Put the right master.key (or passphrase) back, from the same backup as the database, and start again.");
    fs::remove_file(&file).unwrap();
    assert_snapshot!(house.refusal(), @"steward: The key file DIR/data/master.key is missing, and the saved credentials can't be read without it. Put it back from your backup and start again.");
    assert!(!file.exists(), "a new key would hide that the old one is lost");
    fs::write(&file, right).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(house.start().stop(), 0);
}

#[test]
fn a_key_file_that_is_cut_short_or_open_to_others_is_refused() {
    let house = lived_in();
    let file = house.data("master.key");
    let right = key(&house);
    for rest in [&right[..40], &right[..63], b"", b"nonsense"] {
        fs::write(&file, rest).unwrap();
        let told = house.refusal();
        assert!(told.contains("master.key does not hold a key (64 hex digits). Put it"), "{told}");
        assert_eq!(key(&house), rest, "it is left as it was found");
    }
    fs::write(&file, &right).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(house.refusal(), @"steward: The key file DIR/data/master.key can be read by others (mode 0644). Make it private with `chmod 600 DIR/data/master.key` and start again.");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_snapshot!(house.refusal(), @"steward: The key file DIR/data/master.key is not a plain file. Put the file itself there.");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, &right).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(house.start().stop(), 0);
}

#[test]
fn a_vault_with_a_passphrase_needs_it() {
    let mut house = House::new();
    let passphrase = ("STEWARD_VAULT__PASSPHRASE", "correct horse battery".to_owned());
    house.env.push(passphrase);
    assert_eq!(house.start().stop(), 0);
    house.env[0].1 = "wrong horse battery".to_owned();
    assert_snapshot!(house.refusal(), @"steward: The master key does not open this vault. Put the right master.key (or passphrase) back, from the same backup as the database, and start again.");
    house.env.clear();
    assert_snapshot!(house.refusal(), @"steward: This vault is locked with a passphrase, and none is configured. Set it and start again.");
}

#[test]
fn a_passphrase_may_stand_in_a_file_or_a_systemd_credential() {
    let mut house = House::new();
    let folder = house.beside("given");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("vault.passphrase"), "correct horse battery\n").unwrap();
    let file = folder.join("vault.passphrase").to_str().unwrap().to_owned();
    house.env.push(("STEWARD_VAULT__PASSPHRASE_FILE", file));
    assert_eq!(house.start().stop(), 0);
    assert!(!house.data("master.key").exists());
    house.env = vec![("CREDENTIALS_DIRECTORY", folder.to_str().unwrap().to_owned())];
    assert_eq!(house.start().stop(), 0);
    fs::write(folder.join("vault.passphrase"), "").unwrap();
    let told = house.refusal();
    assert!(told.contains("vault.passphrase") && told.contains("is empty"), "{told}");
}

#[test]
fn a_key_from_systemd_is_used_and_never_replaced() {
    let mut house = House::new();
    let folder = house.beside("given");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("vault.key");
    house.env.push(("CREDENTIALS_DIRECTORY", folder.to_str().unwrap().to_owned()));
    fs::write(&file, "ab".repeat(32)).unwrap();
    let running = house.start();
    furnish(&house);
    assert!(!house.data("master.key").exists());
    let told = run(&house, &["vault", "rotate"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(said(&told).contains("rotate with `--key-file new.key`"), "{}", said(&told));
    let new = house.beside("new.key");
    fs::write(&new, "cd".repeat(32)).unwrap();
    let told = done(&house, &["vault", "rotate", "--key-file", new.to_str().unwrap()]);
    assert!(
        told.contains("Put the new key in the old one's place before the next start"),
        "{told}"
    );
    assert_eq!(value(&house), VALUE);
    assert_eq!(running.stop(), 0);
    assert!(house.refusal().contains("does not open this vault"));
    fs::rename(new, &file).unwrap();
    let running = house.start();
    assert_eq!(value(&house), VALUE);
    assert_eq!(running.stop(), 0);
    fs::remove_file(&file).unwrap();
    // Without its credential the program looks for its own key file.
    assert!(house.refusal().contains("is missing"));
    assert!(!house.data("master.key").exists());
}

#[test]
fn the_key_is_replaced_while_the_house_runs_and_while_it_does_not() {
    let house = House::new();
    let running = house.start();
    furnish(&house);
    let first = key(&house);
    let told = done(&house, &["vault", "rotate"]);
    assert!(
        told.starts_with("The vault has a new master key; 1 credential is under it."),
        "{told}"
    );
    let second = key(&house);
    assert_ne!(first, second);
    assert_eq!(value(&house), VALUE);
    let log = request(&house, "GET", "/api/audit?per_page=5", "").to_string();
    assert!(log.contains("vault.rotate"), "{log}");
    assert_eq!(running.stop(), 0);
    done(&house, &["vault", "rotate"]);
    assert_ne!(key(&house), second);
    assert_eq!(fs::metadata(house.data("master.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let running = house.start();
    assert_eq!(value(&house), VALUE);
    done(&house, &["audit", "verify"]);
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_new_passphrase_opens_the_vault_from_then_on() {
    let mut house = House::new();
    house.env.push(("STEWARD_VAULT__PASSPHRASE", "correct horse battery".to_owned()));
    let running = house.start();
    furnish(&house);
    let file = house.beside("passphrase");
    fs::write(&file, "correct horse staple\n").unwrap();
    let rotate = ["vault", "rotate", "--passphrase-file", file.to_str().unwrap()];
    let told = done(&house, &rotate);
    assert!(told.contains("Put the new passphrase where the old one is set"), "{told}");
    assert!(!told.contains("staple"), "{told}");
    assert_eq!(value(&house), VALUE);
    assert_eq!(running.stop(), 0);
    assert!(house.refusal().contains("does not open this vault"));
    house.env[0].1 = "correct horse staple".to_owned();
    let running = house.start();
    assert_eq!(value(&house), VALUE);
    let told = run(&house, &["vault", "rotate", "--key-file", file.to_str().unwrap()]);
    assert!(said(&told).contains("locked with a passphrase"), "{}", said(&told));
    assert_eq!(running.stop(), 0);
}

#[test]
fn the_help_says_what_to_give_for_which_key() {
    let help = done(&House::new(), &["vault", "rotate", "--help"]);
    for part in ["master.key", "--passphrase-file", "--key-file", "openssl rand -hex 32"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[tokio::test]
async fn only_the_command_line_rotates() {
    let folder = tempfile::tempdir().unwrap();
    let house = steward::testing::TestApp::open(folder.path()).await;
    let rotate = axum::http::Request::post("/api/vault/rotate")
        .header("content-type", "application/json")
        .body(axum::body::Body::from("{}"))
        .unwrap();
    let refused = crate::callers::with_token(&house, &["*"], rotate).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(refused.text.contains("by its command line"), "{}", refused.text);
}
