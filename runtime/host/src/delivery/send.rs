//! Puts a laid-out batch on its way, record by record.

use millstream_engine::{Change, Emit, Header, ValueChange};

use super::dead_letter::{Account, Letter};
use super::layout::{Content, Layout};
use super::route::Route;
use super::{
    Base, DeliveryError, Done, Key, OutHeaders, Outgoing, Outlet, Routes, SendError, Value,
};
use crate::source::{Rows, TopicPartition};

/// Rows are copied out of their fetch buffer where less than one in so many of the batch's bytes is kept: a buffer
/// lives until its last record is acknowledged.
const SPARSE: usize = 4;

/// What goes out.
pub(super) struct Load<'a, R> {
    /// Where the rows were read.
    pub(super) partition: &'a TopicPartition,
    pub(super) rows: R,
    /// The values that the guest made.
    pub(super) patched: Vec<u8>,
}

/// Sends all of it. Waits while there is no room. The flight comes back unsealed; `None`: nothing was sent, because the batch is not
/// `wanted` any more.
pub(super) async fn send<P: Outlet>(
    outlet: &P,
    load: Load<'_, P::Rows>,
    layout: &Layout<'_>,
    route: &Route<P::Topic>,
    done: Done,
    wanted: impl FnOnce() -> bool,
) -> Result<Option<P::Flight>, DeliveryError> {
    let Load {
        partition,
        rows,
        patched,
    } = load;
    let sparse = layout.kept_bytes(&rows).saturating_mul(SPARSE) < rows.bytes();
    // A cut value is no value of a row.
    let cut = layout
        .writes()
        .any(|write| matches!(&write.content, Content::Letter(letter) if letter.cut.is_some()));
    let (mut flight, beside, copies) = if sparse || cut || !outlet.holds_rows() {
        let (patched, copies) = copy(patched, layout, &rows);
        (outlet.begin(None, patched, done), Some(rows), copies)
    } else {
        (outlet.begin(Some(rows), patched, done), None, Vec::new())
    };
    for topic in &route.topics {
        outlet.hold(&mut flight, topic);
    }
    // Only now: a way that is left because it failed is left before it is held, and its partitions have gone back by then.
    if !wanted() {
        return Ok(None);
    }
    for (place, write) in layout.writes().enumerate() {
        let way = Way {
            outlet,
            beside: beside.as_ref(),
            copied: copies.get(place),
            unique: layout.unique,
        };
        let topic = &route.topics[write.topic];
        loop {
            let sent = match &write.content {
                Content::Record(emit) => way.record(&mut flight, topic, write.partition, emit),
                Content::Letter(letter) => way.letter(
                    &mut flight,
                    topic,
                    write.partition,
                    letter,
                    partition,
                    &route.routes,
                ),
            };
            match sent {
                Ok(()) => break,
                Err(SendError::Full) => outlet.ready(topic).await,
                Err(SendError::Refused(error)) => return Err(error),
            }
        }
    }
    Ok(Some(flight))
}

/// Appends the kept values, in the order of writing, to the patched ones. Gives each write's value.
fn copy(mut patched: Vec<u8>, layout: &Layout<'_>, rows: &impl Rows) -> (Vec<u8>, Vec<Value>) {
    let copies = layout.writes().map(|write| {
        let row = match &write.content {
            Content::Record(Emit {
                value: ValueChange::Null,
                ..
            }) => return Value::Null,
            Content::Record(Emit {
                value: ValueChange::Bytes(range),
                ..
            }) => return Value::Patched(range.clone()),
            Content::Record(Emit { row, .. }) | Content::Letter(Letter { row, .. }) => {
                *row as usize
            }
        };
        let Some(value) = rows.value(row) else {
            return Value::Null;
        };
        let end = match &write.content {
            Content::Letter(Letter { cut: Some(cut), .. }) => value.len().min(*cut),
            _ => value.len(),
        };
        let start = patched.len();
        patched.extend_from_slice(&value[..end]);
        Value::Patched(start..patched.len())
    });
    let copies = copies.collect();
    (patched, copies)
}

