//! Rows into columns: gathered from wherever the rows lie straight into guest memory.
//!
//! One `realloc` and one pass a list, one copy a byte, nothing allocated on the host. A part that is not read is not
//! touched. The guest's allocator is hostile: it may return any address, the same one again, or grow the memory, so
//! every list is written through a slice that is taken, and checked, after its `realloc` returned.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use millstream_fields::{Column as FieldColumn, Joiner};
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext,
};
use wasmtime::component::{ComponentType, Lower};

use super::lift::Bytes;
use super::shapes::{BatchShape, ColumnShape, FieldColumnShape, HeadersShape};
use crate::{Batch, Parts, Row};

/// A column of the batch passes 4 GiB, which no guest can address.
#[derive(Debug, thiserror::Error)]
#[error("a column of the batch passes 4 GiB")]
pub(crate) struct BatchTooLarge;

/// A batch on its way into a guest, with the parts that the guest reads.
#[derive(Clone, Copy)]
pub(crate) struct BatchArg<'a> {
    /// Counts the bytes copied into the guest.
    pub(crate) copied: &'a AtomicU64,
    pub(crate) batch: Batch<'a>,
    pub(crate) reads: Parts,
    /// Its columns have one entry for each row. `None`: there are none.
    pub(crate) joiner: Option<&'a Joiner>,
}

// SAFETY: layout, size and type check are those of the derived `BatchShape`, which has the contract's fields.
unsafe impl ComponentType for BatchArg<'_> {
    type Lower = <BatchShape as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = BatchShape::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        BatchShape::typecheck(ty, types)
    }
}

// SAFETY: writes all fields at the offsets that the canonical ABI gives them, in safe code, every store checked
// against the guest's memory. Options are written with their discriminant; padding and the payload of an absent
// option are never read.
unsafe impl Lower for BatchArg<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        _cx: &mut LowerContext<'_, T>,
        _ty: InterfaceType,
        _dst: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        // A batch flattens to more values than the ABI passes on the stack.
        wasmtime::bail!("a batch is passed through memory only")
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        _ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        let rows = self.batch.rows;
        let mut at = offset;
        self.batch.topic.linear_lower_to_memory(
            cx,
            InterfaceType::String,
            field(&str::ABI, &mut at),
        )?;
        *cx.get(field(&i32::ABI, &mut at)) = self.batch.partition.to_le_bytes();
        *cx.get(field(&u32::ABI, &mut at)) = u32::try_from(rows.len())?.to_le_bytes();

        let list = &Option::<Bytes>::ABI;
        if let Some(at) = option(cx, field(list, &mut at), self.reads.offsets) {
            numbers(
                cx,
                self.copied,
                at,
                rows.iter().map(|r| r.offset.to_le_bytes()),
            )?;
        }
        if let Some(at) = option(cx, field(list, &mut at), self.reads.timestamps) {
            numbers(
                cx,
                self.copied,
                at,
                rows.iter().map(|r| r.timestamp.to_le_bytes()),
            )?;
        }
        let strings = &Option::<ColumnShape>::ABI;
        if let Some(at) = option(cx, field(strings, &mut at), self.reads.keys) {
            column(cx, self.copied, at, rows.iter().map(|r| r.key))?;
        }
        if let Some(at) = option(cx, field(strings, &mut at), self.reads.values) {
            column(cx, self.copied, at, rows.iter().map(|r| r.value))?;
        }
        if let Some(at) = option(
            cx,
            field(&Option::<HeadersShape>::ABI, &mut at),
            self.reads.headers,
        ) {
            headers(cx, self.copied, at, rows)?;
        }
        let at_fields = field(&<[u8]>::ABI, &mut at);
        let at_lookups = field(&<[u8]>::ABI, &mut at);
        match self.joiner {
            Some(joiner) => {
                field_columns(cx, self.copied, at_fields, joiner.fields().iter())?;
                field_columns(cx, self.copied, at_lookups, joiner.lookups())
            }
            None => {
                field_columns(cx, self.copied, at_fields, [].iter())?;
                field_columns(cx, self.copied, at_lookups, [].iter())
            }
        }
    }
}

/// Where the next field of a record lies.
fn field(abi: &CanonicalAbiInfo, at: &mut usize) -> usize {
    abi.next_field32_size(at)
}

/// Writes an option's discriminant; where its payload goes, if there is one. All payloads here are aligned to 4.
fn option<T>(cx: &mut LowerContext<'_, T>, at: usize, some: bool) -> Option<usize> {
    *cx.get(at) = [u8::from(some)];
    some.then_some(at + 4)
}

fn list_at<T>(
    cx: &mut LowerContext<'_, T>,
    at: usize,
    pointer: usize,
    length: usize,
) -> wasmtime::Result<()> {
    *cx.get(at) = u32::try_from(pointer)?.to_le_bytes();
    *cx.get(at + 4) = u32::try_from(length)?.to_le_bytes();
    Ok(())
}

