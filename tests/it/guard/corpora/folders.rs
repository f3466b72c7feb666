//! However a path is written and whatever lies in a folder, nothing outside of it is read, written
//! or deleted, and nothing that is no file keeps the house waiting. The program reads no archives,
//! so there are none here.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Request;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use steward::testing::{ADA, TestApp};

const KEYS: &str = "the keys of the house";

/// Ada's own folder, and somebody else's beside it.
struct House {
    app: TestApp,
    own: PathBuf,
    other: PathBuf,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::open(folder.path()).await;
        let own = folder.path().join("data/files").join(ADA.to_string());
        let other = folder.path().join(format!("data/files/{ADA}-other"));
        fs::create_dir_all(own.join("sub")).unwrap();
        fs::create_dir_all(&other).unwrap();
        fs::write(own.join("a.txt"), "alpha").unwrap();
        fs::write(own.join("sub/b.txt"), "beta").unwrap();
        fs::write(other.join("key"), KEYS).unwrap();
        House { app, own, other, _folder: folder }
    }

    async fn get(&self, what: &str, path: &str) -> String {
        let query = serde_urlencoded::to_string([("path", path)]).unwrap();
        self.app.get(&format!("/api/my/{what}?{query}")).await.text
    }

    async fn read(&self, path: &str) -> String {
        self.get("files/download", path).await
    }

    async fn delete(&self, path: &str) {
        let query = serde_urlencoded::to_string([("path", path)]).unwrap();
        let request = Request::delete(format!("/api/my/files?{query}")).body(Body::empty());
        self.app.send(request.unwrap()).await;
    }

    async fn write(&self, folder: &str) {
        let query = serde_urlencoded::to_string([("path", folder)]).unwrap();
        let body = "--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"new\"\r\n\r\nx\r\n--line--\r\n";
        let request = Request::post(format!("/api/my/files?{query}"))
            .header("content-type", "multipart/form-data; boundary=line")
            .body(Body::from(body));
        self.app.send(request.unwrap()).await;
    }

    /// What lies beside is as it was.
    fn assert_untouched(&self, by: &str) {
        let names: Vec<_> =
            fs::read_dir(&self.other).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["key"], "{by:?}");
        assert_eq!(fs::read_to_string(self.other.join("key")).unwrap(), KEYS, "{by:?}");
    }
}

/// Paths to what lies beside: `{o}` is its name, `{a}` its whole path, `{w}` the own folder's.
const PATHS: [&str; 46] = [
    "../{o}",
    "/../{o}",
    "./../{o}",
    "..//{o}",
    "../../files/{o}",
    "sub/../../{o}",
    "sub/../sub/../../{o}",
    "sub/./../../{o}",
    "none/../../{o}",
    "a.txt/../../{o}",
    "./././../{o}",
    "../{o}/.",
    "../{o}/../{o}",
    "../../../../../../../../../..{a}",
    "{a}",
    "/{a}",
    "//{a}",
    "/.{a}",
    "/..{a}",
    "{w}/../{o}",
    "{w}-other",
    "{w}/../../files/{o}",
    "file://{a}",
    "~/../{o}",
    "$HOME/../{o}",
    "..\\{o}",
    "..%2f{o}",
    "%2e%2e/{o}",
    "%252e%252e/{o}",
    "．．/{o}",
    "‥/{o}",
    ".../{o}",
    "..;/{o}",
    "..\u{200b}/{o}",
    "..\n/{o}",
    "a.txt\0/../../{o}",
    "../\0{o}",
    "/proc/self/root{a}",
    "/proc/self/cwd/../..{a}",
    "/proc/1/root{a}",
    "/proc/thread-self/root{a}",
    "/dev/fd/../../..{a}",
    // Links that lie in the folder.
    "folder",
    "upwards",
    "twice",
    "magic{a}",
];

#[tokio::test]
async fn no_spelling_of_a_path_and_no_link_leads_out_of_a_folder() {
    let house = House::new().await;
    let name = house.other.file_name().unwrap().to_str().unwrap();
    let links = [
        ("folder", house.other.to_str().unwrap().to_owned()),
        ("upwards", format!("../{name}")),
        ("twice", "sub/again".to_owned()),
        ("sub/again", format!("../../{name}")),
        ("magic", "/proc/self/root".to_owned()),
    ];
    for (link, to) in links {
        symlink(to, house.own.join(link)).unwrap();
    }
    let (all, own) = (house.other.to_str().unwrap(), house.own.to_str().unwrap());
    for path in PATHS {
        let path = path.replace("{o}", name).replace("{a}", all).replace("{w}", own);
        let key = format!("{path}/key");
        for said in [house.read(&key).await, house.get("files", &path).await] {
            assert!(!said.contains(KEYS) && !said.contains("\"key\""), "{path:?}: {said}");
        }
        house.write(&path).await;
        house.delete(&key).await;
        house.assert_untouched(&path);
    }
    assert_eq!(house.read("/a.txt").await, "alpha");
    assert_eq!(house.read("./sub//b.txt").await, "beta");
}

