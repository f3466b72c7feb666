//! Stylesheet, script and icons, out of the binary, at URLs that change with their content.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::error::Error;

const HASH_CHARS: usize = 12;
const FOREVER: &str = "public, max-age=31536000, immutable";
/// For a page that was open during an upgrade and asks for what was there before.
const NOT_AT_ALL: &str = "no-cache";

#[derive(rust_embed::RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    name: String,
    url: String,
    hash: String,
    body: Cow<'static, [u8]>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| Files::iter().filter_map(load).collect());

fn load(name: Cow<'static, str>) -> Option<Asset> {
    let file = Files::get(&name)?;
    let hash = hex::encode(file.metadata.sha256_hash())[..HASH_CHARS].to_owned();
    let (stem, ending) = name.rsplit_once('.')?;
    let url = format!("/static/{stem}.{hash}.{ending}");
    Some(Asset { name: name.to_string(), url, hash, body: file.data })
}

/// The URL of a file in `static/`, for templates: `url("app.css")`. A test holds the names used
/// against the files that are there.
pub fn url(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.url.as_str())
}

/// One icon of the sprite, for templates: `icon("bell")`. It says nothing to a screen reader, so a
/// word has to stand beside it.
pub fn icon(name: &str) -> Icon<'_> {
    Icon(name)
}

pub struct Icon<'a>(&'a str);

impl fmt::Display for Icon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, name) = (url("icons.svg"), self.0);
        debug_assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        write!(f, r##"<svg class="icon" aria-hidden="true"><use href="{url}#{name}"/></svg>"##)
    }
}

impl askama::filters::HtmlSafe for Icon<'_> {}

/// `/static/…`; open to everybody, the login page needs it.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{*path}", get(serve))
}

async fn serve(Path(path): Path<String>) -> Response {
    let Some((asset, fresh)) = find(&path) else {
        let message = Error::NotFound("file").to_string();
        return (axum::http::StatusCode::NOT_FOUND, message).into_response();
    };
    let cache = if fresh { FOREVER } else { NOT_AT_ALL };
    let headers = [(CONTENT_TYPE, kind(&asset.name)), (CACHE_CONTROL, cache)];
    let body = match &asset.body {
        Cow::Borrowed(bytes) => axum::body::Body::from(*bytes),
        Cow::Owned(bytes) => axum::body::Body::from(bytes.clone()),
    };
    (headers, body).into_response()
}

/// `app.0123456789ab.css` → the asset `app.css`, and whether that is its hash of today.
fn find(path: &str) -> Option<(&'static Asset, bool)> {
    let (rest, ending) = path.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    let name = format!("{stem}.{ending}");
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    Some((asset, asset.hash == hash))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Files, find, kind, url};

    #[test]
    fn a_url_leads_to_its_file() {
        let (asset, fresh) = find(url("app.css").trim_start_matches("/static/")).unwrap();
        assert_eq!((asset.name.as_str(), fresh), ("app.css", true));
        let (_, fresh) = find("app.000000000000.css").unwrap();
        assert!(!fresh);
        assert!(find("app.css").is_none() && find("../Cargo.toml").is_none());
    }

    #[test]
    fn every_file_has_a_type() {
        for name in Files::iter() {
            assert_ne!(kind(&name), "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn templates_ask_only_for_what_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sprite = fs::read_to_string(root.join("static/icons.svg")).unwrap();
        let mut folders = vec![root.join("templates"), root.join("src")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for name in named(&text, "assets::icon(\"").chain(named(&text, "icon: \"")) {
                    assert!(
                        sprite.contains(&format!("id=\"{name}\"")),
                        "{path:?} wants icon {name}"
                    );
                }
                for name in named(&text, "assets::url(\"") {
                    assert_ne!(url(name), "", "{path:?} wants {name}");
                }
            }
        }
    }

    fn named<'a>(text: &'a str, call: &'static str) -> impl Iterator<Item = &'a str> {
        text.split(call).skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn the_stylesheet_stays_small() {
        assert!(Files::get("app.css").unwrap().data.len() < 25_000);
        let script = Files::get("app.js").unwrap().data;
        assert!(std::str::from_utf8(&script).unwrap().lines().count() <= 200);
    }
}
