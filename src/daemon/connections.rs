//! Connections at one door: so many at once, each for as long as something is asked on it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::spawn::Spawner;

#[derive(Clone, Copy)]
pub struct Limits {
    /// Open at once; who comes then waits until one ends.
    pub connections: usize,
    /// From the end of one answer to the end of the next request's head.
    pub idle: Duration,
}

/// Takes connections in until the house closes. `enter` marks each request with the door that it came
/// by, and says who answers.
pub async fn take_in<L: Listener>(
    mut door: L,
    spawner: Spawner,
    limits: Limits,
    enter: impl Fn(L::Addr, &mut Request) -> Router + Clone + Send + Sync + 'static,
) where
    L::Addr: Clone + Sync,
{
    let stop = spawner.stopping();
    let room = Arc::new(Semaphore::new(limits.connections));
    let next = async {
        loop {
            let place = room.clone().acquire_owned().await.expect("nobody closes the room");
            let (io, address) = door.accept().await;
            let enter = enter.clone();
            let answer = move |request: hyper::Request<Incoming>| {
                let mut request = request.map(Body::new);
                enter(address.clone(), &mut request).oneshot(request)
            };
            let stop = spawner.stopping();
            spawner.spawn_to_end(async move {
                talk(io, limits.idle, stop, answer).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = next => {}
    }
}

/// Answers what is asked on one connection, to the end of the last answer when the house closes.
async fn talk<A>(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    idle: Duration,
    stop: CancellationToken,
    answer: impl Fn(hyper::Request<Incoming>) -> A + Send + 'static,
) where
    A: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(idle);
    let connection = http.serve_connection(TokioIo::new(io), service_fn(answer)).with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(err) = ended {
        tracing::debug!("a connection ended: {err}");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const LIMITS: Limits = Limits { connections: 2, idle: Duration::from_millis(300) };

    async fn house() -> (std::net::SocketAddr, Spawner) {
        let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, spawner) = (door.local_addr().unwrap(), Spawner::default());
        let router = Router::new().route("/", get(|| async { "here" }));
        let taking = take_in(door, spawner.clone(), LIMITS, move |_, _| router.clone());
        spawner.spawn_to_end(taking);
        (address, spawner)
    }

    /// What comes until the house hangs up.
    async fn hear(mut line: TcpStream) -> String {
        let mut heard = String::new();
        let read = line.read_to_string(&mut heard);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("an end").unwrap();
        heard
    }

    #[tokio::test]
    async fn who_asks_nothing_or_half_a_question_is_hung_up_on() {
        let (address, spawner) = house().await;
        for said in ["", "GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let mut line = TcpStream::connect(address).await.unwrap();
            line.write_all(said.as_bytes()).await.unwrap();
            let heard = hear(line).await;
            assert_eq!(heard.ends_with("here"), said.ends_with("\r\n\r\n"), "{said}: {heard}");
        }
        spawner.close().await;
    }

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_answered_once_one_is_free() {
        let (address, spawner) = house().await;
        let idle = [TcpStream::connect(address).await, TcpStream::connect(address).await];
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        assert!(hear(third).await.ends_with("here"));
        drop(idle);
        spawner.close().await;
    }
}
