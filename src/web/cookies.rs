//! What a browser keeps for a page: how it is read, and the way back once it was chosen.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, REFERER};

/// The first cookie of this name.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The path of the page that the form stood on; never another site.
pub fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let url = referer.and_then(|referer| url::Url::parse(referer).ok());
    match url.map(|url| url.path().to_owned()) {
        Some(path) if !path.starts_with("//") => path,
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::REFERER;

    use super::back;

    #[test]
    fn the_way_back_stays_in_the_house() {
        let mut headers = HeaderMap::new();
        for (referer, path) in [
            ("http://127.0.0.1:8484/notes?q=1", "/notes"),
            ("http://evil.example//evil.example/x", "/"),
            ("nonsense", "/"),
        ] {
            headers.insert(REFERER, referer.parse().unwrap());
            assert_eq!(back(&headers), path);
        }
    }
}