/// How the bytes of one record get out.
struct Way<'a, P: Outlet> {
    outlet: &'a P,
    /// The rows, where the flight does not hold them.
    beside: Option<&'a P::Rows>,
    /// The value, where it was copied.
    copied: Option<&'a Value>,
    /// Whether no row is written twice.
    unique: bool,
}

impl<P: Outlet> Way<'_, P> {
    fn record(
        &self,
        flight: &mut P::Flight,
        topic: &P::Topic,
        partition: i32,
        emit: &Emit<'_>,
    ) -> Result<(), SendError> {
        let row = emit.row as usize;
        let timestamp = emit
            .timestamp
            .unwrap_or_else(|| self.rows(flight).map_or(-1, |rows| rows.timestamp(row)));
        let value = match (&emit.value, self.copied) {
            (_, Some(copied)) => copied.clone(),
            (ValueChange::Keep, None) => Value::Row(row),
            (ValueChange::Null, None) => Value::Null,
            (ValueChange::Bytes(range), None) => Value::Patched(range.clone()),
        };
        let key = match (emit.key, self.beside) {
            (Change::Null, _) => Key::Null,
            (Change::Bytes(bytes), _) => Key::Bytes(bytes),
            (Change::Keep, None) => Key::Row(row),
            (Change::Keep, Some(rows)) => rows.key(row).map_or(Key::Null, Key::Bytes),
        };
        let mut list: Vec<(&str, Option<&[u8]>)> = Vec::new();
        let base = match (&emit.headers, self.beside) {
            (Some(replaced), _) => {
                list.extend(replaced.iter().map(pair));
                Base::None
            }
            (None, Some(rows)) => {
                let mut own = Vec::new();
                rows.headers(row, &mut own);
                list.extend(own.into_iter().map(pair));
                Base::None
            }
            (None, None) if self.unique => Base::LastOfRow(row),
            (None, None) => Base::Row(row),
        };
        if let Some(added) = &emit.added {
            list.extend(added.iter().map(pair));
        }
        let headers = OutHeaders { base, list: &list };
        self.outlet.send(
            flight,
            &Outgoing {
                topic,
                partition,
                key,
                value,
                headers,
                timestamp,
            },
        )
    }

    fn letter(
        &self,
        flight: &mut P::Flight,
        topic: &P::Topic,
        partition: i32,
        letter: &Letter,
        from: &TopicPartition,
        routes: &Routes,
    ) -> Result<(), SendError> {
        let row = letter.row as usize;
        let Some(rows) = self.rows(flight) else {
            return Ok(());
        };
        let timestamp = letter.at.unwrap_or_else(|| rows.timestamp(row));
        let account = Account::new(letter, rows, from, routes);
        // Copied, because the flight is lent out as a whole while it takes the record. Dead letters are few.
        let headers = account.headers(row, rows);
        let owned: Vec<(String, Option<Vec<u8>>)> = headers
            .into_iter()
            .map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect();
        let list: Vec<(&str, Option<&[u8]>)> = owned
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        let value = self.copied.cloned().unwrap_or(Value::Row(row));
        let key = match self.beside {
            None => Key::Row(row),
            Some(rows) => rows.key(row).map_or(Key::Null, Key::Bytes),
        };
        let headers = OutHeaders {
            base: Base::None,
            list: &list,
        };
        self.outlet.send(
            flight,
            &Outgoing {
                topic,
                partition,
                key,
                value,
                headers,
                timestamp,
            },
        )
    }

    fn rows<'f>(&'f self, flight: &'f P::Flight) -> Option<&'f P::Rows> {
        self.beside.or_else(|| self.outlet.rows(flight))
    }
}

fn pair(header: Header<'_>) -> (&str, Option<&[u8]>) {
    (header.name, header.value)
}
