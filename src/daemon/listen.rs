//! The two doors: TCP for browsers and programs, a unix socket for the command line.

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::serve::ListenerExt as _;
use std::net::SocketAddr;
use tokio::net::{TcpListener, UnixListener};

use crate::app::App;
use crate::data_folder::DataFolder;
use crate::web::caller::OverSocket;

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
    let (stop_tcp, stop_socket) = (app.spawner.stopping(), app.spawner.stopping());
    // A token is forwarded as it arrives: no waiting for a fuller packet.
    let tcp = listeners.tcp.tap_io(|stream| {
        if let Err(err) = stream.set_nodelay(true) {
            tracing::debug!("TCP_NODELAY: {err}");
        }
    });
    let over_tcp = router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let over_tcp = axum::serve(tcp, over_tcp)
        .with_graceful_shutdown(async move { stop_tcp.cancelled().await });
    let over_socket = router.layer(axum::Extension(OverSocket)).into_make_service();
    let over_socket = axum::serve(listeners.socket, over_socket)
        .with_graceful_shutdown(async move { stop_socket.cancelled().await });
    let both = async move {
        let (tcp, socket) = tokio::join!(over_tcp.into_future(), over_socket.into_future());
        for err in [tcp, socket].into_iter().filter_map(Result::err) {
            tracing::error!("a door closed: {err}");
        }
    };
    app.spawner.spawn_to_end(both);
}
