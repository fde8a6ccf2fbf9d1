//! One host, every hostile guest there is one after the other, and beside them an innocent transform under a steady load: its
//! records keep coming out, complete, in order and soon, and the host's memory stays within what its settings say.

mod table;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use millstream_tests::hostile::{Latency, Load, Memory, Peak};
use millstream_tests::reaper::TempDir;
use millstream_tests::{
    Finished, Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, api, guest, read_all,
};
use table::{Fate, HOSTILE, Hostile, Module};

/// Records a second of the innocent transform.
const RATE: u32 = 200;
/// Of these, so many after each guest has met its fate, and for as many the host is watched before any guest comes.
const AFTER: u64 = 200;
const QUIET: u64 = 800;

/// What the innocent's records may take, 99 of 100, at most.
const SOON: Duration = Duration::from_millis(100);
/// On a machine that is busy with other things: so many times what they take without a hostile guest, or what records take
/// meanwhile that go through the broker alone.
const BUSY: u32 = 3;

const MIB: u64 = 1 << 20;
/// `--guest-memory`.
const GUEST_MEMORY: u64 = 768 * MIB;
/// What the host may take on top of what it has without hostile guests: all of its guests' memory; on each of its two lanes
/// an answer (64 MiB) and what is made of it for Kafka (as much); what may be on its way to Kafka (64 MiB) and into the host
/// (64 MiB); the code of one module, twice, of which none here may have more than 48 MiB; and what the allocator keeps.
const MORE: u64 = GUEST_MEMORY + 2 * (64 + 64) * MIB + 2 * 64 * MIB + 2 * 48 * MIB + 64 * MIB;
/// What is still there when all of them are done: nothing of a guest, but heaps do not shrink at once.
const LEFT: u64 = 192 * MIB;
/// What the compiler may take for a module of 1 MiB, and what it takes more until its watch notices.
const COMPILER: u64 = (512 + 96) * MIB + 256 * MIB;

struct Stage {
    host: Host,
    options: HostOptions,
    /// Modules and manifests.
    folder: TempDir,
    innocent: Load,
    /// Through the broker and past the host.
    broker: Load,
    memory: Memory,
    quiet: Latency,
    base: Peak,
    report: String,
}

impl Stage {
    fn new() -> Self {
        let kafka = Kafka::shared();
        let folder = TempDir::new();
        let mut options = HostOptions::fresh()
            .argument("--guest-memory")
            .argument("768 MiB")
            .argument("--workers")
            .argument("2");
        // Of its own: everything is compiled in this run.
        options.cache = Some(folder.path().join("cache"));
        let host = Host::start(&options);
        let scene = Scene::new(1);
        scene.deploy(&host, &[]);
        let innocent = Load::start(kafka.brokers(), &scene.source, &scene.out, RATE);
        let alone = kafka.topic("alone", 1);
        let broker = Load::start(kafka.brokers(), &alone, &alone, RATE);
        let memory = Memory::watch(host.process.id());
        // The first ones meet a consumer group that is still being formed.
        innocent.await_more(AFTER);
        let begun = Instant::now();
        innocent.await_more(QUIET);
        let now = Instant::now();
        let (quiet, base) = (innocent.between(begun, now), memory.between(begun, now));
        let mut stage = Self {
            host,
            options,
            folder,
            innocent,
            broker,
            memory,
            quiet,
            base,
            report: String::new(),
        };
        stage.report(
            "guest",
            "seconds",
            "  p50    p99    max",
            "   broker alone     ",
            "host MiB",
            "compiler MiB",
        );
        stage.line("(none)", begun, now, quiet);
        stage
    }

    fn report(&mut self, guest: &str, seconds: &str, a: &str, b: &str, own: &str, children: &str) {
        let line = format!("{guest:38} {seconds:>7} | {a} | {b} | {own:>8} {children:>12}");
        eprintln!("{line}");
        writeln!(self.report, "{line}").unwrap();
    }

    fn line(&mut self, guest: &str, from: Instant, to: Instant, latency: Latency) {
        let peak = self.memory.between(from, to);
        let broker = self.broker.between(from, to);
        self.report(
            guest,
            &format!("{:.1}", (to - from).as_secs_f64()),
            &latency.to_string(),
            &broker.to_string(),
            &(peak.own / MIB).to_string(),
            &(peak.children / MIB).to_string(),
        );
    }

    /// Deploys a guest, sees what becomes of it, and how others fare meanwhile.
    fn meet(&mut self, hostile: &Hostile) {
        let name = hostile.name;
        let scene = Scene::new(2);
        let records = hostile.records.make();
        Producer::new(Kafka::shared().brokers()).send_all(&scene.source, &records);
        let manifest = self.manifest(hostile, &scene);
        let begun = Instant::now();
        let deployed = self.host.try_manifest(&manifest, &[]);
        self.fate(hostile, &scene, &records, deployed);
        self.innocent.await_more(AFTER);
        let now = Instant::now();

        let latency = self.innocent.between(begun, now);
        self.line(name, begun, now, latency);
        let broker = self.broker.between(begun, now);
        let limit = SOON.max(self.quiet.p99.max(broker.p99) * BUSY);
        let (peak, report) = (self.memory.between(begun, now), &self.report);
        assert_eq!(
            self.host.process.exited(),
            None,
            "{name} took the host along"
        );
        assert!(
            latency.p99 <= limit,
            "{name}: the innocent's p99 is over {limit:?}\n{report}"
        );
        let (own, compiler) = (self.base.own + MORE, COMPILER);
        assert!(
            peak.own <= own,
            "{name}: the host has more than {} MiB\n{report}",
            own / MIB
        );
        assert!(
            peak.children <= compiler,
            "{name}: the compiler has more than {} MiB\n{report}",
            compiler / MIB
        );
    }

