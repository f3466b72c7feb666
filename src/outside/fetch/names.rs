//! From the name of a host to its numbers, and the client that connects to judged numbers only.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Numbers of one name that are looked at.
const ADDRESSES_MAX: usize = 16;

pub type Answer = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// Where names are looked up.
#[derive(Clone, Default)]
pub enum Names {
    /// As the operating system does it.
    #[default]
    System,
    /// For tests: asked anew for every look-up.
    Pretend(Arc<Answer>),
}

impl Names {
    pub async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Names::System => {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).take(ADDRESSES_MAX).collect())
            }
            Names::Pretend(answer) => Ok(answer(host)),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Names::System => "System",
            Names::Pretend(_) => "Pretend",
        })
    }
}

tokio::task_local! {
    /// The numbers that were judged for the request being sent by this task.
    pub(in crate::outside) static JUDGED: Vec<SocketAddr>;
}

/// What the HTTP client asks for numbers. It looks nothing up, so that a name can't stand for
/// another number between judgement and connection; outside of a judged request it knows none.
pub(in crate::outside) struct JudgedOnly;

impl Resolve for JudgedOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let judged = JUDGED.try_with(Clone::clone);
        Box::pin(async move {
            match judged {
                Ok(judged) => Ok(Box::new(judged.into_iter()) as Addrs),
                Err(_) => Err(format!("{} was not judged", name.as_str()).into()),
            }
        })
    }
}
