//! Files beneath the folders that the owner opened, and nothing outside of them.
//!
//! Every path is opened by the kernel relative to its folder (`openat2`, `RESOLVE_BENEATH`), so
//! that no link and no `..` leads out, whatever is swapped while we look. What was opened is what
//! is read. Everything here waits for the disk: call it where waiting is allowed.

mod tree;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat, fstat, fsync, mkdirat,
    open, openat, openat2, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};

pub use tree::{Leaf, Most, Tree};

pub const ENTRIES_MAX: usize = 1000;
const OPEN_TRIES_MAX: usize = 5;
/// Files of ours that are not finished yet; left out of lists.
const UNFINISHED: &str = ".steward-unfinished-";
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub kind: EntryKind,
    pub size: u64,
    pub modified_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    Folder,
    File,
    /// A link, a socket, a device: shown, never opened.
    Other,
}

/// The entries of a folder, folders first, at most [`ENTRIES_MAX`].
pub fn list(folder: &Allowed<HousePath>) -> Result<Vec<Entry>> {
    let place = folder.get();
    let fd = open_beneath(place, READ | OFlags::DIRECTORY).map_err(|err| refused(place, err))?;
    entries(&fd).map_err(|err| refused(place, err))
}

/// A whole file, refused when it is larger than `bytes_max`.
pub fn read(file: &Allowed<HousePath>, bytes_max: usize) -> Result<Vec<u8>> {
    let place = file.get();
    let fd = open_beneath(place, READ).map_err(|err| refused(place, err))?;
    let stat = fstat(&fd).map_err(|err| refused(place, err))?;
    if kind(&stat) != EntryKind::File {
        let name = shown(place);
        return Err(Error::invalid("path", format!("{name} is not a file that can be read.")));
    }
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    File::from(fd).take(limit).read_to_end(&mut bytes).map_err(Error::internal)?;
    if bytes.len() > bytes_max {
        let (name, most) = (shown(place), bytes_max >> 20);
        return Err(Error::invalid("path", format!("{name} is larger than {most} MB.")));
    }
    Ok(bytes)
}

/// Writes a new file whole or not at all, and the folders it lies in. What is there already is
/// never replaced; writing the very same bytes again changes nothing.
pub fn write_new(file: &Allowed<HousePath>, bytes: &[u8]) -> Result<()> {
    let place = file.get();
    let (parent, name) = parent_and_name(place)?;
    make_folders(&parent).map_err(|err| refused(place, err))?;
    let folder =
        open_beneath(&parent, READ | OFlags::DIRECTORY).map_err(|err| refused(place, err))?;
    let unfinished = format!("{UNFINISHED}{}", Uuid::new_v4().simple());
    let written = write_unfinished(folder.as_fd(), &unfinished, bytes).and_then(|()| {
        renameat_with(&folder, &unfinished, &folder, name, RenameFlags::NOREPLACE)?;
        fsync(&folder)
    });
    if written.is_err() {
        let _ = unlinkat(&folder, &unfinished, AtFlags::empty());
    }
    match written {
        Err(Errno::EXIST) if read(file, bytes.len()).is_ok_and(|there| there == bytes) => Ok(()),
        written => written.map_err(|err| refused(place, err)),
    }
}

/// Deletes a file, a link (not what it leads to) or an empty folder.
pub fn delete(place: &Allowed<HousePath>) -> Result<()> {
    let place = place.get();
    let (parent, name) = parent_and_name(place)?;
    let folder = open_beneath(&parent, FOLDER).map_err(|err| refused(place, err))?;
    let stat =
        statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|err| refused(place, err))?;
    let flags = match kind(&stat) {
        EntryKind::Folder => AtFlags::REMOVEDIR,
        _ => AtFlags::empty(),
    };
    unlinkat(&folder, name, flags).map_err(|err| refused(place, err))
}

/// A folder opened for walking through; see [`Folder::entries`].
pub struct Folder(OwnedFd);

impl Folder {
    pub fn open(folder: &Allowed<HousePath>) -> Result<Folder> {
        let place = folder.get();
        let fd =
            open_beneath(place, READ | OFlags::DIRECTORY).map_err(|err| refused(place, err))?;
        Ok(Folder(fd))
    }

    pub fn entries(&self) -> Vec<Entry> {
        entries(&self.0).unwrap_or_default()
    }

    /// One of its own folders; a link is none.
    pub fn folder(&self, name: &str) -> Option<Folder> {
        let fd = self.open_own(name, READ | OFlags::DIRECTORY)?;
        Some(Folder(fd))
    }

    /// The start of one of its own files; a link is none.
    pub fn start_of(&self, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
        let fd = self.open_own(name, READ)?;
        let stat = fstat(&fd).ok().filter(|stat| kind(stat) == EntryKind::File);
        let mut bytes = Vec::new();
        stat.and_then(|_| File::from(fd).take(bytes_max).read_to_end(&mut bytes).ok())?;
        Some(bytes)
    }

