//! One guest with many ways to behave: the setting `mode` says which.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Read as _;
use std::time::{Duration, Instant};

wit_bindgen::generate!({ path: "../../../../../wit", world: "transform" });

use exports::millstream::transform::guest::{
    Batch, Description, Failure, Field, FieldType, Guest, Lookup, LookupKey, Output, Part, Parts,
    Presence,
};
use millstream::transform::log::{Level, write};
use millstream::transform::metrics::add;
use millstream::transform::records::{
    Column, ColumnPatch, FieldColumn, Headers, HeadersPatch, PartitionsPatch, TimestampsPatch,
};
use millstream::transform::tables;

thread_local! {
    static MODE: RefCell<String> = const { RefCell::new(String::new()) };
    static LEAKED: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

struct Modes;
export!(Modes);

impl Guest for Modes {
    fn configure(settings: Vec<(String, String)>) -> Result<Description, String> {
        let mode = settings
            .into_iter()
            .find(|s| s.0 == "mode")
            .map(|s| s.1)
            .unwrap_or_default();
        let mut description = Description {
            reads: Parts::empty(),
            fields: vec![],
            lookups: vec![],
            tables: vec![],
            outputs: vec!["out".to_owned(), "other".to_owned()],
            counters: vec!["calls".to_owned(), "more_of_it".to_owned()],
            options: vec![],
        };
        let field = || Field {
            part: Part::Header("h".to_owned()),
            path: "/a".to_owned(),
            kind: FieldType::Number,
            presence: Presence::Lenient,
        };
        match mode.as_str() {
            "echo" => description.reads = Parts::all(),
            "values" | "first-byte" => description.reads = Parts::VALUES,
            "refuse" => return Err("no such mode".to_owned()),
            "tables" | "tables-other" | "tables-broken-keys" => {
                description.reads = Parts::KEYS;
                description.tables.push("users".to_owned());
            }
            "tables-early" => {
                description.tables.push("users".to_owned());
                tables::get(0, &key(b"early"));
            }
            "field" => description.fields.push(field()),
            "fields" | "fields-unseen" => description.fields = fields(),
            "copies" => description.fields = (0..64).map(|_| copy()).collect(),
            "joined" => {
                description.tables.push("users".to_owned());
                description.lookups.push(Lookup {
                    table: 0,
                    key: LookupKey::RecordKey,
                    field: Some(Field {
                        part: Part::Value,
                        path: "/n".to_owned(),
                        kind: FieldType::Integer,
                        presence: Presence::Required,
                    }),
                });
            }
            "lookup" => {
                let field = Some(field());
                description.lookups.push(Lookup {
                    table: 0,
                    key: LookupKey::RecordKey,
                    field,
                });
            }
            "option" => description
                .options
                .push(("fast".to_owned(), "yes".to_owned())),
            "no-output" => description.outputs.clear(),
            _ => {}
        }
        MODE.set(mode);
        Ok(description)
    }

    fn apply(batch: Batch) -> Result<Output, Failure> {
        match MODE.with_borrow(String::clone).as_str() {
            "echo" => Ok(echo(&batch)),
            "values" => Ok(kept(batch.values.as_ref(), |_| true)),
            "first-byte" => Ok(kept(batch.values.as_ref(), |v| v.first() == Some(&b'v'))),
            "fields" => Ok(shown(&batch)),
            "fields-unseen" | "copies" | "joined" => Ok(nothing()),
            "tables" => Ok(found(tables::get(0, batch.keys.as_ref().unwrap()))),
            "tables-other" => Ok(found(tables::get(1, &key(b"any")))),
            "tables-broken-keys" => Ok(found(tables::get(0, &{
                let mut keys = key(b"any");
                keys.ends = 4u32.to_le_bytes().to_vec();
                keys
            }))),
            "chatty" => {
                chat();
                Ok(nothing())
            }
            "chatty-panic" => {
                chat();
                panic!("a panic on purpose")
            }
            "flood" => {
                for i in 0..500 {
                    write(Level::Info, &format!("line {i} is longer than it may be"));
                }
                Ok(nothing())
            }
            "transient" => Err(Failure::Transient("later".to_owned())),
            "permanent" => Err(Failure::Permanent("never".to_owned())),
            "loop" => loop {
                std::hint::black_box(0);
            },
            "sleep" => {
                let before = Instant::now();
                std::thread::sleep(Duration::from_secs(1000));
                Ok(value(format!("{:?}", before.elapsed()).as_bytes()))
            }
            "recurse" => Ok(value(&[recurse(1)])),
            "grow" => {
                let mut grown = Vec::new();
                loop {
                    grown.push(vec![1u8; 1 << 20]);
                    std::hint::black_box(&grown);
                }
            }
            "leak" => {
                LEAKED.with_borrow_mut(|l| l.push(vec![1; 1 << 20]));
                Ok(nothing())
            }
            "escape" => Ok(value(escape().as_bytes())),
            _ => {
                let blind = batch.keys.is_none()
                    && batch.values.is_none()
                    && batch.headers.is_none()
                    && batch.offsets.is_none()
                    && batch.timestamps.is_none();
                assert!(blind && batch.fields.is_empty() && batch.lookups.is_empty());
                Ok(nothing())
            }
        }
    }
}

/// One key.
fn key(key: &[u8]) -> Column {
    Column {
        data: key.to_vec(),
        ends: (key.len() as u32).to_le_bytes().to_vec(),
        nulls: vec![],
    }
}

/// Every row, with what was found for it as its value.
fn found(values: Column) -> Output {
    Output {
        rows: None,
        values: Some(ColumnPatch {
            at: None,
            to: values,
        }),
        ..nothing()
    }
}

/// The whole value.
fn copy() -> Field {
    Field {
        part: Part::Value,
        path: String::new(),
        kind: FieldType::Raw,
        presence: Presence::Nullable,
    }
}

fn fields() -> Vec<Field> {
    let field = |part, path: &str, kind, presence| Field {
        part,
        path: path.to_owned(),
        kind,
        presence,
    };
    vec![
        field(Part::Value, "/type", FieldType::Text, Presence::Required),
        field(Part::Value, "/n", FieldType::Integer, Presence::Nullable),
        field(Part::Value, "/x", FieldType::Number, Presence::Lenient),
        field(Part::Value, "/b", FieldType::Boolean, Presence::Lenient),
        field(Part::Value, "/r/0", FieldType::Raw, Presence::Nullable),
        field(Part::Key, "", FieldType::Text, Presence::Nullable),
        field(
            Part::Header("h".to_owned()),
            "",
            FieldType::Text,
            Presence::Nullable,
        ),
    ]
}

/// Every row with its fields as its value.
fn shown(batch: &Batch) -> Output {
    let set = |bits: &[u8], i: usize| bits.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1);
    let number = |bytes: &[u8], i: usize| bytes.as_chunks::<8>().0[i];
    let mut to = Column {
        data: vec![],
        ends: vec![],
        nulls: vec![],
    };
    for row in 0..batch.count as usize {
        let shown: Vec<String> = batch
            .fields
            .iter()
            .map(|field| {
                let (nulls, shown) = match field {
                    FieldColumn::Text(text) | FieldColumn::Raw(text) => {
                        let end = |i| u32::from_le_bytes(text.ends.as_chunks().0[i]) as usize;
                        let start = row.checked_sub(1).map_or(0, end);
                        let text_ = String::from_utf8_lossy(&text.data[start..end(row)]);
                        (&text.nulls, text_.into_owned())
                    }
                    FieldColumn::Integer(integers) => {
                        let integer = i64::from_le_bytes(number(&integers.numbers, row));
                        (&integers.nulls, integer.to_string())
                    }
                    FieldColumn::Number(numbers) => {
                        let float = f64::from_le_bytes(number(&numbers.numbers, row));
                        (&numbers.nulls, float.to_string())
                    }
                    FieldColumn::Boolean(booleans) => {
                        (&booleans.nulls, set(&booleans.trues, row).to_string())
                    }
                };
                match set(nulls, row) {
                    true => "-".to_owned(),
                    false => shown,
                }
            })
            .collect();
        to.data.extend_from_slice(shown.join(" ").as_bytes());
        to.ends
            .extend_from_slice(&(to.data.len() as u32).to_le_bytes());
    }
    Output {
        values: Some(ColumnPatch { at: None, to }),
        ..nothing()
    }
}

