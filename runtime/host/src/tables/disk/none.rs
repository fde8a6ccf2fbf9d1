//! In a build without tables on disks there are none, so nothing here is ever called but the first function.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use millstream_engine::TableError;

use super::{DiskError, DiskPlace, Wanted};
use crate::tables::{index::Version, key_field::Made};

type Places = BTreeMap<i32, i64>;

#[derive(Debug)]
pub(in crate::tables) struct Disk(Infallible);

impl Disk {
    pub(in crate::tables) fn new(_place: &DiskPlace, _cache: usize) -> std::io::Result<Arc<Disk>> {
        Err(std::io::Error::other(
            "this build keeps no tables on a disk: one with the cargo feature disk-tables does",
        ))
    }

    pub(in crate::tables) fn has(&self, _topic: &str) -> bool {
        match self.0 {}
    }

    pub(in crate::tables) fn open(
        self: &Arc<Self>,
        _wanted: &Wanted,
    ) -> Result<(Copy, Places), DiskError> {
        match self.0 {}
    }

    pub(in crate::tables) async fn idle(&self) {
        match self.0 {}
    }

    pub(in crate::tables) fn delete(&self, _topic: &str) -> Result<(), DiskError> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(in crate::tables) struct Copy(Infallible);

impl Copy {
    pub(in crate::tables) fn stored(&self) -> Stored {
        match self.0 {}
    }

    pub(in crate::tables) fn put(&mut self, _key: &[u8], _value: &[u8]) {
        match self.0 {}
    }

    pub(in crate::tables) fn delete(&mut self, _key: &[u8]) {
        match self.0 {}
    }

    pub(in crate::tables) fn made_by(&self, _record: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self.0 {}
    }

    pub(in crate::tables) fn made(&mut self, _record: &[u8], _row: Option<&[u8]>) {
        match self.0 {}
    }

    pub(in crate::tables) fn owner(&self, _row: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self.0 {}
    }

    pub(in crate::tables) fn own(&mut self, _row: &[u8], _record: Option<&[u8]>) {
        match self.0 {}
    }

    pub(in crate::tables) fn unseen(&self) -> usize {
        match self.0 {}
    }

    pub(in crate::tables) fn publish(
        &mut self,
        _: Places,
        _complete: bool,
    ) -> Result<(), DiskError> {
        match self.0 {}
    }

    pub(in crate::tables) fn take_over(
        &mut self,
        _: &Version,
        _: &Made,
        _: Places,
        _complete: bool,
    ) -> Result<(), DiskError> {
        match self.0 {}
    }

    pub(in crate::tables) fn fits(&mut self) -> Result<(), DiskError> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(in crate::tables) struct Stored(Infallible);

impl Stored {
    pub(in crate::tables) fn view(&self) -> View {
        match self.0 {}
    }

    pub(in crate::tables) fn rows(&self) -> u64 {
        match self.0 {}
    }

    pub(in crate::tables) fn bytes(&self) -> u64 {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(in crate::tables) struct View(Infallible);

impl View {
    pub(in crate::tables) fn look_up(
        &self,
        _keys: &[Option<&[u8]>],
        _found: impl FnMut(Option<&[u8]>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        match self.0 {}
    }
}