    fn open_own(&self, name: &str, flags: OFlags) -> Option<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        openat2(&self.0, name, flags, Mode::empty(), resolve).ok()
    }
}

fn open_beneath(place: &HousePath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let root = open(&place.root, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    open_in(&root, &place.beneath, flags, ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
}

/// "" is the folder itself.
fn open_in(
    folder: &OwnedFd,
    path: &Path,
    flags: OFlags,
    resolve: ResolveFlags,
) -> rustix::io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut tries = 0;
    loop {
        match openat2(folder, path, flags, Mode::empty(), resolve) {
            // Something was renamed while the kernel looked; it can't tell, so it looks again.
            Err(Errno::AGAIN) if tries < OPEN_TRIES_MAX => tries += 1,
            opened => return opened,
        }
    }
}

fn make_folders(place: &HousePath) -> rustix::io::Result<()> {
    if open_beneath(place, FOLDER).is_ok() {
        return Ok(());
    }
    let mut made = HousePath { root: place.root.clone(), beneath: PathBuf::new() };
    for part in place.beneath.components() {
        let folder = open_beneath(&made, FOLDER)?;
        match mkdirat(&folder, part.as_os_str(), Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => made.beneath.push(part),
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

fn write_unfinished(folder: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> rustix::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|err| Errno::from_io_error(&err).unwrap_or(Errno::IO))
}

fn entries(fd: &OwnedFd) -> rustix::io::Result<Vec<Entry>> {
    let entry = |(name, stat): (OsString, Stat)| Entry {
        name: name.to_string_lossy().into_owned(),
        kind: kind(&stat),
        size: size(&stat),
        modified_at: modified_at(&stat),
    };
    let mut found: Vec<Entry> = named(fd, ENTRIES_MAX)?.into_iter().map(entry).collect();
    found.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(found)
}

/// What lies in a folder, as the disk gives it; at most `most` of it.
fn named(fd: &OwnedFd, most: usize) -> rustix::io::Result<Vec<(OsString, Stat)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(fd)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." || name.as_bytes().starts_with(UNFINISHED.as_bytes()) {
            continue;
        }
        // Gone since it was listed.
        let Ok(stat) = statat(fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else { continue };
        found.push((name.to_owned(), stat));
        if found.len() == most {
            break;
        }
    }
    Ok(found)
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn modified_at(stat: &Stat) -> Timestamp {
    Timestamp::from_second(stat.st_mtime).unwrap_or_default()
}

fn kind(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => EntryKind::Folder,
        FileType::RegularFile => EntryKind::File,
        _ => EntryKind::Other,
    }
}

fn parent_and_name(place: &HousePath) -> Result<(HousePath, &Path)> {
    match (place.beneath.parent(), place.beneath.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = HousePath { root: place.root.clone(), beneath: parent.to_owned() };
            Ok((parent, Path::new(name)))
        }
        _ => Err(Error::invalid("path", "Give the path of a file, not of the folder as a whole.")),
    }
}

fn shown(place: &HousePath) -> String {
    match place.beneath.as_os_str().is_empty() {
        true => "the folder".to_owned(),
        false => place.beneath.display().to_string(),
    }
}

/// What the kernel refuses, in words.
fn refused(place: &HousePath, err: Errno) -> Error {
    let name = shown(place);
    match err {
        Errno::NOENT => Error::NotFound("file"),
        Errno::XDEV => Error::Denied(format!("{name} leads out of its folder through a link.")),
        Errno::LOOP => Error::Denied(format!("{name} is a link that leads nowhere.")),
        Errno::EXIST => Error::Conflict(format!(
            "There is a file {name} already. Choose another name, or delete it first."
        )),
        Errno::NOTEMPTY => {
            Error::Conflict(format!("{name} is not empty. Delete what is in it first."))
        }
        Errno::ACCESS | Errno::PERM => {
            Error::Denied(format!("The program has no right to {name}."))
        }
        Errno::ROFS => Error::Denied(format!("{name} lies on a disk that can't be written to.")),
        Errno::NOSPC | Errno::DQUOT => Error::Conflict(
            "The disk is full, so nothing was written. Free some space first.".into(),
        ),
        Errno::NOTDIR | Errno::ISDIR | Errno::NAMETOOLONG | Errno::INVAL | Errno::NXIO => {
            Error::invalid("path", format!("{name} can't be opened that way; check the path."))
        }
        Errno::NOSYS => Error::Denied(
            "Files are off: this kernel can't open them without following links (needs Linux 5.6)."
                .into(),
        ),
        other => Error::internal(io::Error::from(other)),
    }
}
