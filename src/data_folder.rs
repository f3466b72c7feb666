//! The data folder: one running steward owns it. It holds the database, the master key, the files
//! and the socket that the command line talks to.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

pub const DATABASE: &str = "steward.db";
pub const MASTER_KEY: &str = "master.key";
pub const FILES: &str = "files";
pub const SOCKET: &str = "steward.sock";
pub const CLOCK: &str = "clock";
const LOCK: &str = "steward.lock";

/// A disk with less room than this is as good as full: the first message would not fit.
const ROOM_BYTES_MIN: usize = 1_048_576;

/// Held for as long as the program runs; gives the folder up when dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if it isn't there, takes it for this process and sees that it can be written.
    /// From now on everything that this process makes is for its own user alone.
    pub fn open(path: &Path) -> Result<DataFolder> {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let shown = path.display();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|err| match err.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Error::Denied(format!(
                "{shown} can't be the data folder, for a file is in its place; give the path of \
                 a folder with --data-dir."
            )),
            _ => unwritable(path, &err),
        })?;
        let file = path.join(LOCK);
        let opened =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
        let mut lock = opened.map_err(|err| unwritable(path, &err))?;
        lock.try_lock().map_err(|err| match err {
            TryLockError::WouldBlock => Error::Conflict(format!(
                "Another steward is already running on {shown}; stop it first, or give this one \
                 another folder with --data-dir."
            )),
            TryLockError::Error(err) => unwritable(path, &err),
        })?;
        see_room(&mut lock).map_err(|err| unwritable(path, &err))?;
        let files = DirBuilder::new().recursive(true).mode(0o700).create(path.join(FILES));
        files.map_err(|err| unwritable(path, &err))?;
        Ok(DataFolder { path: path.to_owned(), _lock: lock })
    }

    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub fn master_key(&self) -> PathBuf {
        self.path.join(MASTER_KEY)
    }

    pub fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    pub fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }

    /// Only a debug build looks here: see [`crate::clock::Clock::moved_by`].
    pub fn clock(&self) -> PathBuf {
        self.path.join(CLOCK)
    }

    /// The socket of the command line, for this user alone. One left by a killed process is replaced:
    /// nobody listens on it, since the folder is ours.
    pub fn listen(&self) -> Result<UnixListener> {
        let socket = self.path.join(SOCKET);
        let shown = socket.display();
        match fs::remove_file(&socket) {
            Err(err) if err.kind() != ErrorKind::NotFound => {
                return Err(unwritable(&self.path, &err));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&socket).map_err(|err| match err.kind() {
            ErrorKind::InvalidInput => Error::Denied(format!(
                "{shown} is too long for the path of a socket; choose a shorter data folder."
            )),
            _ => unwritable(&self.path, &err),
        })?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600)).map_err(Error::internal)?;
        listener.set_nonblocking(true).map_err(Error::internal)?;
        Ok(listener)
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path.join(SOCKET));
    }
}

/// Writes and takes back as much as a start needs.
fn see_room(lock: &mut File) -> io::Result<()> {
    let written = lock.write_all(&vec![0; ROOM_BYTES_MIN]).and_then(|()| lock.sync_all());
    lock.set_len(0)?;
    written
}

fn unwritable(path: &Path, err: &io::Error) -> Error {
    let shown = path.display();
    Error::Denied(match err.kind() {
        ErrorKind::ReadOnlyFilesystem => format!(
            "The data folder {shown} is on a read-only disk; mount it for writing, or give another \
             folder with --data-dir."
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!(
            "The disk that holds the data folder {shown} is full; make room there and start again."
        ),
        ErrorKind::PermissionDenied => format!(
            "This user may not write in the data folder {shown}; give it to the user that steward \
             runs as, or give another folder with --data-dir."
        ),
        _ => format!("The data folder {shown} can't be used: {err}."),
    })
}
