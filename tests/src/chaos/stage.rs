//! Hosts, a transform with two outputs, and what can be done to them.

use std::fmt::Display;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::process::Signal;

use super::Trial;
use crate::guests::guest;
use crate::host::{Host, HostOptions};
use crate::kafka::Kafka;
use crate::lineage::{Lineage, Report};
use crate::names::fresh;
use crate::wait::wait_until;

pub(super) const PARTITIONS: i32 = 6;
/// How long anything may take that follows a fault: a session that times out, a transaction that a broker gives up.
pub(super) const LIMIT: Duration = Duration::from_secs(180);
/// Long enough for a group to give a host up that stands still.
pub(super) const FROZEN: Duration = Duration::from_secs(8);

/// See the module.
pub struct Stage<'k> {
    pub(super) kafka: &'k Kafka,
    pub(super) options: HostOptions,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) outputs: [String; 2],
    delivery: &'static str,
    pub(super) hosts: Vec<Host>,
    began: Instant,
    /// What [`Lineage::excuse`] is to be told at the end.
    pub(super) excused: Vec<(usize, u64)>,
    pub random: StdRng,
}

impl<'k> Stage<'k> {
    pub(super) fn start(trial: &Trial, kafka: &'k Kafka, hosts_see: &str) -> Self {
        let mut options = HostOptions::on(kafka);
        options = if trial.brokers_assign {
            // How soon a host is dead is the broker's business then.
            options
                .argument("--kafka")
                .argument("group.protocol=consumer")
        } else {
            options.dead_after_6_s()
        };
        options.brokers = hosts_see.to_owned();
        options.environment = trial.environment.clone();
        let name = fresh("chaos");
        let source = kafka.topic("in", PARTITIONS);
        let outputs = [kafka.topic("out", 4), kafka.topic("out", 3)];
        kafka.create_topic(&format!("{name}.rejected"), 1, &[]);
        let hosts: Vec<Host> = (0..trial.hosts.max(1))
            .map(|_| Host::start(&options))
            .collect();
        let delivery = if trial.exactly_once {
            "exactly-once"
        } else {
            "at-least-once"
        };
        let stage = Self {
            kafka,
            options,
            name,
            source,
            outputs,
            hosts,
            delivery,
            began: Instant::now(),
            excused: Vec::new(),
            random: StdRng::seed_from_u64(trial.seed),
        };
        stage.hosts[0].deploy_manifest(&stage.manifest(""), &[]);
        stage
    }

    pub(super) fn committed(&self) -> u64 {
        self.committed_by(&self.name)
    }

    /// Records of the source that this transform of the installation has committed.
    pub(super) fn committed_by(&self, transform: &str) -> u64 {
        let committed = self
            .kafka
            .committed(&self.options.group(transform), &self.source);
        let committed = committed.iter().map(|offset| offset.unwrap_or(0));
        committed.sum::<i64>().unsigned_abs()
    }

    /// Waits until some more records are committed, of which the seed says how many.
    pub fn progress(&mut self) {
        let more = self.random.random_range(1_000..8_000);
        let reached = self.committed() + more;
        wait_until(&format!("{reached} records are committed"), LIMIT, || {
            (self.committed() >= reached).then_some(())
        });
    }

    /// For whoever reads how a trial went.
    fn note(&self, what: impl Display) {
        eprintln!("{:7.1} s: {what}", self.began.elapsed().as_secs_f64());
    }

    pub(super) fn any(&mut self) -> usize {
        self.random.random_range(0..self.hosts.len())
    }

    /// SIGKILL for one of them; another takes its place.
    pub fn kill(&mut self) {
        let at = self.any();
        self.note(format_args!("host {at} is killed"));
        self.hosts[at].process.kill();
        self.hosts[at] = Host::start(&self.options);
    }

    /// One of them stands still until its partitions are somebody else's, then goes on.
    pub fn freeze(&mut self) {
        let at = self.any();
        self.note(format_args!("host {at} stands still"));
        let process = &mut self.hosts[at].process;
        process.signal(Signal::STOP);
        std::thread::sleep(FROZEN);
        process.signal(Signal::CONT);
    }

    /// The network between hosts and broker is cut, slow or lossy for some seconds, in turn.
    pub fn break_network(&mut self, turn: u32) {
        let network = self.kafka.network();
        let how = ["cut", "slow", "lossy"][turn as usize % 3];
        self.note(format_args!("the network is {how}"));
        match turn % 3 {
            0 => network.cut(),
            1 => network.slow(Duration::from_millis(self.random.random_range(20..200))),
            _ => network.lossy(),
        }
        std::thread::sleep(Duration::from_millis(
            self.random.random_range(1_000..8_000),
        ));
        network.mend();
    }

    /// SIGKILL for one of three brokers: leaders move, and with them the coordinators of groups and transactions. It comes back
    /// with its data.
    pub fn kill_broker(&mut self) {
        let node = self.random.random_range(0..self.kafka.nodes());
        self.note(format_args!("broker {node} is killed"));
        self.kafka.kill_node(node);
        self.progress();
        self.note("it comes back");
        self.kafka.restart_node(node);
    }

    /// Another one joins, works, and leaves in good order.
    pub fn come_and_go(&mut self) {
        self.note("another host joins and leaves");
        let mut other = Host::start(&self.options);
        wait_until("the host that joined has partitions", LIMIT, || {
            let transform = other.transform(&self.name)?;
            (!transform["positions"].as_array()?.is_empty()).then_some(())
        });
        self.progress();
        other.process.terminate();
        other.process.await_exit(LIMIT);
    }

    /// Waits until each of them knows of exactly the others, and says of the transform that it runs.
    pub fn all_are_well(&self) {
        for host in &self.hosts {
            wait_until("a host is well and knows the others", LIMIT, || {
                let said = host.transform(&self.name)?;
                let running = said["state"] == "running" && said["reason"].is_null();
                let all = said["hosts"].as_array()?.len() == self.hosts.len();
                (running && all).then_some(())
            });
        }
    }

    /// A new revision of the same module takes over on all of them.
    pub fn redeploy(&mut self) {
        self.note("a new revision");
        let tag = self.random.random_range(0..1_000_000_000);
        let manifest = self.manifest(&format!(", tag = \"{tag}\""));
        let at = self.any();
        self.hosts[at].deploy_manifest(&manifest, &[]);
    }

    pub(super) fn manifest(&self, settings: &str) -> String {
        let [even, odd] = &self.outputs;
        format!(
            "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\ndelivery = \"{}\"\nmodule = \"{}\"\n\
             settings = {{ mode = \"route\", outputs = \"even,odd\"{settings} }}\n\
             [outputs]\neven = \"{even}\"\nodd = \"{odd}\"\n",
            self.name,
            self.source,
            self.delivery,
            guest("probe").display(),
        )
    }

    /// Waits until everything that was sent is done with and can be seen, and judges.
    pub(super) fn finish(&self, lineage: &Lineage) -> Report {
        let sent = lineage.len();
        wait_until(&format!("all {sent} records are committed"), LIMIT, || {
            (self.committed() >= sent).then_some(())
        });
        let outputs = self.outputs.each_ref().map(String::as_str);
        let judge = || lineage.check(self.kafka.brokers(), &outputs);
        // What a killed host left open hides what came after it, until the broker gives that transaction up.
        let mut last = judge();
        let began = Instant::now();
        while last.lost.count > 0 && began.elapsed() < LIMIT / 3 {
            std::thread::sleep(Duration::from_secs(1));
            last = judge();
        }
        last
    }
}
