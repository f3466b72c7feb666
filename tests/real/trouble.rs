//! What can be wrong with the machine, the folder or the settings: each is said in one
//! sentence that tells what to do, nothing is lost, and no secret is shown.

use std::fs;
use std::net::TcpListener;

use crate::house::House;

#[tokio::test]
async fn a_port_in_use_is_named() {
    let house = House::new(&[]);
    let _taken = TcpListener::bind(("127.0.0.1", house.port())).unwrap();
    let said = house.refuses_to_start(&[]).await;
    assert!(said.err.contains(&house.port().to_string()), "{}", said.err);
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_refused_and_the_first_lives_on() {
    let (mut house, key) = House::lived_in(&[]).await;
    let said = house.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("already"), "{}", said.err);
    key.get("/status").await;
    house.stop().await;
}

#[tokio::test]
async fn a_stop_and_a_start_lose_nothing() {
    let (mut house, _) = House::lived_in(&[]).await;
    house.run(&["ask", "note: boiler serviced in May"]).await.done();
    house.stop().await;
    house.start().await;
    let found = house.run(&["ask", "find boiler"]).await.done();
    assert!(found.contains("boiler serviced in May"), "{found}");
}

#[tokio::test]
async fn a_read_only_data_folder_is_named() {
    let house = House::on_a_disk("ro,size=1m");
    let said = house.refuses_to_start(&[]).await;
    assert!(said.err.contains(house.data().to_str().unwrap()), "{}", said.err);
}

#[tokio::test]
async fn a_full_disk_is_said_and_with_room_again_all_that_was_accepted_is_there() {
    const NOTES_MAX: usize = 400;
    let mut house = House::on_a_disk("size=6m");
    house.start().await;
    house.set_up().await;
    let key = house.key("*").await;
    house.run(&["ask", "note: boiler serviced in May"]).await.done();
    let mut accepted = 0;
    let refused = loop {
        let long = "the letter goes on and on ".repeat(1_500);
        let said = house.run(&["ask", &format!("note: letter{accepted} {long}")]).await;
        if said.code != Some(0) {
            break said;
        }
        accepted += 1;
        assert!(accepted < NOTES_MAX, "the disk is full at some time");
    };
    assert!(accepted > 0);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("full"), "{}", refused.err);
    assert!(!house.log().contains("panicked"), "{}", house.log());
    house.run(&["audit", "verify"]).await.done();

    house.remount("size=24m").await;
    for again in [false, true] {
        if again {
            house.stop().await;
            house.start().await;
        }
        let found = house.run(&["ask", "find boiler"]).await.done();
        assert!(found.contains("boiler serviced in May"), "{found}");
        for number in 0..accepted {
            let notes = key.get(&format!("/notes?q=letter{number}")).await;
            assert_eq!(notes["total"], 1, "letter {number}, after a restart: {again}");
        }
        house.run(&["audit", "verify"]).await.done();
    }
    assert!(!house.log().contains("panicked"), "{}", house.log());
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let (mut house, _) = House::lived_in(&[]).await;
    house.stop().await;
    let file = house.data().join("steward.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 9_999).unwrap();
    let before = fs::read(&file).unwrap();
    let said = house.refuses_to_start(&[]).await;
    assert!(said.err.contains("newer"), "{}", said.err);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_wrong_master_key_is_refused_and_the_right_one_still_opens() {
    let (mut house, _) = House::lived_in(&[]).await;
    house.stop().await;
    let file = house.data().join("master.key");
    let right = fs::read(&file).unwrap();
    let wrong = "ab".repeat(32);
    fs::write(&file, &wrong).unwrap();
    let said = house.refuses_to_start(&[]).await;
    assert!(said.err.contains("master key"), "{}", said.err);
    assert!(!said.err.contains(&wrong), "{}", said.err);
    fs::write(&file, right).unwrap();
    house.start().await;
}

#[tokio::test]
async fn the_master_key_and_the_socket_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (house, _) = House::lived_in(&[]).await;
    for name in ["master.key", "steward.sock"] {
        let mode = fs::metadata(house.data().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[tokio::test]
async fn a_broken_config_is_named_with_the_nearest_key() {
    let house = House::new(&[]);
    let file = house.path().join("config.toml");
    let path = file.to_str().unwrap();
    fs::write(&file, "[server]\nlisen = \"127.0.0.1:1\"\n").unwrap();
    let said = house.refuses_to_start(&["--config", path]).await;
    assert!(said.err.contains("server.lisen") && said.err.contains("listen"), "{}", said.err);
    fs::write(&file, "[server\n").unwrap();
    let said = house.refuses_to_start(&["--config", path]).await;
    assert!(said.err.contains(path), "{}", said.err);
    assert!(!house.data().join("steward.db").exists());
}

#[tokio::test]
async fn commands_say_when_nothing_runs_and_when_they_are_misspelt() {
    let house = House::new(&[]);
    let said = house.run(&["ask", "help"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("steward"), "{}", said.err);
    let said = house.run(&["approvls", "ls"]).await;
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("approvals"), "{}", said.err);
}
