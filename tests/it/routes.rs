//! Every route, and who may use it. The list is read off the router itself, so a new route shows up
//! here without anybody thinking of it; `INSTA_UPDATE=always` writes it anew.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use steward::features;
use steward::testing::{Browser, TestApp};
use steward::web::public;
use steward::web::session::COOKIE;
use tower::ServiceExt as _;

const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";
const EVE: [(&str, &str); 2] = [("name", "eve"), ("password", "long enough it is")];

/// Path and methods of every route of a house.
pub fn table(house: &TestApp) -> BTreeMap<String, Vec<Method>> {
    let api = printed_table(&format!("{:?}", features::api(house.app.clone())));
    let pages = printed_table(&format!("{:?}", features::pages()));
    let api = api.into_iter().map(|(path, methods)| (format!("/api{path}"), methods));
    pages.into_iter().chain(api).collect()
}

/// Path and methods of every route, as a router prints itself. Its router of fallbacks numbers its
/// own routes from the start again, so that part is left out.
fn printed_table(printed: &str) -> BTreeMap<String, Vec<Method>> {
    let printed = printed.split("fallback_router:").next().unwrap();
    let number = |text: &str| text.split(')').next().unwrap().parse::<u32>().unwrap();
    let mut methods = BTreeMap::new();
    for route in printed.split("RouteId(").skip(1).filter(|it| it.contains("): MethodRouter(")) {
        // The two fallbacks of the router itself answer every method and have no list of them.
        let Some(allowed) = route.split("allow_header: Bytes(b\"").nth(1) else { continue };
        methods.insert(number(route), allowed.split('"').next().unwrap().to_owned());
    }
    let mut table: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for route in printed.split("RouteId(").skip(1) {
        let Some((_, path)) = route.split_once("): \"") else { continue };
        let path = path.split('"').next().unwrap();
        let Some(allowed) = methods.get(&number(route)).filter(|_| path.starts_with('/')) else {
            continue;
        };
        let each = allowed.split(',').map(|method| method.parse::<Method>().unwrap());
        table.entry(path.to_owned()).or_default().extend(each.filter(|it| it != Method::HEAD));
    }
    table
}

struct Probe {
    house: TestApp,
    cookie: String,
}

impl Probe {
    /// What somebody is told; the body is not waited for, since a stream has no end.
    async fn status(&self, method: &Method, path: &str, signed_in: bool) -> StatusCode {
        let path: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { NOBODYS_ID } else { part })
            .collect();
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path.join("/"))
            .header("host", "127.0.0.1:8484")
            .header("sec-fetch-site", "same-origin");
        if signed_in {
            request = request.header("cookie", format!("{COOKIE}={}", self.cookie));
        }
        let request = match path[1] {
            "api" => request.header("content-type", "application/json").body(Body::from("{}")),
            _ => request.body(Body::empty()),
        };
        self.house.router().oneshot(request.unwrap()).await.unwrap().status()
    }
}

#[tokio::test]
async fn every_route_says_who_may_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let new = json!({"username": EVE[0].1, "password": EVE[1].1});
    assert_eq!(house.post("/api/admin/users", &new).await.status, 200);
    let eve = Browser::new(house.router(), "192.0.2.7:1000");
    assert_eq!(eve.submit("/login", &EVE).await.status, 303);
    let routes = table(&house);
    let probe = Probe { house, cookie: eve.cookie(COOKIE).unwrap() };
    let mut lines = Vec::new();
    for (path, methods) in &routes {
        let versioned = path.replacen("/api", "/api/v1", 1);
        for method in methods {
            let stranger = probe.status(method, path, false).await;
            assert_eq!(probe.status(method, &versioned, false).await, stranger, "{versioned}");
            let turned_away = matches!(stranger, StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER);
            if public::is_public(path) {
                lines.push(format!("{path} {method}: anybody"));
                continue;
            }
            assert!(turned_away, "{method} {path} told a stranger {stranger}");
            let mut admin = false;
            // Signing out would end the probing.
            if path != "/logout" {
                let told = probe.status(method, path, true).await;
                assert_ne!(told, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert!(told != StatusCode::INTERNAL_SERVER_ERROR, "{method} {path} broke");
                admin = told == StatusCode::FORBIDDEN;
            }
            let keys = public::scopes_wanted(method, path);
            let keys: Vec<&str> = keys.iter().map(|scope| scope.name()).collect();
            let keys = match path.split('/').nth(1) {
                Some("api" | "v1" | "ws" | "mcp") if keys.is_empty() => "; any key".to_owned(),
                Some("api" | "v1" | "ws" | "mcp") => format!("; key {}", keys.join("|")),
                _ => String::new(),
            };
            let who = if admin { "admin" } else { "user" };
            lines.push(format!("{path} {method}: {who}{keys}"));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