/// Every row, unchanged.
fn nothing() -> Output {
    Output {
        rows: None,
        outputs: None,
        keys: None,
        values: None,
        headers: None,
        added_headers: None,
        timestamps: None,
        partitions: None,
        rejected: None,
    }
}

/// One record of row 0 with this value.
fn value(value: &[u8]) -> Output {
    let ends = (value.len() as u32).to_le_bytes().to_vec();
    let to = Column {
        data: value.to_vec(),
        ends,
        nulls: vec![],
    };
    Output {
        rows: Some(vec![0; 4]),
        values: Some(ColumnPatch { at: None, to }),
        ..nothing()
    }
}

fn kept(values: Option<&Column>, keep: fn(&[u8]) -> bool) -> Output {
    let values = values.unwrap();
    let mut rows = Vec::with_capacity(values.ends.len());
    let mut start = 0;
    for (i, end) in values.ends.as_chunks().0.iter().enumerate() {
        let end = u32::from_le_bytes(*end) as usize;
        if keep(&values.data[start..end]) {
            rows.extend_from_slice(&(i as u32).to_le_bytes());
        }
        start = end;
    }
    Output {
        rows: Some(rows),
        ..nothing()
    }
}

fn u32_at(list: &[u8], i: usize) -> usize {
    u32::from_le_bytes(list.as_chunks().0[i]) as usize
}

