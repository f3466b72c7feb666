//! A command while nothing runs: the house is opened for it alone, asked, and closed again.

use axum::body::Body;
use axum::http::Request;
use axum::{Extension, Router};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::failure::Failure;
use crate::clock::Clock;
use crate::config::Loaded;
use crate::data_folder::DataFolder;
use crate::web::caller::OverSocket;
use crate::{daemon, features};

/// What the API would have answered over the socket.
pub(super) async fn post(loaded: Loaded, path: &str, body: &Value) -> Result<Value, Failure> {
    let folder = DataFolder::open(&loaded.config.data.dir)?;
    let app = daemon::build(loaded, &folder, Clock::System).await?;
    let router: Router = features::router(app.clone()).layer(Extension(OverSocket));
    let request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .map_err(|_| Failure::usage(format!("{path:?} can't be asked for.")))?;
    let answer = router.oneshot(request).await;
    let response = answer.unwrap_or_else(|never| match never {});
    let status = response.status();
    let bytes: Bytes = response
        .into_body()
        .collect()
        .await
        .map_err(|err| Failure::new(format!("The answer broke off: {err}.")))?
        .to_bytes();
    app.spawner.close().await;
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if status.is_success() { Ok(answer) } else { Err(Failure::from_api(status.as_u16(), &answer)) }
}
