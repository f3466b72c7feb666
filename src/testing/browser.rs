//! A browser as far as the house can tell: it keeps cookies, follows nothing, and says which site
//! it comes from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use serde_json::Value;
use tower::ServiceExt as _;

const BODY_BYTES_MAX: usize = 8 << 20;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

pub struct Browser {
    router: Router,
    cookies: Mutex<BTreeMap<String, String>>,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Seen {
    pub status: u16,
    /// Where it leads on, or "".
    pub location: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    /// `303 /chat`, or the status alone.
    pub fn brief(&self) -> String {
        format!("{} {}", self.status, self.location).trim_end().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|err| panic!("{err}: {}", self.text))
    }
}

impl Browser {
    /// A browser without any cookies, at `address`, such as "192.0.2.7:1000".
    pub fn new(router: Router, address: &str) -> Browser {
        let address = address.parse().expect("an address and a port");
        Browser { router, cookies: Mutex::default(), address }
    }

    pub async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, None, "").await
    }

    /// Sends a form.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, Some("application/x-www-form-urlencoded"), &form).await
    }

    /// As the page's own script would.
    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Seen {
        self.send(method, path, Some("application/json"), &body.to_string()).await
    }

    /// The value of a cookie it holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(name).cloned()
    }

    pub fn forget(&self, name: &str) {
        self.cookies.lock().expect("cookies").remove(name);
    }

    async fn send(&self, method: &str, path: &str, typed: Option<&str>, body: &str) -> Seen {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8484")
            .header(header::USER_AGENT, AGENT)
            .header("sec-fetch-site", "same-origin");
        let jar = self.cookies.lock().expect("cookies").clone();
        let cookies: Vec<String> =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(typed) = typed {
            request = request.header(header::CONTENT_TYPE, typed);
        }
        let mut request = request.body(Body::from(body.to_owned())).expect("a request");
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.expect("never fails");
        self.keep(response.headers());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let location = headers.get(header::LOCATION).and_then(|it| it.to_str().ok()).unwrap_or("");
        let location = location.to_owned();
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body");
        Seen { status, location, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    fn keep(&self, headers: &HeaderMap) {
        let mut jar = self.cookies.lock().expect("cookies");
        for line in headers.get_all(header::SET_COOKIE).iter().filter_map(|it| it.to_str().ok()) {
            let Some((name, value)) = line.split(';').next().and_then(|it| it.split_once('='))
            else {
                continue;
            };
            if line.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