/// A list of `length` bytes in the guest, its pair written at `at`, filled by `fill`.
fn list<T>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    length: usize,
    fill: impl FnOnce(&mut [u8]),
) -> wasmtime::Result<()> {
    if u32::try_from(length).is_err() {
        return Err(BatchTooLarge.into());
    }
    let pointer = cx.realloc(0, 0, 1, length)?;
    // `realloc` checked that the list lies within the memory; the slices check it once more.
    fill(&mut cx.as_slice_mut()[pointer..][..length]);
    copied.fetch_add(length as u64, Relaxed);
    list_at(cx, at, pointer, length)
}

fn numbers<T, const N: usize>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    numbers: impl ExactSizeIterator<Item = [u8; N]>,
) -> wasmtime::Result<()> {
    list(cx, copied, at, numbers.len() * N, |to| {
        for (to, number) in to.as_chunks_mut().0.iter_mut().zip(numbers) {
            *to = number;
        }
    })
}

/// The lists `data`, `ends` and `nulls` of a column.
fn column<'a, T>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    entries: impl Iterator<Item = Option<&'a [u8]>> + Clone,
) -> wasmtime::Result<()> {
    let (mut count, mut length, mut nulls) = (0, 0, 0usize);
    for entry in entries.clone() {
        count += 1;
        length += entry.map_or(0, <[u8]>::len);
        nulls += usize::from(entry.is_none());
    }
    list(cx, copied, at, length, |mut to| {
        for entry in entries.clone().flatten() {
            let (here, rest) = to.split_at_mut(entry.len());
            here.copy_from_slice(entry);
            to = rest;
        }
    })?;
    list(cx, copied, at + 8, count * 4, |to| {
        let mut end = 0usize;
        for (to, entry) in to.as_chunks_mut().0.iter_mut().zip(entries.clone()) {
            end += entry.map_or(0, <[u8]>::len);
            // Fits: the whole length does.
            *to = (end as u32).to_le_bytes();
        }
    })?;
    list(
        cx,
        copied,
        at + 16,
        if nulls == 0 { 0 } else { count.div_ceil(8) },
        |to| {
            to.fill(0);
            if nulls > 0 {
                for (i, _) in entries.enumerate().filter(|(_, entry)| entry.is_none()) {
                    to[i / 8] |= 1 << (i % 8);
                }
            }
        },
    )
}

/// A list of `field-column`, its pair written at `at`.
fn field_columns<'c, T>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    columns: impl ExactSizeIterator<Item = &'c FieldColumn>,
) -> wasmtime::Result<()> {
    let abi = &FieldColumnShape::ABI;
    let size = abi.size32 as usize;
    let pointer = cx.realloc(0, 0, abi.align32, columns.len() * size)?;
    list_at(cx, at, pointer, columns.len())?;
    for (i, column) in columns.enumerate() {
        let at = pointer + i * size;
        let kind = match column {
            FieldColumn::Text(_) => 0u8,
            FieldColumn::Integer(_) => 1,
            FieldColumn::Number(_) => 2,
            FieldColumn::Boolean(_) => 3,
            FieldColumn::Raw(_) => 4,
        };
        *cx.get(at) = [kind];
        // Every payload is made of lists, aligned to 4.
        let at = at + 4;
        match column {
            FieldColumn::Text(strings) | FieldColumn::Raw(strings) => {
                bytes(cx, copied, at, &strings.data)?;
                bytes(cx, copied, at + 8, strings.ends.as_flattened())?;
                bytes(cx, copied, at + 16, strings.nulls.or_none())?;
            }
            FieldColumn::Integer(numbers) | FieldColumn::Number(numbers) => {
                bytes(cx, copied, at, numbers.numbers.as_flattened())?;
                bytes(cx, copied, at + 8, numbers.nulls.or_none())?;
            }
            FieldColumn::Boolean(booleans) => {
                bytes(cx, copied, at, booleans.trues.all())?;
                bytes(cx, copied, at + 8, booleans.nulls.or_none())?;
            }
        }
    }
    Ok(())
}

fn bytes<T>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    bytes: &[u8],
) -> wasmtime::Result<()> {
    list(cx, copied, at, bytes.len(), |to| to.copy_from_slice(bytes))
}

fn headers<T>(
    cx: &mut LowerContext<'_, T>,
    copied: &AtomicU64,
    at: usize,
    rows: &[Row<'_>],
) -> wasmtime::Result<()> {
    let all = || rows.iter().flat_map(|r| r.headers);
    if u32::try_from(rows.iter().map(|r| r.headers.len()).sum::<usize>()).is_err() {
        return Err(BatchTooLarge.into());
    }
    list(cx, copied, at, rows.len() * 4, |to| {
        let mut end = 0usize;
        for (to, row) in to.as_chunks_mut().0.iter_mut().zip(rows) {
            end += row.headers.len();
            *to = (end as u32).to_le_bytes();
        }
    })?;
    column(cx, copied, at + 8, all().map(|h| Some(h.name.as_bytes())))?;
    column(cx, copied, at + 32, all().map(|h| h.value))
}
