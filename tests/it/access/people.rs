//! More than one person, and what the audit says of them.

use insta::assert_snapshot;
use serde_json::json;

use super::{FAR, Fresh, PASSWORD, sign_in};

#[tokio::test]
async fn a_house_has_more_than_one_person() {
    let (fresh, ada) = Fresh::owned().await;
    let new = json!({"username": "Eve", "password": "long enough it is", "role": "user"});
    let id =
        ada.json("POST", "/api/admin/users", &new).await.json()["id"].as_str().unwrap().to_owned();
    let new = json!({"username": "eve", "password": "long enough it is"});
    assert_eq!(ada.json("POST", "/api/admin/users", &new).await.status, 409);
    let list = ada.get("/api/admin/users").await.json();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|it| it["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ada", "Eve"]);
    assert_eq!(list[1]["is_active"], true);
    assert_eq!(list[1]["mfa_enabled"], false);

    let eve = fresh.browser(FAR);
    let form = [("name", "eve"), ("password", "long enough it is")];
    assert_eq!(eve.submit("/login", &form).await.brief(), "303 /chat");
    assert_eq!(eve.get("/api/me").await.json()["role"], "user");
    for path in ["/api/admin/users", "/api/admin/lockouts", "/api/settings/limits"] {
        assert_eq!(eve.get(path).await.status, 403, "{path}");
    }
    // Her list of keys is hers.
    fresh.key(json!({"name": "of Ada"})).await;
    assert_eq!(eve.get("/api/tokens").await.json()["total"], 0);

    let path = format!("/api/admin/users/{id}");
    assert_eq!(ada.json("PUT", &path, &json!({"role": "admin"})).await.status, 200);
    assert_eq!(eve.get("/api/admin/users").await.status, 200);
    assert_eq!(ada.json("PUT", &path, &json!({"is_active": false})).await.status, 200);
    assert_eq!(eve.get("/api/me").await.status, 401);
    assert_eq!(eve.submit("/login", &form).await.status, 422);
    let own = ada.get("/api/me").await.json()["id"].as_str().unwrap().to_owned();
    for (method, body) in [
        ("DELETE", json!({})),
        ("PUT", json!({"role": "user"})),
        ("PUT", json!({"is_active": false})),
    ] {
        let last = ada.json(method, &format!("/api/admin/users/{own}"), &body).await;
        assert_eq!(last.status, 409, "{}", last.text);
    }
    assert_eq!(ada.json("DELETE", &path, &json!({})).await.status, 200);
    assert_eq!(ada.get(&path).await.status, 404);
}

#[tokio::test]
async fn what_happened_at_the_door_is_in_the_audit_and_no_secret_is() {
    let (fresh, ada) = Fresh::owned().await;
    sign_in(&fresh.browser(FAR), "wrong wrong wrong").await;
    let key = fresh.key(json!({"name": "laptop"})).await;
    ada.json(
        "POST",
        "/api/admin/users",
        &json!({"username": "eve", "password": "long enough it is"}),
    )
    .await;
    let rows = fresh.house.read(|r| {
        r.rows("select actor || ' ' || action || ' ' || target || ' ' || detail from audit order by seq", (), |row| {
            row.get::<_, String>(0)
        })
    });
    let rows = rows.await.join("\n");
    for secret in [PASSWORD, "wrong wrong wrong", "long enough it is", &key] {
        assert!(!rows.contains(secret), "{rows}");
    }
    let rows = rows.replace(&key[..10], "stw_PREFIX");
    assert_snapshot!(rows, @r#"
    user access.setup Ada {}
    user access.login Ada {"address":"192.0.2.7","device":"Firefox on Linux"}
    system access.login_failed ada {"address":"198.51.100.9"}
    user tokens.create laptop {"prefix":"stw_PREFIX","scopes":["*"]}
    user users.create eve {"role":"user"}
    "#);
}