    fn manifest(&self, hostile: &Hostile, scene: &Scene) -> String {
        let (module, settings) = match &hostile.module {
            Module::Deed(deed) => (guest("hostile"), format!("deed = \"{deed}\"")),
            Module::Text(text) => {
                let file = format!("{}.wasm", hostile.name.replace(' ', "-"));
                (self.folder.file(&file, text().component()), String::new())
            }
        };
        format!(
            "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"{}\"\nsettings = {{ {settings} }}\n\
             [outputs]\nout = \"{}\"\n[limits]\n{}\n",
            scene.name,
            scene.source,
            module.display(),
            scene.out,
            hostile.limits
        )
    }

    fn fate(&self, hostile: &Hostile, scene: &Scene, records: &[Record], deployed: Finished) {
        let (host, name) = (&self.host, hostile.name);
        let brokers = Kafka::shared().brokers();
        match &hostile.fate {
            Fate::Refused(texts) => {
                deployed.failed(1, texts);
                assert!(host.transform(&scene.name).is_none(), "{name} is deployed");
            }
            Fate::Fails(texts) => {
                let failed = host.await_state(&scene.name, "failed");
                let reason = failed["reason"].as_str().unwrap_or_default();
                for text in *texts {
                    assert!(reason.contains(text), "{name}: no {text:?} in: {reason}");
                }
                let shown = host.cli(["describe", &scene.name]).succeeded().out;
                assert!(shown.contains("failed"), "{name}: {shown}");
            }
            Fate::Letters(code, text) => {
                deployed.succeeded();
                host.await_caught_up(&scene.name, PATIENCE);
                let letters = read_all(brokers, &scene.rejected);
                assert_eq!(letters.len(), records.len(), "{name}: each a dead letter");
                for letter in letters {
                    let header = |header| letter.header_text(header).unwrap_or_default();
                    assert_eq!(header("millstream.code"), *code, "{name}");
                    let reason = header("millstream.reason");
                    assert!(reason.contains(text), "{name}: no {text:?} in: {reason}");
                }
                assert_eq!(read_all(brokers, &scene.out).len(), 0, "{name}");
            }
            Fate::Passes(text) => {
                deployed.succeeded();
                host.await_caught_up(&scene.name, PATIENCE);
                let out = read_all(brokers, &scene.out);
                assert_eq!(out.len(), records.len(), "{name}: each once");
                for record in out {
                    assert!(record.text().contains(text), "{name}: {}", record.text());
                }
                assert_eq!(read_all(brokers, &scene.rejected).len(), 0, "{name}");
            }
        }
    }
}

#[test]
fn one_host_survives_every_hostile_guest_and_keeps_serving_the_innocent() {
    let mut stage = Stage::new();
    // At the host's next start it loops where it did not before.
    let awakes = Scene::new(1);
    let from = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        + Duration::from_secs(20);
    let manifest = format!(
        "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"{}\"\n\
         settings = {{ deed = \"awakes\", from = {} }}\n[outputs]\nout = \"{}\"\n",
        awakes.name,
        awakes.source,
        guest("hostile").display(),
        from.as_millis(),
        awakes.out
    );
    stage.host.deploy_manifest(&manifest, &[]);
    for hostile in HOSTILE {
        stage.meet(hostile);
    }
    what_was_logged_is_little(&stage);
    let end = stage.host.process.memory();
    let logged = stage.host.process.log().len() as u64;
    println!(
        "{}{} MiB at the end, {} MiB of the host's own log",
        stage.report,
        end / MIB,
        logged / MIB
    );
    assert!(
        end <= stage.base.own + LEFT,
        "{} MiB are left, {} MiB there were at first",
        end / MIB,
        stage.base.own / MIB
    );
    assert!(logged <= 32 * MIB, "{logged} bytes in the host's log");

    // All of them are still deployed. The next host meets them at once.
    stage.host.process.terminate();
    stage.host.process.await_exit(PATIENCE);
    drop(stage.memory);
    stage.host = Host::start(&stage.options);
    let awoken = stage.host.await_state(&awakes.name, "failed");
    let reason = awoken["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("CPU time"), "{reason}");
    stage.innocent.await_more(AFTER);
    stage.innocent.stop();
    stage.broker.stop();
}

/// A gigabyte each through `log.write`, standard output and standard error, several times.
fn what_was_logged_is_little(stage: &Stage) {
    let host = &stage.host;
    let topic = format!("_{}.logs", stage.options.prefix);
    let kept: usize = read_all(Kafka::shared().brokers(), &topic)
        .iter()
        .filter_map(|line| line.value.as_ref().map(Vec::len))
        .sum();
    assert!(kept as u64 <= 16 * MIB, "{kept} bytes of guests' logs");
    let metrics = api::get(host.port, "/metrics").unwrap().body;
    let suppressed: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("millstream_suppressed_log_lines_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    assert!(suppressed > 1_000.0, "{suppressed} lines were not kept");
    let alive = api::get(host.port, "/healthz").unwrap();
    assert_eq!(alive.status, 200);
}
