//! Web push: what a browser is told, only that browser can read, and only this house can have said.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Signer};
use serde_json::{Value, json};
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::{ModelServer, Seen};

use super::MINUTE;

/// A browser that subscribed; it reads one message, for its key is used up by that.
struct Browser {
    key: EphemeralPrivateKey,
    public_key: Vec<u8>,
    auth: [u8; 16],
}

impl Browser {
    fn new() -> Browser {
        let key = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public_key = key.compute_public_key().unwrap().as_ref().to_vec();
        Browser { key, public_key, auth: *b"sixteen bytes ok" }
    }

    fn subscription(&self, peer: &ModelServer) -> Value {
        json!({
            "endpoint": format!("http://{}/push/abc-canary?d=1", peer.addr()),
            "expirationTime": null,
            "keys": {
                "p256dh": URL_SAFE_NO_PAD.encode(&self.public_key),
                "auth": URL_SAFE_NO_PAD.encode(self.auth),
            },
            "name": "Chrome on Linux",
        })
    }

    /// RFC 8291 and RFC 8188 from the other side.
    fn read(self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        assert_eq!(rest[..5], [0, 0, 16, 0, 65]);
        let (theirs, sealed) = rest[5..].split_at(65);
        let theirs_key = UnparsedPublicKey::new(&ECDH_P256, theirs);
        let shared = agree_ephemeral(self.key, &theirs_key, <[u8]>::to_vec).unwrap();
        let info = [b"WebPush: info\0", &self.public_key[..], theirs].concat();
        let secret = derive::<32>(&self.auth, &shared, &info);
        let key = derive::<16>(salt, &secret, b"Content-Encoding: aes128gcm\0");
        let nonce = derive::<12>(salt, &secret, b"Content-Encoding: nonce\0");
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).unwrap();
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the last record ends so");
        serde_json::from_slice(&plain[..end]).unwrap()
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(&[info], Length(N)).unwrap().fill(&mut bytes).unwrap();
    bytes
}

async fn open(folder: &tempfile::TempDir, peer: &ModelServer) -> TestApp {
    let config = format!("{}[guard]\nprivate_allowed = [\"{}\"]\n", super::LINKED, peer.addr());
    TestApp::with_config(folder.path(), &config).await
}

async fn house() -> (tempfile::TempDir, TestApp, ModelServer) {
    let (folder, peer) = (tempfile::tempdir().unwrap(), ModelServer::start().await);
    let house = open(&folder, &peer).await;
    (folder, house, peer)
}

