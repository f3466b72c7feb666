//! The two doors: TCP for browsers and programs, a unix socket for the command line.

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::ListenerExt as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};

use super::connections::{self, Limits};
use crate::app::App;
use crate::data_folder::DataFolder;
use crate::web::caller::OverSocket;

/// At each door. Well below the 1,024 files that a program may have open where nobody says otherwise,
/// and longer than proxies keep a connection that they don't use.
const LIMITS: Limits = Limits { connections: 384, idle: Duration::from_secs(75) };

pub struct Listeners {
    tcp: TcpListener,
    socket: UnixListener,
}

pub async fn bind(app: &App, folder: &DataFolder) -> anyhow::Result<Listeners> {
    let address = app.config.get().server.listen;
    let tcp = TcpListener::bind(address).await.map_err(|err| match err.kind() {
        std::io::ErrorKind::AddrInUse => anyhow!(
            "Another program listens on {address}. Stop it, or choose another address with --listen."
        ),
        _ => anyhow!("Can't listen on {address}: {err}. Choose another address with --listen."),
    })?;
    // Port 0 asks for any that is free.
    let _ = app.bound.set(tcp.local_addr().context("The address can't be told")?);
    let socket = UnixListener::from_std(folder.listen()?).context("The socket can't be used")?;
    Ok(Listeners { tcp, socket })
}

/// Serves both until the house closes and the last answer is out.
pub fn serve(listeners: Listeners, router: Router, app: &App) {
    // A token is forwarded as it arrives: no waiting for a fuller packet.
    let tcp = listeners.tcp.tap_io(|stream| {
        if let Err(err) = stream.set_nodelay(true) {
            tracing::debug!("TCP_NODELAY: {err}");
        }
    });
    let over_tcp = connections::take_in(tcp, app.spawner.clone(), LIMITS, {
        let router = router.clone();
        move |address, request: &mut Request| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(address));
            router.clone()
        }
    });
    let over_socket = connections::take_in(listeners.socket, app.spawner.clone(), LIMITS, {
        move |_, request: &mut Request| {
            request.extensions_mut().insert(OverSocket);
            router.clone()
        }
    });
    app.spawner.spawn_to_end(over_tcp);
    app.spawner.spawn_to_end(over_socket);
}
