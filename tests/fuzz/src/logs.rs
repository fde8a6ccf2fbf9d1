//! Records of the control topics, as anybody who may write to them could have written them: revisions and redrives, chunks of modules, what
//! hosts say of themselves, lines of logs, and the stamps in commits.
//!
//! Records end with the byte 0x1e. Each is a letter for its kind, the key up to a line break, and the value; `~` is null.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_host::{
    check::{HostLimits, effective_limits},
    delivery::Stamp,
    deployments::{
        record::{Change, ModuleRef, Revision},
        redrive::Redrive,
        state::Deployments,
    },
    host::{RedriveStatus, fuzzing},
    logs::{Line, LogBook},
    modules,
    status::StatusBoard,
};
use millstream_kafka::log::LogRecord;

use crate::{nullable, split};

/// Any records.
pub fn run(data: &[u8]) {
    let mut deployments = Deployments::default();
    let (board, book) = (StatusBoard::default(), LogBook::default());
    let (mut stored, mut wanted) = (Vec::new(), Vec::new());
    for (at, record) in (0_i64..).zip(data.split(|byte| *byte == 0x1e)) {
        let Some((kind, record)) = record.split_first() else {
            continue;
        };
        let (key, value) = split(record, b'\n');
        let (key, value) = (nullable(key), nullable(value));
        match kind {
            b'd' => revision(key, value, &mut deployments, &mut wanted),
            b's' => board.take(key, value, Duration::from_secs(at.unsigned_abs())),
            b'l' => line(key, value, &book),
            b'm' => stored.push(LogRecord {
                offset: at,
                key: key.map(<[u8]>::to_vec),
                value: value.map(<[u8]>::to_vec),
                headers: Vec::new(),
                timestamp: -1,
            }),
            b't' => stamp(value.unwrap_or_default()),
            _ => {}
        }
    }
    for revision in deployments.all() {
        let latest = deployments.latest(&revision.name).expect("the latest");
        assert!(latest.number >= revision.number);
        let _ = board.of(&revision.name);
    }
    let _ = board.hosts();
    for module in wanted {
        if let Ok(bytes) = fuzzing::module(&module, stored.clone()) {
            assert_eq!(modules::digest(&bytes), module.digest);
        }
    }
}

fn revision(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    deployments: &mut Deployments,
    wanted: &mut Vec<ModuleRef>,
) {
    let Some(revision) = Revision::decode(key, value, 5) else {
        return redrive(key, value);
    };
    assert!(revision.number.checked_add(1).is_some());
    if let Change::Unreadable(why) = &revision.change {
        assert!(!why.is_empty());
    } else {
        let written = revision.encode().expect("JSON");
        let again = Revision::decode(Some(revision.key().as_bytes()), Some(&written), 0);
        assert_eq!(again.as_ref(), Some(&revision));
    }
    if let Some(deployment) = revision.deployment() {
        let limits = effective_limits(
            &deployment.manifest,
            &HostLimits {
                memory: 1 << 30,
                table_memory: 1 << 30,
            },
        );
        let _ = fuzzing::search_cpu(&limits);
        let _ = deployment.manifest.source.start.to_string();
        let _ = deployment.manifest.module_file();
        let _ = deployment.manifest.written_topics().count();
        wanted.push(deployment.module.clone());
    }
    let before = deployments
        .latest(&revision.name)
        .map(|latest| latest.number);
    let newer = before.is_none_or(|before| before < revision.number);
    assert_eq!(deployments.apply(revision), newer);
}

fn redrive(key: Option<&[u8]>, value: Option<&[u8]>) {
    let Some(redrive) = Redrive::decode(key, value) else {
        return;
    };
    assert!(redrive.number.checked_add(1).is_some());
    let written = redrive.encode().expect("JSON");
    let again = Redrive::decode(Some(redrive.key().as_bytes()), Some(&written));
    assert_eq!(again.as_ref(), Some(&redrive));
    for (partition, (start, end)) in &redrive.extents {
        for offset in [*start, *end] {
            let done = redrive.has_done(*partition, offset, "trap");
            assert!(!done || redrive.is_about(*partition, offset, "trap"));
            assert!(!redrive.is_about(*partition, *end, "trap"));
        }
    }
    let status = RedriveStatus {
        reached: BTreeMap::new(),
        here: None,
        redrive: Arc::new(redrive),
    };
    let _ = status.remaining();
}

fn line(key: Option<&[u8]>, value: Option<&[u8]>, book: &LogBook) {
    if let Some(line) = Line::decode(key, value) {
        book.add(line.clone());
        assert_eq!(book.tail(&line.transform, 1), [line]);
    }
}

fn stamp(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    if let Ok(stamp) = text.parse::<Stamp>() {
        assert_eq!(stamp.to_string().parse(), Ok(stamp));
    }
}
