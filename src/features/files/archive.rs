//! A folder as one zip, made while it is fetched: a step at a time, so that it is never held whole,
//! and who fetches slowly keeps no thread waiting.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::api::aside;
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};
use crate::outside::files::{Most, Tree};

/// A zip has neither more than 65,535 entries nor 4 GB without extensions that not all can read.
const ENTRIES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 2 << 30;
/// About so much is made ahead of who fetches it.
const PIECE_BYTES: usize = 64 << 10;

pub struct Archive {
    tree: Tree,
    /// The place in the tree that comes next.
    next: usize,
    /// The file that is being put in.
    open: Option<File>,
    /// Of all files so far.
    bytes: u64,
    names: HashMap<String, usize>,
    /// None once its end is written.
    zip: Option<ZipWriter<StreamWriter<Made>>>,
    made: Made,
    zone: TimeZone,
}

impl Archive {
    /// `zone` is that of the times in it. Waits for the disk.
    pub fn of(folder: &Allowed<HousePath>, zone: TimeZone) -> Result<Archive> {
        let made = Made::default();
        Ok(Archive {
            tree: Tree::find(folder, Most { entries: ENTRIES_MAX, bytes: BYTES_MAX })?,
            next: 0,
            open: None,
            bytes: 0,
            names: HashMap::new(),
            zip: Some(ZipWriter::new_stream(made.clone())),
            made,
            zone,
        })
    }

    /// Its bytes from the first to the last. An error cuts it off, so that nobody takes it for whole.
    pub fn pieces(self) -> impl Stream<Item = anyhow::Result<Bytes>> + Send + 'static {
        stream::try_unfold(self, |mut archive| async move {
            let work = move || Ok((archive.piece()?, archive));
            let made = aside(work).await.map_err(cut_off);
            made.map(|(piece, archive)| piece.map(|piece| (piece, archive)))
        })
    }

    fn piece(&mut self) -> Result<Option<Bytes>> {
        while self.made.len() < PIECE_BYTES && self.step()? {}
        let piece = self.made.take();
        Ok((!piece.is_empty()).then(|| piece.into()))
    }

    /// Whether there was something left to do.
    fn step(&mut self) -> Result<bool> {
        let Some(zip) = &mut self.zip else { return Ok(false) };
        if let Some(file) = &mut self.open {
            let part =
                io::copy(&mut file.take(PIECE_BYTES as u64), zip).map_err(Error::internal)?;
            self.bytes += part;
            if BYTES_MAX < self.bytes {
                return Err(Error::Conflict("The files grew while they were read.".to_owned()));
            }
            if part == 0 {
                self.open = None;
            }
            return Ok(true);
        }
        let Some(leaf) = self.tree.found().get(self.next) else {
            if let Some(zip) = self.zip.take() {
                zip.finish().map_err(Error::internal)?;
            }
            return Ok(true);
        };
        self.next += 1;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(moment(leaf.modified_at, &self.zone));
        if leaf.is_folder {
            let name = unlike(&mut self.names, harmless(&leaf.path));
            zip.add_directory(name, options).map_err(Error::internal)?;
        } else if let Some(file) = self.tree.open(leaf)? {
            let name = unlike(&mut self.names, harmless(&leaf.path));
            zip.start_file(name, options).map_err(Error::internal)?;
            self.open = Some(file);
        }
        Ok(true)
    }
}

fn cut_off(err: Error) -> anyhow::Error {
    let err = anyhow::Error::new(err);
    tracing::error!("a zip was cut off: {err:#}");
    err
}

/// What the zip's writer made and nobody took yet.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn get(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn len(&self) -> usize {
        self.get().len()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.get())
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.get().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name in the zip. What some system takes for a drive, for a separator or for the folder above
/// is made plain, so that nothing is unpacked elsewhere than where the zip is.
fn harmless(path: &Path) -> String {
    let part = |part: Component<'_>| {
        let name = part.as_os_str().to_string_lossy().into_owned();
        let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '/');
        match name.chars().all(|c| matches!(c, '.' | ' ')) {
            true => "_".repeat(name.len()),
            false => name.replace(odd, "_"),
        }
    };
    path.components().map(part).collect::<Vec<_>>().join("/")
}

/// The name, or the name with a number where another has it. `names`: each with the last number that
/// was put behind it.
fn unlike(names: &mut HashMap<String, usize>, wanted: String) -> String {
    let mut name = wanted.clone();
    while let Some(number) = names.get(&name).copied() {
        let number = number.max(names.get(&wanted).copied().unwrap_or(0)) + 1;
        names.insert(wanted.clone(), number);
        name = format!("{wanted} ({})", number + 1);
    }
    names.insert(name.clone(), 0);
    name
}

/// A zip's times are those on the clock, from 1980 on.
fn moment(at: Timestamp, zone: &TimeZone) -> DateTime {
    let at = at.to_zoned(zone.clone());
    let day = (at.year().cast_unsigned(), at.month().cast_unsigned(), at.day().cast_unsigned());
    let time =
        (at.hour().cast_unsigned(), at.minute().cast_unsigned(), at.second().cast_unsigned());
    DateTime::from_date_and_time(day.0, day.1, day.2, time.0, time.1, time.2).unwrap_or_default()
}
