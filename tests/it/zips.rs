//! A folder as one zip: whole, of its owner alone, and never of what lies elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Cursor, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use futures_util::StreamExt as _;
use serde_json::Value;
use steward::agent::ASSISTANT;
use steward::testing::{ADA, TestApp};
use steward::web::caller::OverSocket;
use tower::ServiceExt as _;
use zip::ZipArchive;

use crate::callers::{EVE, add_eve, as_user, key};

const ZIP: &str = "/api/my/files/download-zip";

struct House {
    app: TestApp,
    /// Ada's own folder.
    own: PathBuf,
    folder: tempfile::TempDir,
}

struct Sent {
    status: StatusCode,
    headers: HeaderMap,
    body: BodyDataStream,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::open(folder.path()).await;
        let own = folder.path().join("data/files").join(ADA.to_string());
        std::fs::create_dir_all(&own).unwrap();
        House { app, own, folder }
    }

    fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.own.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// What Ada gets, as it comes.
    async fn fetch(&self, path: &str) -> Sent {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(OverSocket);
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> Sent {
        let response = self.app.router().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        Sent { status: head.status, headers: head.headers, body: body.into_data_stream() }
    }

    async fn files(&self, path: &str) -> BTreeMap<String, Vec<u8>> {
        let sent = self.fetch(path).await;
        assert_eq!(sent.status, 200, "{path}");
        unpacked(&joined(sent.body).await)
    }

    async fn refused(&self, path: &str) -> String {
        let sent = self.fetch(path).await;
        let body: Value = serde_json::from_slice(&joined(sent.body).await).unwrap();
        format!("{} {}", sent.status.as_u16(), body["error"])
    }
}

async fn pieces(body: BodyDataStream) -> Vec<Bytes> {
    body.map(|piece| piece.unwrap()).collect().await
}

async fn joined(body: BodyDataStream) -> Vec<u8> {
    pieces(body).await.concat()
}