fn i64_at(list: &[u8], i: usize) -> i64 {
    i64::from_le_bytes(list.as_chunks().0[i])
}

fn start(ends: &[u8], i: usize) -> usize {
    if i == 0 { 0 } else { u32_at(ends, i - 1) }
}

fn entry(column: &Column, i: usize) -> Option<&[u8]> {
    let null = column
        .nulls
        .get(i / 8)
        .is_some_and(|b| b >> (i % 8) & 1 == 1);
    (!null).then(|| &column.data[start(&column.ends, i)..u32_at(&column.ends, i)])
}

fn show(bytes: Option<&[u8]>) -> String {
    bytes.map_or("null".to_owned(), |b| format!("{b:?}"))
}

fn echo(batch: &Batch) -> Output {
    let (keys, values) = (batch.keys.as_ref().unwrap(), batch.values.as_ref().unwrap());
    let (headers, offsets) = (
        batch.headers.as_ref().unwrap(),
        batch.offsets.as_ref().unwrap(),
    );
    let timestamps = batch.timestamps.as_ref().unwrap();
    let mut to = Column {
        data: vec![],
        ends: vec![],
        nulls: vec![],
    };
    for i in 0..batch.count as usize {
        let mut text = format!(
            "{} {} {} {}",
            batch.topic,
            batch.partition,
            i64_at(offsets, i),
            i64_at(timestamps, i)
        );
        write!(
            text,
            " key={} value={}",
            show(entry(keys, i)),
            show(entry(values, i))
        )
        .unwrap();
        for h in start(&headers.ends, i)..u32_at(&headers.ends, i) {
            let name = String::from_utf8(entry(&headers.names, h).unwrap().to_vec()).unwrap();
            write!(text, " {name}={}", show(entry(&headers.values, h))).unwrap();
        }
        to.data.extend_from_slice(text.as_bytes());
        to.ends
            .extend_from_slice(&(to.data.len() as u32).to_le_bytes());
    }
    let copy = |c: &Column| Column {
        data: c.data.clone(),
        ends: c.ends.clone(),
        nulls: c.nulls.clone(),
    };
    let partitions = batch.partition.to_le_bytes().repeat(batch.count as usize);
    let headers = Headers {
        ends: headers.ends.clone(),
        names: copy(&headers.names),
        values: copy(&headers.values),
    };
    Output {
        values: Some(ColumnPatch { at: None, to }),
        keys: Some(ColumnPatch {
            at: None,
            to: copy(keys),
        }),
        headers: Some(HeadersPatch {
            at: None,
            to: headers,
        }),
        timestamps: Some(TimestampsPatch {
            at: None,
            to: timestamps.clone(),
        }),
        partitions: Some(PartitionsPatch {
            at: None,
            to: partitions,
        }),
        ..nothing()
    }
}

fn chat() {
    write(Level::Error, "said by log.write");
    println!("to stdout");
    eprintln!("to stderr");
    print!("no newline");
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    add(0, 1);
    add(0, 1);
    add(1, 40);
}

#[allow(unconditional_recursion)]
#[inline(never)]
fn recurse(depth: u64) -> u8 {
    let here = std::hint::black_box(depth);
    recurse(here + 1).wrapping_add(here as u8)
}

fn escape() -> String {
    let files = std::fs::read("/etc/passwd").is_ok()
        || std::fs::write("x", "x").is_ok()
        || std::fs::read_dir(".").is_ok();
    let sockets = std::net::TcpStream::connect("127.0.0.1:80").is_ok()
        || std::net::UdpSocket::bind("127.0.0.1:0").is_ok()
        || std::net::TcpListener::bind("127.0.0.1:0").is_ok();
    let stdin = std::io::stdin().read(&mut [0; 8]).unwrap_or(0);
    let (variables, arguments) = (std::env::vars().count(), std::env::args().count());
    format!(
        "files: {files}, sockets: {sockets}, variables: {variables}, arguments: {arguments}, stdin: {stdin}"
    )
}
