//! Every long-lived part, built once by `daemon` and handed down. Cheap to clone.

pub mod framed;
mod shell;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use crate::agent::Agents;
use crate::spawn::Spawner;
use crate::web::shell::Nav;
use crate::web::standing::Standing;

#[derive(Clone)]
pub struct App {
    /// The loop and what it works with: database, clock, settings, vault, guard, outside.
    pub agents: Agents,
    pub nav: Arc<Nav>,
    pub spawner: Spawner,
    /// Ends what is open when who opened it is no longer let in.
    pub standing: Standing,
    /// Where the house is listened for, once its door is open.
    pub bound: Arc<OnceLock<SocketAddr>>,
}

impl App {
    /// The address for a browser on this machine, where no base address is set. What listens on all
    /// addresses is reached on the machine's own.
    pub fn local_address(&self) -> SocketAddr {
        let listen = self.config.get().server.listen;
        let mut address = self.bound.get().copied().unwrap_or(listen);
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        address
    }
}

impl std::ops::Deref for App {
    type Target = Agents;
    fn deref(&self) -> &Agents {
        &self.agents
    }
}
