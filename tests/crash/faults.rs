//! A machine whose disk or descriptors fail now and then, for one house alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chance::Chance;
use crate::house::House;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/fault.c");
/// EIO, EMFILE, ENOSPC.
const ERRORS: [u32; 3] = [5, 24, 28];
/// All calls fail, or one in so many.
const ONE_IN: [u32; 3] = [1, 3, 20];

pub struct Faults(PathBuf);

impl Faults {
    /// From its next start on, the house meets what is set here.
    pub fn of(house: &mut House) -> Faults {
        let (library, file) = (house.path().join("fault.so"), house.path().join("fault"));
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library);
        let built = cc.arg(SOURCE).arg("-ldl").status();
        assert!(built.is_ok_and(|status| status.success()), "the Debian package `gcc` is missing");
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        house.settings.push(("LD_PRELOAD".to_owned(), text(&library)));
        house.settings.push(("FAULT_FILE".to_owned(), text(&file)));
        let faults = Faults(file);
        faults.clear();
        faults
    }

    /// As often as not, nothing fails for a while.
    pub fn change(&self, chance: &Chance) {
        match chance.one_in(2) {
            true => self.clear(),
            false => self.set(chance.pick(&ERRORS), chance.pick(&ONE_IN)),
        }
    }

    pub fn clear(&self) {
        self.set(0, 1);
    }

    fn set(&self, error: u32, one_in: u32) {
        // The same length always, in place: whoever reads has the file open.
        std::fs::write(&self.0, format!("{error:8} {one_in:8}")).unwrap();
    }
}
