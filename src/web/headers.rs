//! The headers that every answer carries, so that a page can run nothing and ask nobody but us.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::response::Response;

/// No inline script or style, nothing from elsewhere; HTML enters the page through the script's
/// one policy, `steward`, alone, and the one worker through the policy `push`.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'; require-trusted-types-for 'script'; trusted-types steward push";

const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    browsing-topics=()";

/// `same-origin`, not `no-referrer`: under the latter browsers send `Origin: null` with our own
/// forms, and the check against forms of other sites needs the true one.
const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, CSP),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (CACHE_CONTROL, "private, no-cache"),
];

/// For `axum::middleware::map_response`. A header that the handler set itself stays: a file
/// preview has its own policy, an asset its own lifetime.
pub async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
    use axum::response::IntoResponse as _;

    use super::secure;

    #[tokio::test]
    async fn nothing_unsafe_and_nothing_overwritten() {
        let response = secure(([(CACHE_CONTROL, "no-store")], "hi").into_response()).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let csp = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!csp.contains("unsafe") && !csp.contains('*') && !csp.contains("  "));
    }
}
