//! Three brokers that are controllers too, so that any one of them can be killed.

use std::sync::Mutex;

use super::server::Server;
use super::{Heap, Kafka, jars};
use crate::names::free_port;
use crate::wait::wait_until;

const NODES: usize = 3;
/// Topics have a copy on every node, and take records as long as two have them.
const COPIES: &[(&str, &str)] = &[
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("offsets.topic.replication.factor", "3"),
    ("transaction.state.log.replication.factor", "3"),
    ("transaction.state.log.min.isr", "2"),
    // Half of what a broker waits otherwise before it gives another one up.
    ("broker.session.timeout.ms", "4500"),
    ("broker.heartbeat.interval.ms", "1000"),
];

impl Kafka {
    /// Starts three of them. Panics with what one of them said if they do not come up.
    pub fn cluster() -> Self {
        let jars = jars();
        let ports: Vec<(u16, u16)> = (0..NODES).map(|_| (free_port(), free_port())).collect();
        let voters: Vec<String> = ports
            .iter()
            .enumerate()
            .map(|(node, (_, controller))| format!("{}@127.0.0.1:{controller}", node + 1))
            .collect();
        let properties = |node: usize| {
            let (port, controller) = ports[node];
            let mut all: Vec<(String, String)> = COPIES
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let listeners =
                format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
            all.push(("node.id".to_owned(), (node + 1).to_string()));
            all.push(("controller.quorum.voters".to_owned(), voters.join(",")));
            all.push(("listeners".to_owned(), listeners));
            all
        };
        // None of them is up before a majority is.
        let servers = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..NODES)
                .map(|node| {
                    let (jars, properties) = (&jars, properties(node));
                    let port = ports[node].0;
                    scope.spawn(move || {
                        Server::start(jars, port, None, None, Heap::Small, &properties)
                    })
                })
                .collect();
            starting
                .into_iter()
                .map(|node| node.join().unwrap())
                .collect::<Result<Vec<Server>, String>>()
        });
        let servers =
            servers.unwrap_or_else(|problem| panic!("the cluster did not start: {problem}"));
        let brokers: Vec<String> = ports
            .iter()
            .map(|(port, _)| format!("127.0.0.1:{port}"))
            .collect();
        Self {
            brokers: brokers.join(","),
            sasl_brokers: None,
            network: None,
            servers: servers.into_iter().map(Mutex::new).collect(),
        }
    }

    /// How many nodes were started here.
    pub fn nodes(&self) -> usize {
        self.servers.len()
    }

    /// SIGKILL for one of them.
    pub fn kill_node(&self, node: usize) {
        self.servers[node].lock().unwrap().kill();
    }

    /// Starts a killed one again, and waits until it has caught up with the others.
    pub fn restart_node(&self, node: usize) {
        let restarted = self.servers[node].lock().unwrap().restart();
        restarted.unwrap_or_else(|problem| panic!("node {node} did not start again: {problem}"));
        wait_until("every copy is in sync", super::topics::LIMIT * 4, || {
            self.all_in_sync().then_some(())
        });
    }
}
