//! Compiled code on disk, so that a restart does not compile again.
//!
//! A forged file here would run as native code, so the folder is a real directory of mode 0700 of this user, held open,
//! and a file counts only if it is a regular file of this user that nobody else may write and its checksum is right.
//! A file that does not count is as good as absent. The name has the module's digest and a hash of wasmtime's version,
//! the configuration and the CPU's features.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rand::RngExt;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest as _, Sha256};

use crate::EngineError;
use crate::module::Digest;
use crate::raw::code::TrustedCode;

const MAGIC: &[u8; 8] = b"mscode1\n";
const HEADER: usize = MAGIC.len() + 32;
const SUFFIX: &str = ".code";
/// Of a file that is not complete yet.
const UNFINISHED: &str = ".tmp";
/// Seconds after which nobody is still writing such a file.
const LEFT_BEHIND: i64 = 3_600;
/// Others may neither read nor write; nor may the group.
const OTHERS: u32 = 0o077;

/// A folder of compiled code.
pub(crate) struct Cache {
    dir: OwnedFd,
    /// Of wasmtime, the configuration and the CPU.
    build: u64,
    max_bytes: u64,
}

impl Cache {
    pub(crate) fn open(
        path: &Path,
        max_bytes: u64,
        engine: &wasmtime::Engine,
    ) -> Result<Cache, EngineError> {
        let refuse = |reason: String| EngineError::Cache {
            path: path.display().to_string(),
            reason,
        };
        if let Err(e) = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(refuse(format!("{e}; name another folder")));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| match e {
            Errno::LOOP | Errno::NOTDIR => {
                refuse("it is not a directory, or a symbolic link: name the folder itself".into())
            }
            e => refuse(e.to_string()),
        })?;
        let stat = fstat(&dir).map_err(|e| refuse(e.to_string()))?;
        if !is_ours(&stat) {
            return Err(refuse(
                "it belongs to another user, who could put code in it: name another folder".into(),
            ));
        }
        if stat.st_mode & OTHERS != 0 {
            return Err(refuse(format!(
                "others may use it (mode {:03o}), who could put code in it: `chmod 700` it",
                stat.st_mode & 0o777
            )));
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let cache = Cache {
            dir,
            build: hasher.finish(),
            max_bytes,
        };
        cache.shrink();
        Ok(cache)
    }

    fn name(&self, digest: Digest) -> String {
        format!("{digest}-{:016x}{SUFFIX}", self.build)
    }

    /// The code of this module, if there is a file that can be trusted.
    pub(crate) fn get(&self, digest: Digest) -> Option<TrustedCode> {
        let name = self.name(digest);
        match self.read(&name) {
            Ok(code) => Some(TrustedCode::from_own_compiler(code)),
            Err(Unusable::Absent) => None,
            Err(Unusable::Because(why)) => {
                tracing::warn!(
                    "not using {name} of the compiled-code cache, compiling again: {why}"
                );
                let _ = unlinkat(&self.dir, &name, AtFlags::empty());
                None
            }
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Unusable> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = openat(&self.dir, name, flags, Mode::empty()).map_err(|e| match e {
            Errno::NOENT => Unusable::Absent,
            e => Unusable::Because(e.to_string()),
        })?;
        let stat = fstat(&file).map_err(|e| Unusable::Because(e.to_string()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !is_ours(&stat) {
            return Err(Unusable::Because(
                "it is not a regular file of this user".into(),
            ));
        }
        if stat.st_mode & OTHERS != 0 {
            return Err(Unusable::Because("others may read or write it".into()));
        }
        let mut bytes = Vec::new();
        File::from(file)
            .read_to_end(&mut bytes)
            .map_err(|e| Unusable::Because(e.to_string()))?;
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return Err(Unusable::Because("it is no file of this cache".into()));
        }
        if Sha256::digest(&bytes[HEADER..])[..] != bytes[MAGIC.len()..HEADER] {
            return Err(Unusable::Because(
                "its checksum is wrong: it was cut short or changed".into(),
            ));
        }
        bytes.drain(..HEADER);
        Ok(bytes)
    }

    /// Keeps the code of this module. Readers see all of it or nothing.
    pub(crate) fn put(&self, digest: Digest, code: &[u8]) -> std::io::Result<()> {
        // Not a number that is counted up: in a container each start has the same process id.
        let unique = rand::rng().random::<u64>();
        let temporary = format!(".{unique:016x}{UNFINISHED}");
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.dir, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
        let written = (|| {
            let mut file = File::from(file);
            file.write_all(MAGIC)?;
            file.write_all(&Sha256::digest(code))?;
            file.write_all(code)?;
            Ok(renameat(
                &self.dir,
                &temporary,
                &self.dir,
                self.name(digest),
            )?)
        })();
        if written.is_err() {
            let _ = unlinkat(&self.dir, &temporary, AtFlags::empty());
        }
        self.shrink();
        written
    }

    /// Removes what killed processes left behind, and the oldest files until the rest fits.
    fn shrink(&self) {
        let Ok(dir) = rustix::fs::Dir::read_from(&self.dir) else {
            return;
        };
        let now = clock_gettime(ClockId::Realtime).tv_sec;
        let mut files = Vec::new();
        for entry in dir.flatten() {
            let name = entry.file_name().to_owned();
            let Ok(stat) = statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let text = name.to_string_lossy();
            let unfinished = text.ends_with(UNFINISHED);
            if unfinished && now.saturating_sub(stat.st_mtime) > LEFT_BEHIND {
                let _ = unlinkat(&self.dir, &name, AtFlags::empty());
            } else if unfinished || text.ends_with(SUFFIX) {
                files.push((stat.st_mtime, stat.st_size.max(0) as u64, name));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|f| f.1).sum();
        for (_, size, name) in files {
            if total <= self.max_bytes {
                break;
            }
            let _ = unlinkat(&self.dir, &name, AtFlags::empty());
            total -= size;
        }
    }
}

enum Unusable {
    Absent,
    Because(String),
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}
