//! What the owner opened, and nothing else.

use std::fs;

use jiff::ToSpan as _;
use steward::error::{Error, Result};
use steward::guard::allowed::Recipient;
use steward::guard::whitelist;
use steward::ids::UserId;

use super::{ANN, House, by, now};

fn said<T>(answer: Result<T>) -> String {
    answer.err().map(|err| err.to_string()).unwrap_or_default()
}

fn ann() -> Recipient {
    whitelist::parse_address("ann@example.org").unwrap()
}

#[tokio::test]
async fn addresses_are_added_once_and_removed() {
    let house = House::new().await;
    let add =
        |text: &'static str| house.write(move |tx| whitelist::add_address(tx, text, 10, &by()));
    add("Ann@Example.ORG").await.unwrap();
    assert_eq!(said(add("ann@example.org").await), "ann@example.org is on the list already.");
    add("ann@bücher.example").await.unwrap();
    let list = house.db.read(|reader| whitelist::list_addresses(reader, now())).await.unwrap();
    let names: Vec<&str> = list.iter().map(|it| it.address.as_str()).collect();
    assert_eq!(names, ["ann@example.org", "ann@xn--bcher-kva.example"]);
    let remove = || house.write(|tx| whitelist::remove_address(tx, ANN, "ANN@example.org", &by()));
    remove().await.unwrap();
    assert!(matches!(remove().await, Err(Error::NotFound(_))));
}

#[test]
fn only_one_bare_address_is_an_address() {
    let bad = [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@b@example.org",
        "Ann <ann@example.org>",
        "ann@example.org, bob@example.org",
        "ann@example.org\nBcc: bob@example.org",
        "a b@example.org",
        "ann@exa mple.org",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "\"ann\"@example.org",
        "ann@example.org>",
    ];
    for text in bad {
        assert!(whitelist::parse_address(text).is_err(), "{text}");
    }
    assert_eq!(
        whitelist::parse_address(" Ann.B+x@Example.org ").unwrap().address,
        "ann.b+x@example.org"
    );
}

#[tokio::test]
async fn the_daily_limit_ends_the_days_mails_and_no_more() {
    let house = House::new().await;
    house.write(|tx| whitelist::add_address(tx, "ann@example.org", 2, &by())).await.unwrap();
    let send = |at| house.write(move |tx| whitelist::count_send(tx, &ann(), at));
    send(now()).await.unwrap();
    send(now()).await.unwrap();
    assert_eq!(
        said(send(now()).await),
        "The daily limit of 2 for ann@example.org is used up; it starts anew at midnight UTC."
    );
    send(now() + 24.hours()).await.unwrap();
    // Two that were both allowed before either was sent: the second finds the limit reached.
    let late = now() + 24.hours();
    let both = house.write(move |tx| {
        whitelist::count_send(tx, &ann(), late)?;
        whitelist::count_send(tx, &ann(), late)
    });
    assert!(said(both.await).contains("used up"));
}

#[tokio::test]
async fn an_address_that_left_the_list_gets_no_mail() {
    let house = House::new().await;
    house.write(|tx| whitelist::add_address(tx, "ann@example.org", 0, &by())).await.unwrap();
    let sent = house.write(|tx| {
        whitelist::remove_address(tx, ANN, "ann@example.org", &by())?;
        whitelist::count_send(tx, &ann(), now())
    });
    assert_eq!(said(sent.await), "ann@example.org is not on the whitelist of addresses.");
}

#[tokio::test]
async fn domains_are_kept_in_their_plain_form() {
    let house = House::new().await;
    let add =
        |text: &'static str| house.write(move |tx| whitelist::add_domain(tx, text, "", &by()));
    add("Example.ORG").await.unwrap();
    add("*.bücher.example").await.unwrap();
    assert!(matches!(add("example.org").await, Err(Error::Conflict(_))));
    assert!(matches!(add("*.co.uk").await, Err(Error::Invalid { .. })));
    assert!(matches!(add("https://x").await, Err(Error::Invalid { .. })));
    let list = house.db.read(whitelist::list_domains).await.unwrap();
    let names: Vec<&str> = list.iter().map(|it| it.value.as_str()).collect();
    assert_eq!(names, ["*.xn--bcher-kva.example", "example.org"]);
    house.write(|tx| whitelist::remove_domain(tx, ANN, "*.BÜCHER.example", &by())).await.unwrap();
}

