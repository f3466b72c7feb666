//! Everything that talks to the world. It holds no product rules.
//!
//! What reaches further takes the guard's proof and nothing else, which the compiler holds:
//!
//! ```
//! # use steward::{error::Result, guard::{allowed::*, delivery::Delivery, visit::Visit}};
//! # use steward::outside::{fetch::Fetcher, files, mcp::Servers, push::Courier};
//! async fn act(
//!     page: Allowed<Visit>,
//!     file: &Allowed<HousePath>,
//!     call: Allowed<ForeignCall>,
//!     delivery: Allowed<Delivery>,
//! ) -> Result<()> {
//!     Fetcher::default().get(page).await?;
//!     files::read(file, 1)?;
//!     files::list(file)?;
//!     files::write_new(file, b"")?;
//!     files::delete(file)?;
//!     files::Folder::open(file)?;
//!     Servers::default().call(call).await;
//!     Courier::default().post(delivery, Default::default()).await;
//!     Ok(())
//! }
//! ```
//!
//! Not an address, a path or a call that nobody judged:
//!
//! ```compile_fail,E0308
//! # use steward::{net::WebUrl, outside::fetch::Fetcher};
//! async fn act(page: WebUrl) {
//!     let _ = Fetcher::default().get(page).await;
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::{guard::allowed::HousePath, outside::files};
//! fn act(file: &HousePath) {
//!     let _ = files::read(file, 1);
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::{guard::allowed::HousePath, outside::files};
//! fn act(file: &HousePath) {
//!     let _ = files::write_new(file, b"");
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::outside::files;
//! fn act(file: &str) {
//!     let _ = files::delete(file);
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::{guard::allowed::ForeignCall, outside::mcp::Servers};
//! async fn act(call: ForeignCall) {
//!     Servers::default().call(call).await;
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::{outside::mcp::Program, guard::allowed::{Allowed, Command}};
//! fn act(program: Program) -> Allowed<Command> {
//!     program.command
//! }
//! ```
//! ```compile_fail,E0308
//! # use steward::{guard::delivery::Letter, outside::push::Courier};
//! async fn act(letter: Letter) {
//!     Courier::default().post(letter, Default::default()).await;
//! }
//! ```

pub mod fetch;
pub mod files;
pub mod mcp;
pub mod model;
pub mod push;
pub mod sandbox;
pub mod search;

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use tokio::sync::OnceCell;

use fetch::Fetcher;
use model::catalog::Catalog;
use push::Courier;
use sandbox::Sandbox;
use search::SearchService;

/// The ways out, built once. What the owner can change is replaced as a whole.
#[derive(Clone)]
pub struct Outside {
    models: Arc<RwLock<Catalog>>,
    search: Arc<RwLock<SearchService>>,
    web: Arc<RwLock<Web>>,
    mcp: Arc<RwLock<mcp::Servers>>,
    courier: Arc<Courier>,
}

#[derive(Clone)]
struct Web {
    fetcher: Arc<Fetcher>,
    /// Our own executable, for what runs in the sandbox.
    program: PathBuf,
    sandbox: Arc<OnceCell<Sandbox>>,
}

impl Outside {
    pub fn new(models: Catalog) -> Outside {
        let program = std::env::current_exe().unwrap_or_default();
        let web = Web { fetcher: Arc::default(), program, sandbox: Arc::default() };
        Outside {
            models: Arc::new(RwLock::new(models)),
            search: Arc::default(),
            web: Arc::new(RwLock::new(web)),
            mcp: Arc::default(),
            courier: Arc::default(),
        }
    }

    /// The servers of foreign tools that are connected.
    pub fn mcp(&self) -> mcp::Servers {
        self.mcp.read().expect("nobody panics while replacing the tool servers").clone()
    }

    /// Who brings messages to people's channels.
    pub fn courier(&self) -> &Courier {
        &self.courier
    }

    /// For tests: tool servers that may take this much. Those there were are disconnected.
    pub fn limit_mcp(&self, limits: mcp::Limits) {
        let servers = mcp::Servers::new(limits);
        *self.mcp.write().expect("nobody panics while replacing the tool servers") = servers;
    }

    /// For tests: pages through this fetcher, and this executable in the sandbox.
    pub fn pretend(&self, fetcher: Fetcher, program: PathBuf) {
        let web = Web { fetcher: Arc::new(fetcher), program, sandbox: Arc::default() };
        *self.web.write().expect("nobody panics while replacing the ways out") = web;
    }

    /// The models as they are set up just now.
    pub fn models(&self) -> Catalog {
        self.models.read().expect("nobody panics while replacing the models").clone()
    }

    pub fn set_models(&self, models: Catalog) {
        *self.models.write().expect("nobody panics while replacing the models") = models;
    }

    /// Where the web is searched, as it is set up just now.
    pub fn search(&self) -> SearchService {
        self.search.read().expect("nobody panics while replacing the search").clone()
    }

    pub fn set_search(&self, search: SearchService) {
        *self.search.write().expect("nobody panics while replacing the search") = search;
    }

    pub fn fetcher(&self) -> Arc<Fetcher> {
        self.web().fetcher
    }

    /// The locked room for hostile files, tried out when it is first needed.
    pub async fn sandbox(&self) -> Sandbox {
        let Web { program, sandbox, .. } = self.web();
        sandbox.get_or_init(|| Sandbox::probe(program)).await.clone()
    }

    fn web(&self) -> Web {
        self.web.read().expect("nobody panics while replacing the ways out").clone()
    }
}