/// A hard link is the file itself: whoever may make one in the folder could as well copy the file.
/// It is never written through, and deleting it takes this name alone away.
#[tokio::test]
async fn a_hard_link_is_never_written_through() {
    let house = House::new().await;
    fs::hard_link(house.other.join("key"), house.own.join("new")).unwrap();
    house.write("").await;
    house.assert_untouched("writing");
    house.delete("new").await;
    house.assert_untouched("deleting");
    assert!(!house.own.join("new").exists());
}

#[tokio::test]
async fn what_is_no_file_keeps_nobody_waiting() {
    let house = House::new().await;
    let make = |name: &str, kind, device| {
        mknodat(CWD, house.own.join(name), kind, Mode::RUSR | Mode::WUSR, device)
    };
    make("pipe", FileType::Fifo, 0).unwrap();
    make("open-pipe", FileType::Fifo, 0).unwrap();
    let held = fs::OpenOptions::new().read(true).write(true).open(house.own.join("open-pipe"));
    let _socket = UnixListener::bind(house.own.join("socket")).unwrap();
    for (name, to) in [
        ("zero", "/dev/zero"),
        ("input", "/dev/stdin"),
        ("console", "/dev/tty"),
        ("descriptor", "/proc/self/fd/0"),
        ("memory", "/proc/self/mem"),
        ("to-pipe", "pipe"),
        ("round", "round"),
    ] {
        symlink(to, house.own.join(name)).unwrap();
    }
    let mut names = vec!["pipe", "open-pipe", "socket", "to-pipe", "round", "sub"];
    names.extend(["zero", "input", "console", "descriptor", "memory"]);
    // Only root makes devices.
    names.extend(make("device", FileType::CharacterDevice, 0x0105).is_ok().then_some("device"));
    for name in &names {
        let said = house.read(name).await;
        let known =
            ["is not a file", "leads out of", "leads nowhere", "can't be opened", "no right"];
        assert!(known.iter().any(|end| said.contains(end)), "{name}: {said}");
    }
    let found = house.app.ask("search files for alpha").await;
    assert!(found.contains("a.txt"), "{found}");
    drop(held);
}

/// Somebody swaps what lies in the folder with what leads out, while it is read, listed, written
/// and deleted.
#[tokio::test(flavor = "multi_thread")]
async fn no_swap_in_the_middle_shows_a_byte_from_outside() {
    let house = House::new().await;
    fs::create_dir_all(house.own.join("deep/er")).unwrap();
    fs::write(house.own.join("deep/er/key"), "harmless").unwrap();
    fs::write(house.own.join("file"), "harmless").unwrap();
    let (deep, file) = (house.own.join("out"), house.own.join("link"));
    fs::create_dir(&deep).unwrap();
    symlink(&house.other, deep.join("er")).unwrap();
    symlink(house.other.join("key"), &file).unwrap();
    let away = house.other.parent().unwrap().join("away");
    fs::create_dir(&away).unwrap();
    let swaps = [
        (house.own.join("deep"), deep),
        (house.own.join("file"), file),
        (house.own.join("sub"), away),
    ];
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::Relaxed) {
                swaps.iter().for_each(|(one, other)| swap(one, other));
            }
        }
    });
    let mut harmless = 0;
    for round in 0..500 {
        for path in ["deep/er/key", "file", "sub/../file", "sub/b.txt"] {
            let said = house.read(path).await;
            assert!(!said.contains(KEYS), "{path}: {said}");
            harmless += usize::from(said == "harmless");
        }
        // Writing waits for the disk each time.
        if round % 10 == 0 {
            house.write("deep/er").await;
            house.delete("deep/er/new").await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(harmless > 0);
    house.assert_untouched("swapping");
}

fn swap(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

#[tokio::test]
async fn a_files_name_is_shown_as_a_person_would_see_it() {
    let house = House::new().await;
    let names = [
        ("plan\n- keys.txt", "plan - keys.txt"),
        ("plan\u{202e}fdp.exe", "planfdp.exe"),
        ("plan\u{1b}[31m red", "plan red"),
        ("pl\u{200b}an\u{e0041} seen", "plan seen"),
        ("plan\rover", "plan over"),
    ];
    for (name, _) in names {
        fs::write(house.own.join(name), "roses").unwrap();
    }
    let listed = house.app.ask("list my files").await;
    let by_words = house.app.ask("search files for roses").await;
    let by_name = house.app.ask("search files for pl").await;
    for (_, shown) in names {
        for said in [&listed, &by_words, &by_name] {
            assert!(said.contains(&format!("- {shown}")), "{shown}: {said}");
        }
    }
    for said in [listed, by_words, by_name] {
        assert!(!said.contains(['\u{202e}', '\u{1b}', '\u{200b}', '\u{e0041}', '\r']), "{said:?}");
    }
}
