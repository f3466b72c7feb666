//! What a request changes is changed whole: who hangs up meanwhile leaves nothing half-done.

use anyhow::anyhow;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::spawn::Spawner;
use crate::web::error::Refusal;

/// A handler is dropped with its connection, between any two steps. One that only reads may be.
pub async fn to_its_end(State(spawner): State<Spawner>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (reply, answer) = oneshot::channel();
    spawner.spawn_to_end(async move {
        // Nobody waits for the answer any more, or it is heard.
        let _ = reply.send(next.run(request).await);
    });
    let cut_off =
        |_| Refusal::from(Error::internal(anyhow!("a request was cut off"))).into_response();
    answer.await.unwrap_or_else(cut_off)
}
