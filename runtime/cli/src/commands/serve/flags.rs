//! Flags of `serve`, most of which `dev` shares.

use std::{net::SocketAddr, path::PathBuf, thread};

use bytesize::ByteSize;
use millstream_engine::{CompilerProcess, EngineConfig};
use millstream_host::tables::{DEFAULT_ROOM, DISK_TABLES, DiskPlace};

use crate::{api::DEFAULT_PORT, output::Complaint};

/// What this program is told to compile a module from its standard input.
pub(crate) const COMPILE: &str = "compile-module";

/// Where the API is.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Listen {
    /// Address of the API; loopback only, until there is authentication
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = default_listen(), env = "MILLSTREAM_LISTEN")]
    listen: String,
}

fn default_listen() -> String {
    format!("127.0.0.1:{DEFAULT_PORT}")
}

impl Listen {
    /// # Errors
    /// If it is no address, or one that other machines could reach.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let text = self.listen.replacen("localhost:", "127.0.0.1:", 1);
        let thing = || format!("--listen {}", crate::output::escape(&self.listen));
        let address: SocketAddr = text.parse().map_err(|_| {
            Complaint::new(thing(), "is no address and port")
                .help(format!("write it as {}", default_listen()))
                .usage()
        })?;
        if !address.ip().is_loopback() {
            return Err(Complaint::new(
                thing(),
                "other machines could reach it, and the API has no authentication yet",
            )
            .help("listen on 127.0.0.1 or [::1]; from another machine, use an SSH tunnel")
            .usage()
            .into());
        }
        Ok(address)
    }
}

/// How much guests may take.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct GuestFlags {
    /// Instances of modules that may exist at once
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_instances: u32,
    /// Memory of all instances together
    #[arg(long, value_name = "SIZE", default_value = "2 GiB", value_parser = size)]
    guest_memory: ByteSize,
    /// Where compiled modules are kept; nobody else may write there [default: a folder of your own below ~/.cache]
    #[arg(long, value_name = "FOLDER", env = "MILLSTREAM_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
    /// Threads that run transforms [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Input that may be in flight, all transforms together
    #[arg(long, value_name = "SIZE", default_value = "64 MiB", value_parser = size)]
    in_flight: ByteSize,
    /// Memory of all tables that transforms look into
    #[arg(long, value_name = "SIZE", default_value = "2 GiB", value_parser = size)]
    table_memory: ByteSize,
}

/// Where tables are kept that outgrow their memory. Not for `dev`, whose broker holds less than fits into it.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct DiskFlags {
    /// Where tables are kept that are larger than their memory; other hosts on this machine may have the same folder
    /// [default: tables in the folder of compiled modules]. Only for builds with the feature disk-tables
    #[arg(long, value_name = "FOLDER", env = "MILLSTREAM_TABLE_DIR")]
    table_dir: Option<PathBuf>,
    /// Disk of all tables that are kept there
    #[arg(long, value_name = "SIZE", default_value = "64 GiB", value_parser = size)]
    table_disk: ByteSize,
}

/// A size as people write it. What the crate says of another one names no way to write it.
fn size(text: &str) -> Result<ByteSize, String> {
    text.parse()
        .map_err(|_| "write a number and a unit, such as 512 MiB".to_owned())
}

impl GuestFlags {
    /// # Errors
    /// If this program cannot be found, which has to compile modules in a process of its own.
    pub(crate) fn engine(&self) -> anyhow::Result<EngineConfig> {
        let program = std::env::current_exe().map_err(|error| {
            Complaint::new("this program", format!("cannot be found on disk: {error}"))
        })?;
        Ok(EngineConfig {
            max_instances: self.max_instances,
            guest_memory: self.guest_memory.as_u64(),
            cache_dir: self.cache_dir.clone().or_else(default_cache),
            compiler: CompilerProcess::Child {
                program,
                args: vec![COMPILE.into()],
            },
            ..EngineConfig::default()
        })
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers.map_or_else(
            || thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        )
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.as_u64()
    }

    pub(crate) fn table_memory(&self) -> u64 {
        self.table_memory.as_u64()
    }
}

impl DiskFlags {
    /// # Errors
    /// If this build has none but a folder is given.
    pub(super) fn place(&self, guests: &GuestFlags) -> anyhow::Result<Option<DiskPlace>> {
        if !DISK_TABLES {
            return match &self.table_dir {
                None => Ok(None),
                Some(_) => Err(Complaint::new(
                    "--table-dir",
                    "this build keeps no tables on a disk",
                )
                .help("run one with the cargo feature disk-tables, or leave it out")
                .usage()
                .into()),
            };
        }
        let cached = || {
            let cache = guests.cache_dir.clone().or_else(default_cache)?;
            Some(cache.join("tables"))
        };
        let folder = self.table_dir.clone().or_else(cached);
        let bytes = self.table_disk.as_u64();
        Ok(folder.map(|folder| DiskPlace { folder, bytes }))
    }
}

impl Default for GuestFlags {
    /// What the flags' own defaults say.
    fn default() -> Self {
        GuestFlags {
            max_instances: 1000,
            guest_memory: ByteSize::gib(2),
            cache_dir: None,
            workers: None,
            in_flight: ByteSize::mib(64),
            table_memory: ByteSize(DEFAULT_ROOM),
        }
    }
}

fn default_cache() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")))?;
    Some(caches.join("millstream").join("modules"))
}

/// Unique among the hosts of an installation, and readable: the machine's name and the process.
pub(crate) fn default_host_id() -> String {
    let machine = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    let clean: String = machine
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .collect();
    let short = clean.trim_matches('-').chars().take(40).collect::<String>();
    format!(
        "{}-{}",
        if short.trim_matches('-').is_empty() {
            "host"
        } else {
            short.trim_matches('-')
        },
        std::process::id()
    )
}