async fn subscribe(house: &TestApp, peer: &ModelServer, browser: &Browser) -> String {
    let made = house.post("/api/push/subscriptions", &browser.subscription(peer)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("canary") && !made.text.contains("auth\":\""), "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn took() -> Answer {
    Answer::status(201, "")
}

/// The claims of the note that a push carries, once its signature was checked.
fn signed(push: &Seen, house_key: &str) -> Value {
    let words = push.headers["authorization"].strip_prefix("vapid t=").unwrap();
    let (note, key) = words.split_once(", k=").unwrap();
    assert_eq!(key, house_key);
    let (said, signature) = note.rsplit_once('.').unwrap();
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    Signer::new(&ECDSA_P256_SHA256_FIXED, key).verify(said.as_bytes(), &signature).unwrap();
    let part = |text: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (header, claims) = said.split_once('.').unwrap();
    assert_eq!(part(header), json!({"typ": "JWT", "alg": "ES256"}));
    part(claims)
}

#[tokio::test]
async fn a_browser_reads_what_it_is_told_and_knows_who_says_it() {
    let (_folder, house, peer) = house().await;
    peer.always(took());
    let browser = Browser::new();
    subscribe(&house, &peer, &browser).await;
    house.ask("remind me in 1 minute to ring Zoë").await;
    house.advance(MINUTE).await;
    house.advance(MINUTE).await;
    let pushes = peer.requests();
    assert_eq!((pushes.len(), pushes[0].path.as_str()), (1, "/push/abc-canary?d=1"));
    let push = &pushes[0];
    let header = |name: &str| push.headers[name].as_str();
    assert_eq!(
        (header("content-encoding"), header("ttl"), header("urgency")),
        ("aes128gcm", "86400", "normal")
    );
    assert_eq!(header("topic").len(), 32);
    assert!(!String::from_utf8_lossy(&push.body).contains("Zo"));
    let key = house.get("/api/push/key").await.json()["public_key"].as_str().unwrap().to_owned();
    let claims = signed(push, &key);
    assert_eq!(claims["aud"], format!("http://{}", peer.addr()));
    assert_eq!(claims["sub"], "https://steward.example.org/");
    let ends = Timestamp::from_second(claims["exp"].as_i64().unwrap()).unwrap();
    let left = ends.duration_since(house.app.clock.now());
    assert!(SignedDuration::ZERO < left && left <= SignedDuration::from_hours(24));
    let said = browser.read(&push.body);
    assert_eq!((&said["title"], &said["body"]), (&json!("Steward"), &json!("Reminder: ring Zoë")));
    assert!(said["url"].as_str().unwrap().starts_with("/chat/"), "{said}");
}

#[tokio::test]
async fn the_houses_key_stays_the_same_and_is_never_shown() {
    let (folder, house, peer) = house().await;
    let key = house.get("/api/push/key").await.json();
    drop(house);
    let house = open(&folder, &peer).await;
    assert_eq!(house.get("/api/push/key").await.json(), key);
    let shown = house.get("/api/credentials/secret:web-push").await;
    assert_ne!(shown.status, StatusCode::OK, "{}", shown.text);
}

#[tokio::test]
async fn a_browser_that_took_its_subscription_back_is_told_nothing_more() {
    let (_folder, house, peer) = house().await;
    let id = subscribe(&house, &peer, &Browser::new()).await;
    peer.answer(Answer::status(410, ""));
    house.ask("remind me in 1 minute to stretch").await;
    house.advance(MINUTE).await;
    let channel = house.get(&format!("/api/notifications/channels/{id}")).await.json();
    assert_eq!((&channel["state"], &channel["server"]), (&json!("stopped"), &json!("127.0.0.1")));
    insta::assert_snapshot!(channel["why"].as_str().unwrap(), @"127.0.0.1 says that the browser took its subscription back. Subscribe again in it.");
    assert!(!house.get("/notifications/channels").await.text.contains("canary"));
}

#[tokio::test]
async fn a_browser_that_subscribes_again_is_the_same_channel() {
    let (_folder, house, peer) = house().await;
    let browser = Browser::new();
    let id = subscribe(&house, &peer, &browser).await;
    let again = house.post("/api/push/subscriptions", &browser.subscription(&peer)).await;
    assert_eq!((again.status, again.json()["id"].as_str()), (StatusCode::OK, Some(id.as_str())));
    let listed = house.get("/api/push/subscriptions").await.json();
    assert_eq!(
        (&listed["total"], &listed["subscriptions"][0]["name"]),
        (&json!(1), &json!("Chrome on Linux"))
    );
}

#[tokio::test]
async fn a_subscription_leads_nowhere_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let peer = ModelServer::start().await;
    let browser = Browser::new();
    let refused = async |change: Value| {
        let mut body = browser.subscription(&peer);
        change.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        let answer = house.post("/api/push/subscriptions", &body).await;
        format!(
            "{} {}",
            answer.status.as_u16(),
            answer.json()["error"].as_str().unwrap_or_default()
        )
    };
    insta::assert_snapshot!(refused(json!({})).await, @"400 A push service is reached over https alone.");
    insta::assert_snapshot!(refused(json!({"keys": {"p256dh": "AAAA", "auth": "AAAA"}, "endpoint": "https://p.example/x"})).await, @"400 That is not the public key of a browser's subscription.");
    assert_eq!(refused(json!({"endpoint": format!("https://{}/x", peer.addr())})).await, "201 ");
    let id = house.get("/api/push/subscriptions").await.json()["subscriptions"][0]["id"].clone();
    let path = format!("/api/notifications/channels/{}/test", id.as_str().unwrap());
    let told = house.post(&path, &json!({})).await.json();
    assert_eq!(told["ok"], false);
    insta::assert_snapshot!(told["message"].as_str().unwrap(), @"127.0.0.1 is this machine itself, and is not reached from here.");
    assert!(peer.requests().is_empty());
}