#[tokio::test]
async fn browser_trust_is_each_users_own() {
    let house = House::new().await;
    let (ann, bob) = (ANN, UserId::from_u128(2));
    let add = |user| {
        house.write(move |tx| whitelist::add_trusted(tx, user, "example.org", "shop", &by()))
    };
    add(ann).await.unwrap();
    assert!(matches!(add(ann).await, Err(Error::Conflict(_))));
    assert!(house.db.read(move |r| whitelist::list_trusted(r, bob)).await.unwrap().is_empty());
    add(bob).await.unwrap();
    house.write(move |tx| whitelist::remove_trusted(tx, ann, "example.org", &by())).await.unwrap();
    assert_eq!(house.db.read(move |r| whitelist::list_trusted(r, bob)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_folder_must_exist_and_is_kept_canonical() {
    let house = House::new().await;
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().canonicalize().unwrap();
    fs::create_dir(root.join("documents")).unwrap();
    fs::write(root.join("file"), "x").unwrap();
    std::os::unix::fs::symlink(root.join("documents"), root.join("link")).unwrap();
    let data_dir = house.folder.path().to_owned();
    fs::create_dir(data_dir.join("files")).unwrap();
    let add = |path: std::path::PathBuf| {
        let data_dir = data_dir.clone();
        house.write(move |tx| {
            whitelist::add_folder(tx, path.to_str().unwrap(), "", &data_dir, &by())
        })
    };
    add(root.join("link/../documents")).await.unwrap();
    assert!(matches!(add(root.join("link")).await, Err(Error::Conflict(_))));
    for (bad, why) in [
        (root.join("absent"), "can't be opened"),
        (root.join("file"), "is a file"),
        ("documents".into(), "whole path"),
        (data_dir.clone(), "stays closed"),
        (data_dir.join("files"), "stays closed"),
        ("/".into(), "stays closed"),
        ("/etc".into(), "belongs to the system"),
        ("/proc/self".into(), "belongs to the system"),
    ] {
        let added = add(bad.clone()).await;
        assert!(matches!(&added, Err(Error::Invalid { field, .. }) if field == "path"), "{bad:?}");
        assert!(said(added).contains(why), "{bad:?}");
    }
    let list = house.db.read(whitelist::list_folders).await.unwrap();
    assert_eq!(list[0].value, root.join("documents").to_str().unwrap());
}

#[tokio::test]
async fn a_path_is_allowed_beneath_an_opened_folder_only() {
    let house = House::new().await;
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().canonicalize().unwrap();
    let (data_dir, opened) = (house.folder.path().to_owned(), root.to_str().unwrap().to_owned());
    house.write(move |tx| whitelist::add_folder(tx, &opened, "", &data_dir, &by())).await.unwrap();
    let own = house.folder.path().join("files/ann");
    let place = |path: String| {
        let own = own.clone();
        house.db.read(move |reader| whitelist::allow_path(reader, &own, &path))
    };
    let inside = place(format!("{}/a/./b.txt", root.display())).await.unwrap();
    assert_eq!((&inside.get().root, inside.get().beneath.to_str()), (&root, Some("a/b.txt")));
    let relative = place("notes/x.md".to_owned()).await.unwrap();
    assert_eq!((&relative.get().root, relative.get().beneath.to_str()), (&own, Some("notes/x.md")));
    for bad in [
        "../bob/x".to_owned(),
        "a/../../x".to_owned(),
        "/etc/passwd".to_owned(),
        format!("{}/../x", root.display()),
        format!("{}x/y", root.display()),
        "a\0b".to_owned(),
    ] {
        assert!(matches!(place(bad.clone()).await, Err(Error::Denied(_))), "{bad}");
    }
}

#[tokio::test]
async fn every_change_of_a_list_stands_in_the_ledger() {
    let house = House::new().await;
    house.write(|tx| whitelist::add_address(tx, "ann@example.org", 0, &by())).await.unwrap();
    house.write(|tx| whitelist::add_domain(tx, "example.org", "", &by())).await.unwrap();
    house.write(|tx| whitelist::remove_domain(tx, ANN, "example.org", &by())).await.unwrap();
    let listed = house.db.read(|r| steward::audit::list(r, &Default::default(), 1, 50)).await;
    let lines: Vec<String> =
        listed.unwrap().0.iter().map(|row| format!("{} {}", row.action, row.target)).collect();
    assert_eq!(
        lines,
        [
            "whitelist_domains.remove example.org",
            "whitelist_domains.add example.org",
            "whitelist_addresses.add ann@example.org",
        ]
    );
}
