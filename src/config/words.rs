//! The values that are more than text: addresses, networks, models, dollars.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error as _};
use url::Url;

use crate::secret::Secret;

/// More dollars than this a day is a slip of the pen.
const DOLLARS_MAX: f64 = 1_000_000.0;

/// `PROVIDER:MODEL`, such as `home:qwen3` or `builtin:commands`; the model's own name may hold colons.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName {
    pub provider: String,
    pub model: String,
}

impl FromStr for ModelName {
    type Err = String;
    fn from_str(text: &str) -> Result<ModelName, String> {
        let parts = text.split_once(':').filter(|(provider, model)| {
            !provider.is_empty() && !model.is_empty() && !text.contains(char::is_whitespace)
        });
        let (provider, model) =
            parts.ok_or_else(|| format!("must be PROVIDER:MODEL, which {text:?} is not"))?;
        Ok(ModelName { provider: provider.to_owned(), model: model.to_owned() })
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.model)
    }
}

/// A host or address and a port, as written: `printer.lan:80`, `[::1]:9000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Lower case, an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
}

/// `host:port`, an IPv6 address in brackets.
impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl HostPort {
    /// How the owner makes an exception of it, as a sentence.
    pub fn as_exception(&self) -> String {
        format!(
            "Only guard.private_allowed = [\"{self}\"] in the configuration file opens it, from the \
             next start on."
        )
    }
}

impl FromStr for HostPort {
    type Err = String;
    fn from_str(text: &str) -> Result<HostPort, String> {
        let wrong = || format!("must be host:port, which {text:?} is not");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let host = url::Host::parse(host).map_err(|_| wrong())?;
        let host = match host {
            url::Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        Ok(HostPort { host, port })
    }
}

/// An address, or a network in CIDR form (RFC 4632): `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (ours, width) = bits(self.address);
        let (given, given_width) = bits(address.to_canonical());
        let shift = width - self.prefix;
        width == given_width && (shift >= width || ours >> shift == given >> shift)
    }
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Network, String> {
        let wrong =
            || format!("must be an address or a network such as 10.0.0.0/8, which {text:?} is not");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = bits(address).1;
        let prefix =
            prefix.map_or(Ok(width), |prefix| prefix.parse::<u32>().map_err(|_| wrong()))?;
        if prefix > width { Err(wrong()) } else { Ok(Network { address, prefix }) }
    }
}

/// Anything that is read from its text.
pub(super) fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

pub(super) fn text_if_set<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

pub(super) fn from_texts<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

pub(super) fn listen<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<std::net::SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong =
        || format!("must be an address and a port, such as 127.0.0.1:8484, which {text:?} is not");
    text.parse().map_err(|_| D::Error::custom(wrong()))
}

pub(super) fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(D::Error::custom("is not set and there is no home folder; give --data-dir"));
    }
    std::path::absolute(&text).map_err(|_| D::Error::custom("must be the path of a folder"))
}

pub(super) fn some_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
}

pub(super) fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = !text.trim().is_empty() && text.len() <= 100 && !text.contains(char::is_control);
    if fits { Ok(text) } else { Err(D::Error::custom("must be one line of 1 to 100 characters")) }
}

pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    let secret = Secret::new(String::deserialize(deserializer)?);
    let breaks = secret.expose().contains(char::is_control);
    if breaks {
        return Err(D::Error::custom("must be one line, without control characters"));
    }
    Ok(Some(secret).filter(|secret| !secret.is_empty()))
}

/// An absolute path, from the folder that the program was started in.
pub(super) fn some_path<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let text = some_text(deserializer)?;
    let absolute = |text| std::path::absolute(text).map_err(|_| D::Error::custom("must be a path"));
    text.map(absolute).transpose()
}

pub(super) fn zone<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TimeZone>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("must be a time zone such as \"Europe/Berlin\", which {text:?} is not");
    TimeZone::get(&text).map(Some).map_err(|_| D::Error::custom(wrong()))
}

/// A web address, without a login in it: those belong in Credentials.
pub(super) fn web_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| {
        D::Error::custom("must be an address that begins with http:// or https://")
    })?;
    let bare = url.username().is_empty() && url.password().is_none();
    if !bare || url.query().is_some() || url.fragment().is_some() {
        return Err(D::Error::custom("must be an address without a login, without ? and #"));
    }
    Ok(Some(url))
}

/// The address of this house's pages: its links all begin at the root.
pub(super) fn own_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    let url = web_address(deserializer)?;
    match &url {
        Some(url) if url.path() != "/" => Err(D::Error::custom(
            "must be an address without a path: give Steward a name of its own, such as \
             https://steward.example.org",
        )),
        _ => Ok(url),
    }
}

/// A whole number between two limits.
pub(super) fn between<'de, const MIN: u64, const MAX: u64, D, N>(
    deserializer: D,
) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u64>,
{
    let given = i64::deserialize(deserializer)?;
    let fits = u64::try_from(given).ok().filter(|given| (MIN..=MAX).contains(given));
    let fits = fits.and_then(|given| N::try_from(given).ok());
    fits.ok_or_else(|| D::Error::custom(format!("must be a number from {MIN} to {MAX}")))
}

/// Dollars in the file, micro-dollars in the program; `None` is no cap, zero allows nothing.
pub(super) fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let amount = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(word) if word == "none" => return Ok(None),
        toml::Value::Integer(whole) => whole as f64,
        toml::Value::Float(amount) => amount,
        _ => f64::NAN,
    };
    if !(0.0..=DOLLARS_MAX).contains(&amount) {
        return Err(D::Error::custom(
            "must be dollars from 0 to 1000000, such as 2.50, or \"none\"",
        ));
    }
    Ok(Some((amount * 1_000_000.0).round() as i64))
}
