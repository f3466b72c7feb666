//! One running program owns its data folder, and nobody else may look in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use insta::assert_snapshot;
use steward::data_folder::DataFolder;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b");
    let first = DataFolder::open(&path).unwrap_or_else(|err| panic!("{err}"));
    let second = DataFolder::open(&path).err().expect("it is taken");
    assert_snapshot!(second.to_string().replace(dir.path().to_str().unwrap(), "DIR"), @"Another steward is already running on DIR/a/b; stop it first, or give this one another folder with --data-dir.");
    drop(first);
    assert!(DataFolder::open(&path).is_ok());
}

#[test]
fn what_is_in_the_folder_is_for_its_user_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let folder = DataFolder::open(&path).unwrap_or_else(|err| panic!("{err}"));
    let _socket = folder.listen().unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("files")), 0o700, "it is there from the first start on");
    assert_eq!(mode(&path.join("steward.sock")), 0o600);
    assert_eq!(mode(&path.join("steward.lock")), 0o600);
}

#[test]
fn a_socket_left_by_a_killed_process_is_replaced_and_ours_is_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("steward.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let folder = DataFolder::open(dir.path()).unwrap_or_else(|err| panic!("{err}"));
    let _listener = folder.listen().unwrap_or_else(|err| panic!("{err}"));
    assert!(UnixStream::connect(&socket).is_ok());
    drop(folder);
    assert!(!socket.exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_told_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let told = |path: std::path::PathBuf| {
        let err = DataFolder::open(&path).and_then(|folder| folder.listen().map(drop));
        err.expect_err("it can't be used").to_string().replace(dir.path().to_str().unwrap(), "DIR")
    };
    fs::write(dir.path().join("file"), "").unwrap();
    assert_snapshot!(told(dir.path().join("file")), @"DIR/file can't be the data folder, for a file is in its place; give the path of a folder with --data-dir.");
    assert_snapshot!(told(dir.path().join("file/inner")), @"DIR/file/inner can't be the data folder, for a file is in its place; give the path of a folder with --data-dir.");
    let long = "x".repeat(120);
    assert_snapshot!(told(dir.path().join(&long)).replace(&long, "LONG"), @"DIR/LONG/steward.sock is too long for the path of a socket; choose a shorter data folder.");
}
