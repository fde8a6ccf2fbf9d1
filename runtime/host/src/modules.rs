//! Modules in Kafka: chunks in a compacted topic, written before the revision that names them, and checked when read.
//!
//! A chunk's key is `digest/upload/index`. The upload is part of it because compaction keeps only the newest record of a
//! key: were the same module uploaded twice under one key, the revision that names the first upload's offsets would lose
//! them. A module that a live revision has is not written again. Nothing collects the chunks of superseded revisions yet:
//! a rollback will want them.
//!
//! In development mode a folder takes the topic's place: the embedded broker forgets past 5 MiB a partition.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use millstream_kafka::{
    error::KafkaError,
    log::{self, LogRecord, LogWriter},
    settings::Settings,
};
use sha2::{Digest as _, Sha256};

use crate::deployments::record::ModuleRef;

/// Well below the 1 MB that brokers take by default, with room for the key and the record's frame.
pub const CHUNK_BYTES: usize = 512 << 10;

/// A module of 64 MiB over a slow link.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A module whose bytes cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Something is wrong with what is stored; it does not get better by itself.
    #[error("the stored module {digest} {what}: deploy it again")]
    Damaged { digest: String, what: String },
    #[error("cannot read or write modules: {0}")]
    Kafka(#[from] KafkaError),
    #[error("cannot use the folder of modules {path}: {reason}")]
    Folder { path: String, reason: String },
}

/// Where modules are kept.
pub enum Modules {
    Topic {
        settings: Settings,
        writer: LogWriter,
        topic: String,
    },
    Folder(PathBuf),
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Modules {
    /// # Errors
    /// If no client can be made of the settings.
    pub fn in_topic(settings: &Settings, topic: &str) -> Result<Self, KafkaError> {
        Ok(Modules::Topic {
            settings: settings.clone(),
            writer: LogWriter::new(settings)?,
            topic: topic.to_owned(),
        })
    }

    /// Writes a module. When this returns, every chunk is acknowledged. `upload` tells it from other uploads of the same
    /// bytes.
    ///
    /// # Errors
    /// If it could not be written; what was written of it is never referred to.
    pub async fn store(
        &self,
        bytes: &[u8],
        file: &str,
        upload: &str,
    ) -> Result<ModuleRef, ModuleError> {
        let digest = digest(bytes);
        let mut chunks = Vec::new();
        match self {
            Modules::Topic { writer, topic, .. } => {
                for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
                    let key = format!("{digest}/{upload}/{index}");
                    chunks.push(writer.append(topic, 0, key.as_bytes(), Some(chunk)).await?);
                }
            }
            Modules::Folder(folder) => {
                let path = folder.join(format!("{digest}.wasm"));
                tokio::fs::write(&path, bytes)
                    .await
                    .map_err(|error| ModuleError::Folder {
                        path: folder.display().to_string(),
                        reason: error.to_string(),
                    })?;
            }
        }
        Ok(ModuleRef {
            digest,
            size: bytes.len() as u64,
            file: file.to_owned(),
            chunks,
        })
    }

    /// Reads a module back and verifies it.
    ///
    /// # Errors
    /// [`ModuleError::Damaged`] if what is stored is not what was uploaded, otherwise that it could not be asked for.
    pub async fn fetch(&self, module: &ModuleRef) -> Result<Vec<u8>, ModuleError> {
        let bytes = match self {
            Modules::Topic {
                settings, topic, ..
            } => {
                let (Some(first), Some(last)) =
                    (module.chunks.iter().min(), module.chunks.iter().max())
                else {
                    return Err(damaged(
                        module,
                        "is not in Kafka: it was deployed to a host in development mode".to_owned(),
                    ));
                };
                let records = log::read_range(
                    settings,
                    topic,
                    0,
                    *first,
                    last.saturating_add(1),
                    READ_TIMEOUT,
                )
                .await?;
                chunks_of(module, topic, records)?
            }
            Modules::Folder(folder) => {
                let path = folder.join(format!("{}.wasm", module.digest));
                tokio::fs::read(&path).await.map_err(|error| {
                    damaged(
                        module,
                        format!("cannot be read from {}: {error}", path.display()),
                    )
                })?
            }
        };
        verify(module, &bytes)?;
        Ok(bytes)
    }
}

/// A module's chunks, end to end, out of what lies between the first and the last.
pub(crate) fn chunks_of(
    module: &ModuleRef,
    topic: &str,
    records: Vec<LogRecord>,
) -> Result<Vec<u8>, ModuleError> {
    let mut by_offset: HashMap<i64, Vec<u8>> = records
        .into_iter()
        .filter_map(|record| Some((record.offset, record.value?)))
        .collect();
    let mut bytes = Vec::new();
    for (index, offset) in module.chunks.iter().enumerate() {
        let Some(chunk) = by_offset.remove(offset) else {
            let of = module.chunks.len();
            return Err(damaged(
                module,
                format!(
                    "is incomplete: chunk {} of {of} is missing at offset {offset} of \"{topic}\"",
                    index + 1
                ),
            ));
        };
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether these are the bytes that were uploaded.
pub(crate) fn verify(module: &ModuleRef, bytes: &[u8]) -> Result<(), ModuleError> {
    if bytes.len() as u64 != module.size {
        let what = format!(
            "has {} bytes instead of {}: a chunk is truncated",
            bytes.len(),
            module.size
        );
        return Err(damaged(module, what));
    }
    let found = digest(bytes);
    if found != module.digest {
        let what = format!("is corrupt: its bytes have the digest {found}");
        return Err(damaged(module, what));
    }
    Ok(())
}

fn damaged(module: &ModuleRef, what: String) -> ModuleError {
    ModuleError::Damaged {
        digest: module.digest.clone(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256_in_hex() {
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[tokio::test]
    async fn chunks_where_none_can_be_are_missing() {
        let nobody = Settings::new("127.0.0.1:9", &[]).unwrap();
        let modules = Modules::in_topic(&nobody, "modules").unwrap();
        let module = ModuleRef {
            digest: digest(b""),
            size: 0,
            file: "a.wasm".to_owned(),
            chunks: vec![i64::MAX],
        };
        assert!(modules.fetch(&module).await.is_err());
    }

    #[tokio::test]
    async fn what_a_folder_lost_or_mixed_up_is_said_with_digest_and_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let modules = Modules::Folder(folder.path().to_owned());
        let stored = modules.store(b"bytes", "a.wasm", "u").await.unwrap();
        assert_eq!(modules.fetch(&stored).await.unwrap(), b"bytes");

        let path = folder.path().join(format!("{}.wasm", stored.digest));
        std::fs::write(&path, b"bytez").unwrap();
        let corrupt = modules.fetch(&stored).await.unwrap_err().to_string();
        assert!(
            corrupt.contains("is corrupt") && corrupt.contains(&stored.digest),
            "{corrupt}"
        );
        std::fs::write(&path, b"byt").unwrap();
        let short = modules.fetch(&stored).await.unwrap_err().to_string();
        assert!(short.contains("3 bytes instead of 5"), "{short}");
        std::fs::remove_file(&path).unwrap();
        let missing = modules.fetch(&stored).await.unwrap_err().to_string();
        assert!(
            missing.contains("cannot be read") && missing.ends_with("deploy it again"),
            "{missing}"
        );
    }
}
