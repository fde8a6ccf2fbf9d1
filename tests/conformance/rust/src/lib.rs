//! The interpreter of the conformance vectors: ../README.md says what it has to do.

mod emit;
mod show;
mod words;

use millstream_sdk::prelude::*;

use words::{Word, text, word};

#[derive(Outputs, Clone, Copy)]
enum Out {
    A,
    B,
    C,
}

#[derive(Counters)]
enum Count {
    Seen,
    Asked,
}

#[derive(Tables)]
enum Table {
    Users,
    Names,
}

#[derive(Settings)]
struct Settings {
    #[setting(default = "hello")]
    greeting: String,
    #[setting(default = 7)]
    limit: i64,
    #[setting(default)]
    strict: bool,
}

#[derive(Fields)]
struct Declared<'a> {
    #[field("/do")]
    program: Option<&'a str>,
    #[field("/text")]
    text: Option<&'a str>,
    #[field("/integer")]
    integer: Option<i64>,
    #[field("/number")]
    number: Option<f64>,
    #[field("/boolean")]
    boolean: Option<bool>,
    #[field("/raw")]
    raw: Option<&'a [u8]>,
    #[field("/lenient", lenient)]
    lenient: Option<i64>,
    #[field(key, lenient)]
    key: Option<&'a str>,
    #[field(header = "h", lenient)]
    header: Option<&'a str>,
    #[lookup("users")]
    by_key: Option<&'a [u8]>,
    #[lookup("users", by = text, "/name", lenient)]
    name: Option<&'a str>,
    #[lookup("names", by = integer)]
    by_number: Option<&'a [u8]>,
}

type Everything = (Keys, Values, Headers, Timestamps, Offsets, Table);

#[transform]
fn interpret(
    fields: Declared<'_>,
    record: Record<'_, Everything>,
    out: &mut Emitter<Out, Count>,
    settings: &Settings,
) -> Result<(), Failure> {
    if record.value().is_none() {
        out.forward(Out::A);
        return Ok(());
    }
    let Some(program) = fields.program else {
        reject!("no-program", "the record says nothing");
    };
    for line in program.split('\n') {
        let (instruction, rest) = line.split_once(' ').unwrap_or((line, ""));
        match instruction {
            "forward" => out.forward(output(rest)?),
            "emit" => emit::emit(rest, out)?,
            "drop" => out.drop(),
            "reject" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                return Err(Reject::new(text(code)?, text(reason)?).into());
            }
            "fail" => return Err(failure(rest)?),
            "count" => {
                let (counter, by) = rest.split_once(' ').unwrap_or((rest, ""));
                out.count(self::counter(counter)?, by.parse().or_reject("bad-number")?);
            }
            "log" => log(rest)?,
            "get" => {
                let (name, key) = rest.split_once(' ').unwrap_or((rest, ""));
                let keys: [Word; 1] = [word(key)];
                let found = record.tables().get_all(table(name)?, keys);
                emit::value(out, found.get(0));
            }
            "show" => show::show(rest, &fields, record, settings, out)?,
            other => reject!("unknown-instruction", "{other}"),
        }
    }
    Ok(())
}

fn output(name: &str) -> Result<Out, Reject> {
    match name {
        "a" => Ok(Out::A),
        "b" => Ok(Out::B),
        "c" => Ok(Out::C),
        _ => reject!("unknown-output", "{name}"),
    }
}

fn counter(name: &str) -> Result<Count, Reject> {
    match name {
        "seen" => Ok(Count::Seen),
        "asked" => Ok(Count::Asked),
        _ => reject!("unknown-counter", "{name}"),
    }
}

fn table(name: &str) -> Result<Table, Reject> {
    match name {
        "users" => Ok(Table::Users),
        "names" => Ok(Table::Names),
        _ => reject!("unknown-table", "{name}"),
    }
}

fn failure(rest: &str) -> Result<Failure, Reject> {
    match rest.split_once(' ') {
        Some(("transient", reason)) => Ok(Failure::transient(text(reason)?)),
        Some(("permanent", reason)) => Ok(Failure::permanent(text(reason)?)),
        _ => reject!("unknown-failure", "{rest}"),
    }
}

fn log(rest: &str) -> Result<(), Reject> {
    let (level, line) = rest.split_once(' ').unwrap_or((rest, ""));
    let line = text(line)?;
    match level {
        "debug" => debug!("{line}"),
        "info" => info!("{line}"),
        "warn" => warn!("{line}"),
        "error" => error!("{line}"),
        _ => reject!("unknown-level", "{level}"),
    }
    Ok(())
}
