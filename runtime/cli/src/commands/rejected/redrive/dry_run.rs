//! `millstream rejected redrive --dry-run`: what would come of letters, on this machine.

use std::fmt;
use std::time::UNIX_EPOCH;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use millstream_engine::{Failure, Limits};
use millstream_host::check::{self, HostLimits};
use millstream_host::manifest::Manifest;

use super::super::source;
use super::Begin;
use crate::api::{RejectedDetail, RejectedQuery, RejectedRecord};
use crate::authoring::dry_run::{Came, DryRun};
use crate::authoring::trial::Record;
use crate::client::Client;
use crate::output::{self, Complaint, escape, numbers};

pub(super) async fn run(
    args: &Begin,
    client: &Client,
    places: &[(i32, i64)],
) -> anyhow::Result<()> {
    let component = component(args, client).await?;
    let mut sums = Sums::default();
    for (partition, offset) in chosen(args, client, places).await? {
        let letter = client
            .rejected_record(&args.name, partition, offset)
            .await?;
        if !of_code(&letter.record, args.code.as_deref()) {
            continue;
        }
        let from = source(&letter.record);
        output::line(format_args!("{partition}/{offset} {from}"));
        let came = component.of(original(&letter)?).await;
        for line in told(&came) {
            output::line(format_args!("  {}", escape(&line)));
        }
        sums.add(&came);
    }
    output::line(format_args!("\n{sums}. Nothing was written."));
    Ok(())
}

/// The component that is asked for, as the deployed manifest sets it up.
async fn component(args: &Begin, client: &Client) -> anyhow::Result<DryRun> {
    let detail = client.describe(&args.name).await?;
    let manifest = Manifest::parse("the deployed manifest", &detail.manifest)
        .map_err(|problems| Complaint::new(escape(&args.name), format!("{problems:?}")))?;
    let (what, wasm) = match &args.module {
        Some(file) => {
            let what = file.display().to_string();
            let wasm = std::fs::read(file)
                .map_err(|error| Complaint::new(&what, format!("cannot be read: {error}")))?;
            (what, wasm)
        }
        None => (detail.module.file, client.module(&args.name).await?),
    };
    let limits = limits(&manifest);
    Ok(DryRun::new(&what, &wasm, manifest.step.settings, limits).await?)
}

/// The limits that the manifest asks for. They were within what the host has when it was deployed.
fn limits(manifest: &Manifest) -> Limits {
    let no_less = HostLimits {
        memory: u64::MAX,
        table_memory: u64::MAX,
    };
    check::effective_limits(manifest, &no_less)
}

/// The letters at these places, or the latest where none is named.
async fn chosen(
    args: &Begin,
    client: &Client,
    places: &[(i32, i64)],
) -> anyhow::Result<Vec<(i32, i64)>> {
    if !places.is_empty() {
        return Ok(places.to_vec());
    }
    let query = RejectedQuery {
        code: args.code.clone(),
        limit: args.max,
    };
    let list = client.rejected(&args.name, &query).await?;
    let place = |record: &RejectedRecord| (record.partition, record.offset);
    Ok(list.records.iter().map(place).collect())
}

/// Whether a redrive of this code takes the letter.
fn of_code(letter: &RejectedRecord, code: Option<&str>) -> bool {
    code.is_none_or(|code| letter.code == code)
}

/// What came of a letter, in lines.
fn told(came: &Result<Came, Failure>) -> Vec<String> {
    match came {
        Ok(came) if came.lines.is_empty() => vec!["(nothing: it is dropped)".to_owned()],
        Ok(came) => came.lines.clone(),
        Err(failure) if failure.is_guests_fault() => vec![format!("fails: {failure}")],
        Err(failure) => vec![format!("not tried: {failure}")],
    }
}

/// What became of all letters.
#[derive(Debug, Default)]
struct Sums {
    passed: u64,
    failed: u64,
    not_tried: u64,
}

impl Sums {
    fn add(&mut self, came: &Result<Came, Failure>) {
        let sum = match came {
            Ok(came) if !came.rejected => &mut self.passed,
            // This machine's fault says nothing of what a host will make of it.
            Err(failure) if !failure.is_guests_fault() => &mut self.not_tried,
            _ => &mut self.failed,
        };
        *sum += 1;
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passed, failed] = [self.passed, self.failed].map(numbers::count);
        write!(f, "{passed} would go through, {failed} would fail again")?;
        match self.not_tried {
            0 => Ok(()),
            not_tried => write!(f, ", {} could not be tried", numbers::count(not_tried)),
        }
    }
}

/// The record that a letter once was.
fn original(letter: &RejectedDetail) -> anyhow::Result<Record> {
    let RejectedRecord {
        source_topic,
        source_partition,
        source_offset,
        time,
        ..
    } = &letter.record;
    let bytes =
        |base64: &Option<String>| base64.as_ref().map(|text| BASE64.decode(text)).transpose();
    let own = letter
        .headers
        .iter()
        .filter(|(name, _)| !name.starts_with(millstream_host::delivery::HEADER_PREFIX));
    let headers = own.map(|(name, value)| Ok((name.clone(), bytes(value)?)));
    let since_1970 = time
        .as_deref()
        .and_then(|time| humantime::parse_rfc3339(time).ok())
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(Record {
        topic: source_topic.clone(),
        partition: source_partition.parse()?,
        offset: source_offset.parse()?,
        key: bytes(&letter.key_base64)?,
        value: bytes(&letter.value_base64)?,
        headers: headers.collect::<anyhow::Result<_>>()?,
        timestamp: since_1970.map_or(-1, |since| i64::try_from(since.as_millis()).unwrap_or(-1)),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fault_of_this_machine_is_not_counted_as_a_letter_that_fails_again() {
        let emitted = |line: &str| {
            Ok(Came {
                lines: vec![line.to_owned()],
                rejected: false,
            })
        };
        let rejected = Ok(Came {
            lines: vec!["{\"rejected\":{\"code\":\"x\"}}".to_owned()],
            rejected: true,
        });
        let mut sums = Sums::default();
        sums.add(&Ok(Came::default()));
        // What a record holds does not make it a rejected one.
        sums.add(&emitted("{\"output\":\"out\",\"value\":{\"rejected\":1}}"));
        sums.add(&rejected);
        sums.add(&Err(Failure::Permanent("never".to_owned())));
        assert_eq!(sums.to_string(), "2 would go through, 2 would fail again");
        let fault = Err(Failure::Host("no room".to_owned()));
        sums.add(&fault);
        assert_eq!(
            sums.to_string(),
            "2 would go through, 2 would fail again, 1 could not be tried"
        );
        assert!(told(&fault)[0].starts_with("not tried: "));
    }

    #[test]
    fn limits_are_those_of_the_deployed_manifest() {
        let text = "name = \"n\"\nsource = { topics = [\"t\"] }\nmodule = \"m.wasm\"\noutputs = { a = \"b\" }\n\
                    limits = { memory = \"3 GiB\", batch-time = \"4 s\" }\n";
        let limits = limits(&Manifest::parse("m", text).expect("a manifest"));
        assert_eq!(limits.memory, 3 << 30);
        assert_eq!(limits.batch_time, Duration::from_secs(4));
    }

    #[test]
    fn a_code_chooses_among_named_places_as_well() {
        let letter = RejectedRecord {
            code: "malformed".to_owned(),
            ..RejectedRecord::default()
        };
        assert!(of_code(&letter, None));
        assert!(of_code(&letter, Some("malformed")));
        assert!(!of_code(&letter, Some("trap")));
    }
}