/// Names, those of folders with a `/` behind them, and bytes; each checked against its sum.
fn unpacked(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(file.enclosed_name().is_some(), "{name} leads out");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert!(files.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    files
}

fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

/// More than one piece of it.
fn big() -> Vec<u8> {
    (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

#[tokio::test]
async fn all_own_files_come_in_one_zip_to_the_last_byte() {
    let house = House::new().await;
    house.put("big.bin", big());
    house.put("nothing.txt", "");
    house.put("Gärten/Übersicht – 1.txt", "Rosen");
    std::fs::create_dir(house.own.join("empty")).unwrap();
    let sent = house.fetch(ZIP).await;
    assert_eq!(sent.status, 200);
    assert_eq!(sent.headers[header::CONTENT_TYPE], "application/zip");
    let name = &sent.headers[header::CONTENT_DISPOSITION];
    assert_eq!(name, "attachment; filename*=UTF-8''files.zip");
    let files = unpacked(&joined(sent.body).await);
    let all = ["Gärten/", "Gärten/Übersicht – 1.txt", "big.bin", "empty/", "nothing.txt"];
    assert_eq!(names(&files), all);
    assert_eq!(files["Gärten/Übersicht – 1.txt"], b"Rosen");
    assert!(files["big.bin"] == big() && files["nothing.txt"].is_empty());
    let page = format!("/agents/{ASSISTANT}/files/download-zip?path=");
    assert_eq!(house.files(&page).await, files, "the page's button gives the same");

    let one = house.fetch(&format!("{ZIP}?path=/G%C3%A4rten")).await;
    let name = &one.headers[header::CONTENT_DISPOSITION];
    assert_eq!(name, "attachment; filename*=UTF-8''G%C3%A4rten.zip");
    assert_eq!(names(&unpacked(&joined(one.body).await)), ["Übersicht – 1.txt"]);
}

#[tokio::test]
async fn an_empty_folder_is_an_empty_zip() {
    let house = House::new().await;
    assert!(house.files(ZIP).await.is_empty());
    std::fs::create_dir(house.own.join("empty")).unwrap();
    assert!(house.files(&format!("{ZIP}?path=empty")).await.is_empty());
}

#[tokio::test]
async fn a_zip_is_made_while_it_is_fetched_and_leaves_out_what_is_gone_by_then() {
    let house = House::new().await;
    house.put("a.bin", big());
    house.put("b.txt", "deleted");
    house.put("c.txt", "made a link");
    house.put("d.txt", "still there");
    let mut body = house.fetch(ZIP).await.body;
    let mut made = vec![body.next().await.unwrap().unwrap()];
    std::fs::remove_file(house.own.join("b.txt")).unwrap();
    std::fs::remove_file(house.own.join("c.txt")).unwrap();
    symlink(house.folder.path().join("config.toml"), house.own.join("c.txt")).unwrap();
    made.extend(pieces(body).await);
    assert!(made.len() > 2 && made.iter().all(|piece| piece.len() < 200_000), "{}", made.len());
    let files = unpacked(&made.concat());
    assert_eq!(names(&files), ["a.bin", "d.txt"]);
    assert_eq!(files["a.bin"], big());
}

#[tokio::test]
async fn links_are_left_out_and_no_path_leads_out_of_the_folder() {
    let house = House::new().await;
    house.put("plan.txt", "Roses");
    std::fs::write(house.folder.path().join("config.toml"), "").unwrap();
    symlink(house.folder.path().join("config.toml"), house.own.join("config")).unwrap();
    symlink(house.folder.path(), house.own.join("out")).unwrap();
    symlink("plan.txt", house.own.join("same")).unwrap();
    assert_eq!(names(&house.files(ZIP).await), ["plan.txt"]);
    let mut refused = Vec::new();
    for query in ["path=out", "path=../..", "path=none", "path=plan.txt", "folder=x"] {
        refused.push(format!("{query}: {}", house.refused(&format!("{ZIP}?{query}")).await));
    }
    insta::assert_snapshot!(refused.join("\n"), @r#"
    path=out: 403 "out leads out of its folder through a link."
    path=../..: 403 "../.. leads upwards with `..`; write the path itself."
    path=none: 404 "There is no such file."
    path=plan.txt: 400 "plan.txt can't be opened that way; check the path."
    folder=x: 400 "There is no parameter \"folder\" here. There is: path."
    "#);
}

#[tokio::test]
async fn no_name_is_unpacked_elsewhere_than_in_its_folder() {
    let house = House::new().await;
    for name in ["..\\..\\evil.txt", "C:evil", "a\nb", "a:b", "a\\b", ".. /x.txt", ".hidden"] {
        house.put(name, name);
    }
    house.put(OsStr::from_bytes(b"caf\xe9.txt"), "old");
    let files = house.files(ZIP).await;
    let found: Vec<(&str, &str)> =
        files.iter().map(|(name, bytes)| (&**name, std::str::from_utf8(bytes).unwrap())).collect();
    assert_eq!(
        found,
        [
            (".._.._evil.txt", "..\\..\\evil.txt"),
            (".hidden", ".hidden"),
            ("C_evil", "C:evil"),
            ("___/", ""),
            ("___/x.txt", ".. /x.txt"),
            ("a_b", "a\nb"),
            ("a_b (2)", "a:b"),
            ("a_b (3)", "a\\b"),
            ("caf\u{fffd}.txt", "old"),
        ]
    );
}

#[tokio::test]
async fn everybody_gets_their_own_files_and_nobody_elses() {
    let house = House::new().await;
    house.put("adas.txt", "Ada's");
    add_eve(&house.app).await;
    let eves = house.folder.path().join("data/files").join(EVE.to_string());
    std::fs::create_dir_all(&eves).unwrap();
    std::fs::write(eves.join("eves.txt"), "Eve's").unwrap();
    assert_eq!(names(&house.files(ZIP).await), ["adas.txt"]);
    for path in [ZIP.to_owned(), format!("/api/agents/{ASSISTANT}/files/download-zip")] {
        let key = key(&house.app, EVE, &["read"]).await;
        let request = Request::get(&path).header("x-api-key", key).body(Body::empty()).unwrap();
        let sent = house.send(request).await;
        assert_eq!(names(&unpacked(&joined(sent.body).await)), ["eves.txt"], "{path}");
    }
    let chats = Request::get(ZIP).body(Body::empty()).unwrap();
    assert_eq!(as_user(&house.app, &["chat"], chats).await.status, 403);
    let stranger = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(house.send(stranger(ZIP)).await.status, 401);
    let page = house.send(stranger(&format!("/agents/{ASSISTANT}/files/download-zip"))).await;
    assert_eq!(page.status, 303);
    assert!(page.headers[header::LOCATION].to_str().unwrap().starts_with("/login?next="));
}

#[tokio::test]
async fn what_is_too_much_for_one_zip_is_refused_before_it_begins() {
    let house = House::new().await;
    house.put("films/one.bin", "");
    let film = std::fs::File::create(house.own.join("films/one.bin")).unwrap();
    film.set_len((2 << 30) + 1).unwrap();
    insta::assert_snapshot!(house.refused(ZIP).await, @r#"400 "There are files of more than 2048 MB together in the folder. Take the folders in it one by one.""#);
    film.set_len(0).unwrap();
    for n in 0..9_997 {
        house.put(format!("many/{n}"), "");
    }
    assert_eq!(house.files(ZIP).await.len(), 10_000, "two folders and the film are with them");
    house.put("one more", "");
    insta::assert_snapshot!(house.refused(ZIP).await, @r#"400 "There are more than 10000 files and folders in the folder. Take the folders in it one by one.""#);
    assert_eq!(house.files(&format!("{ZIP}?path=films")).await.len(), 1);
}
