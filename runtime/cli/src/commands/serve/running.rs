//! A host with its API: started together, stopped together.

use std::{net::SocketAddr, time::Duration};

use millstream_host::host::{Host, HostConfig};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
};

use super::{cannot_listen, complaint};
use crate::{output::Complaint, server};

/// How long requests in progress may take once the host has stopped.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

pub(crate) struct Running {
    host: Host,
    address: SocketAddr,
    bring_up: Option<JoinHandle<anyhow::Result<()>>>,
    api: JoinHandle<std::io::Result<()>>,
    stop_api: Option<oneshot::Sender<()>>,
}

impl Running {
    /// Listens and begins to wait for brokers; the API answers at once.
    pub(crate) async fn start(config: HostConfig, address: SocketAddr) -> anyhow::Result<Running> {
        let host = Host::new(config).map_err(|error| complaint(&error))?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| cannot_listen(address, &error))?;
        let address = listener.local_addr()?;
        let (stop_api, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let api = tokio::spawn(server::serve(listener, host.clone(), shutdown));
        let bring_up = host.clone();
        let bring_up = tokio::spawn(async move {
            bring_up
                .bring_up()
                .await
                .map_err(|error| complaint(&error))?;
            tracing::info!("ready");
            Ok(())
        });
        Ok(Running {
            host,
            address,
            bring_up: Some(bring_up),
            api,
            stop_api: Some(stop_api),
        })
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the host is ready.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        match self.bring_up.take() {
            Some(bring_up) => bring_up.await?,
            None => Ok(()),
        }
    }

    /// Waits for an end that nobody asked for; for ever, if there is none.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        if let Some(bring_up) = &mut self.bring_up {
            let ended = tokio::select! {
                ended = bring_up => ended,
                api = &mut self.api => return api_ended(api),
            };
            self.bring_up = None;
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                Err(error) => return error.into(),
            }
        }
        api_ended((&mut self.api).await)
    }

    /// Finishes what is in flight, then closes the API: until then it tells that it is stopping.
    pub(crate) async fn stop(&mut self, within: Duration) {
        if let Some(bring_up) = self.bring_up.take() {
            bring_up.abort();
        }
        self.host.drain(within).await;
        if let Some(stop) = self.stop_api.take() {
            let _ = stop.send(());
        }
        if !self.api.is_finished()
            && tokio::time::timeout(CLOSE_WITHIN, &mut self.api)
                .await
                .is_err()
        {
            // Followers of logs never come to an end by themselves.
            self.api.abort();
        }
    }
}

fn api_ended(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> anyhow::Error {
    let why = match ended {
        Ok(Ok(())) => "it ended".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Complaint::new("the API", why).into()
}

/// What an operator or a supervisor sends to end a process.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
