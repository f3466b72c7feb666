//! Where a request comes from, seen past the proxies that the config trusts.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};

use crate::config::Server;
use crate::web::caller::OverSocket;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The part of an IPv6 address that a household has for itself.
const HOUSE_BITS: u32 = 64;

/// As text, for lists and lockouts: an IPv6 address stands for its whole house.
pub fn address(extensions: &Extensions, headers: &HeaderMap, server: &Server) -> String {
    if extensions.get::<OverSocket>().is_some() {
        return "socket".to_owned();
    }
    match ip(extensions, headers, server) {
        Some(IpAddr::V6(address)) => {
            let house = address.to_bits() >> HOUSE_BITS << HOUSE_BITS;
            format!("{}/{HOUSE_BITS}", Ipv6Addr::from_bits(house))
        }
        Some(address) => address.to_string(),
        None => "unknown".to_owned(),
    }
}

/// Read from right to left, skipping the hops that are trusted; nothing is believed of others.
fn ip(extensions: &Extensions, headers: &HeaderMap, server: &Server) -> Option<IpAddr> {
    let peer = direct(extensions)?;
    if !trusted(peer, server) {
        return Some(peer);
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        let Some(hop) = hop_address(hop) else { return Some(nearest) };
        nearest = hop;
        if !trusted(hop, server) {
            break;
        }
    }
    Some(nearest)
}

/// The host that the browser asked for, as a trusted proxy tells it.
pub fn forwarded_host<'h>(
    extensions: &Extensions,
    headers: &'h HeaderMap,
    server: &Server,
) -> Option<&'h str> {
    let peer = direct(extensions)?;
    if !trusted(peer, server) {
        return None;
    }
    headers.get(FORWARDED_HOST)?.to_str().ok()
}

fn direct(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())
}

fn trusted(address: IpAddr, server: &Server) -> bool {
    server.trusted_proxies.iter().any(|network| network.contains(address))
}

/// `192.0.2.7`, `192.0.2.7:1234`, `[2001:db8::1]:1234`.
fn hop_address(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.or_else(with_port).map(|address| address.to_canonical())
}
