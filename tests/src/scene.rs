//! The usual stage: the probe guest between a topic and another, on a host.

use crate::client::Reader;
use crate::guests::guest;
use crate::host::{Finished, Host};
use crate::kafka::Kafka;
use crate::names::fresh;

/// Both deliveries, as manifests name them.
pub const DELIVERIES: [&str; 2] = ["at-least-once", "exactly-once"];

/// Names for one transform, none of them used before. Nothing is created yet but the source and the output.
#[derive(Clone, Debug)]
pub struct Scene {
    pub name: String,
    pub source: String,
    pub out: String,
    pub rejected: String,
}

impl Scene {
    /// Source and output exist with that many partitions each; the rejected topic with one.
    pub fn new(partitions: i32) -> Self {
        Self::with_source(Kafka::shared().topic("in", partitions), partitions)
    }

    /// The same with a source that exists already.
    pub fn with_source(source: String, partitions: i32) -> Self {
        let kafka = Kafka::shared();
        let name = fresh("probe");
        let rejected = format!("{name}.rejected");
        kafka.create_topic(&rejected, 1, &[]);
        Self {
            out: kafka.topic("out", partitions),
            name,
            source,
            rejected,
        }
    }

    /// `millstream deploy` of the probe with these settings (`mode=fan`), which has to succeed.
    #[track_caller]
    pub fn deploy(&self, host: &Host, settings: &[&str]) -> Finished {
        self.deploy_with(host, settings, &[])
    }

    /// The same with more options.
    #[track_caller]
    pub fn deploy_with(&self, host: &Host, settings: &[&str], options: &[&str]) -> Finished {
        self.try_deploy(host, settings, options).succeeded()
    }

    /// The same, whatever becomes of it.
    pub fn try_deploy(&self, host: &Host, settings: &[&str], options: &[&str]) -> Finished {
        let module = guest("probe");
        let to = format!("out={}", self.out);
        let mut arguments = vec![
            "deploy",
            module.to_str().expect("a path in UTF-8"),
            "--name",
            &self.name,
        ];
        arguments.extend(["--from", &self.source, "--to", &to]);
        for setting in settings {
            arguments.extend(["--setting", setting]);
        }
        arguments.extend(options);
        host.cli(arguments)
    }

    /// A manifest of the probe with this delivery, these settings (`mode = "fan"`) and further tables of the manifest.
    pub fn manifest(&self, delivery: &str, settings: &str, tables: &str) -> String {
        format!(
            "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\ndelivery = \"{delivery}\"\nmodule = \"{}\"\n\
             settings = {{ {settings} }}\n[outputs]\nout = \"{}\"\n{tables}\n",
            self.name,
            self.source,
            guest("probe").display(),
            self.out
        )
    }

    /// A reader of the output.
    pub fn reader(&self) -> Reader {
        Reader::new(Kafka::shared().brokers(), &self.out)
    }
}
