//! All that lies beneath a folder: found first, and each file opened when its turn comes.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{OFlags, ResolveFlags, fstat};
use rustix::io::Errno;

use super::{
    EntryKind, READ, kind, modified_at, named, open_beneath, open_in, refused, shown, size,
};
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};

/// What a [`Tree`] may hold: files and folders, and the bytes of its files together.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    pub entries: usize,
    pub bytes: u64,
}

/// A file or a folder; links, sockets and devices are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// From the tree's folder on, as the disk has it: not always UTF-8.
    pub path: PathBuf,
    pub is_folder: bool,
    pub modified_at: Timestamp,
}

/// A folder held open, and what was in it when it was looked through.
pub struct Tree {
    place: HousePath,
    root: OwnedFd,
    found: Vec<Leaf>,
}

impl Tree {
    /// Refused in a sentence when it is more than `most`, or something in it may not be read.
    pub fn find(folder: &Allowed<HousePath>, most: Most) -> Result<Tree> {
        let place = folder.get();
        let root =
            open_beneath(place, READ | OFlags::DIRECTORY).map_err(|err| refused(place, err))?;
        let mut tree = Tree { place: place.clone(), root, found: Vec::new() };
        let mut folders = vec![PathBuf::new()];
        let mut bytes = 0_u64;
        while let Some(folder) = folders.pop() {
            for (leaf, size) in tree.look_into(&folder, most)? {
                bytes = bytes.saturating_add(size);
                if most.bytes < bytes {
                    let most = format!("files of more than {} MB together", most.bytes >> 20);
                    return Err(tree.too_much(&most));
                }
                if leaf.is_folder {
                    folders.push(leaf.path.clone());
                }
                tree.found.push(leaf);
            }
        }
        Ok(tree)
    }

    /// Each folder before what lies in it.
    pub fn found(&self) -> &[Leaf] {
        &self.found
    }

    /// `None`: it is gone by now, or something else is in its place.
    pub fn open(&self, leaf: &Leaf) -> Result<Option<File>> {
        let Some(fd) = self.open_own(&leaf.path, READ)? else { return Ok(None) };
        let stat = fstat(&fd).map_err(|err| refused(&self.place_of(&leaf.path), err))?;
        Ok((kind(&stat) == EntryKind::File).then(|| File::from(fd)))
    }

    /// What lies right in one of its folders, by name, with the sizes of the files.
    fn look_into(&self, folder: &Path, most: Most) -> Result<Vec<(Leaf, u64)>> {
        let Some(fd) = self.open_own(folder, READ | OFlags::DIRECTORY)? else {
            return Ok(Vec::new());
        };
        let left = most.entries.saturating_sub(self.found.len());
        let named = named(&fd, left + 1);
        let mut named = named.map_err(|err| refused(&self.place_of(folder), err))?;
        if left < named.len() {
            return Err(self.too_much(&format!("more than {} files and folders", most.entries)));
        }
        named.sort_by(|(one, _), (next, _)| one.cmp(next));
        let leaf = |(name, stat)| {
            let (is_folder, bytes) = match kind(&stat) {
                EntryKind::Folder => (true, 0),
                EntryKind::File => (false, size(&stat)),
                EntryKind::Other => return None,
            };
            let path = folder.join(name);
            Some((Leaf { path, is_folder, modified_at: modified_at(&stat) }, bytes))
        };
        Ok(named.into_iter().filter_map(leaf).collect())
    }

    /// Never through a link: what was found is opened, or nothing.
    fn open_own(&self, path: &Path, flags: OFlags) -> Result<Option<OwnedFd>> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match open_in(&self.root, path, flags, resolve) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT | Errno::LOOP | Errno::XDEV | Errno::NOTDIR | Errno::NXIO) => Ok(None),
            Err(err) => Err(refused(&self.place_of(path), err)),
        }
    }

    fn place_of(&self, path: &Path) -> HousePath {
        let beneath = self.place.beneath.join(path);
        HousePath { root: self.place.root.clone(), beneath }
    }

    fn too_much(&self, what: &str) -> Error {
        let name = shown(&self.place);
        let message = format!("There are {what} in {name}. Take the folders in it one by one.");
        Error::invalid("path", message)
    }
}
