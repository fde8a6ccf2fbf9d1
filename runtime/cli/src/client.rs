//! Talks to a host over HTTP: every request of `/v1` as a method, every failure as a [`Complaint`] that says which address,
//! why, and what to do.
//!
//! Requests that change something carry an id, so asking again after a lost answer is safe, and is done here. Knows nothing
//! of what is printed.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, multipart};
use serde::de::DeserializeOwned;

use crate::api;
use crate::output::Complaint;

mod address;
mod failure;
mod lines;

pub(crate) use address::Address;
pub(crate) use lines::Lines;

/// How long the connection itself may take; answers may take longer (a large module is compiled first).
const CONNECT: Duration = Duration::from_secs(5);
/// How long a host may be silent before the request counts as lost. Compiling a 20 MB module takes about 10 s of CPU.
const SILENCE: Duration = Duration::from_secs(120);
/// The same for a deploy: a host answers within five minutes, and one that is sent again would be checked twice.
const DEPLOY: Duration = Duration::from_secs(330);
/// How often a request is made that did not get through; the pauses between double from here.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A host, by its address.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Address,
}

/// What `deploy` sends.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// What errors call the manifest: its file's name.
    pub(crate) manifest_name: String,
    pub(crate) manifest: String,
    /// File names and contents, in the order of the steps.
    pub(crate) modules: Vec<(String, bytes::Bytes)>,
    pub(crate) query: api::DeployQuery,
}

impl Client {
    pub(crate) fn new(address: Address) -> anyhow::Result<Client> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("millstream/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // A host is on this machine or near it: a proxy for the web is not the way to it.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Client { http, address })
    }

    pub(crate) async fn host(&self) -> anyhow::Result<api::HostInfo> {
        self.json(|client| Ok(client.request(Method::GET, &["v1", "host"])))
            .await
    }

    pub(crate) async fn list(&self) -> anyhow::Result<api::TransformList> {
        self.json(|client| Ok(client.request(Method::GET, &["v1", "transforms"])))
            .await
    }

    pub(crate) async fn describe(&self, name: &str) -> anyhow::Result<api::TransformDetail> {
        self.json(|client| Ok(client.request(Method::GET, &["v1", "transforms", name])))
            .await
    }

    pub(crate) async fn rejected(
        &self,
        name: &str,
        query: &api::RejectedQuery,
    ) -> anyhow::Result<api::RejectedList> {
        self.json(|client| {
            Ok(client
                .request(Method::GET, &["v1", "transforms", name, "rejected"])
                .query(query))
        })
        .await
    }

    pub(crate) async fn rejected_record(
        &self,
        name: &str,
        partition: i32,
        offset: i64,
    ) -> anyhow::Result<api::RejectedDetail> {
        let (partition, offset) = (partition.to_string(), offset.to_string());
        let path = ["v1", "transforms", name, "rejected", &partition, &offset];
        self.json(|client| Ok(client.request(Method::GET, &path)))
            .await
    }

    pub(crate) async fn redrives(&self, name: &str) -> anyhow::Result<api::RedriveList> {
        let path = ["v1", "transforms", name, "redrives"];
        self.json(|client| Ok(client.request(Method::GET, &path)))
            .await
    }

    pub(crate) async fn redrive(
        &self,
        name: &str,
        request: &api::RedriveRequest,
    ) -> anyhow::Result<api::Redrive> {
        let path = ["v1", "transforms", name, "redrives"];
        self.json(|client| Ok(client.request(Method::POST, &path).json(request)))
            .await
    }

    pub(crate) async fn cancel_redrive(
        &self,
        name: &str,
        query: &api::RedriveCancel,
    ) -> anyhow::Result<api::Redrive> {
        let path = ["v1", "transforms", name, "redrives"];
        self.json(|client| Ok(client.request(Method::DELETE, &path).query(query)))
            .await
    }

    pub(crate) async fn tables(&self) -> anyhow::Result<api::TableList> {
        self.json(|client| Ok(client.request(Method::GET, &["v1", "tables"])))
            .await
    }

    pub(crate) async fn table(&self, topic: &str) -> anyhow::Result<api::Table> {
        self.json(|client| Ok(client.request(Method::GET, &["v1", "tables", topic])))
            .await
    }

    pub(crate) async fn row(&self, topic: &str, query: &api::RowQuery) -> anyhow::Result<api::Row> {
        let path = ["v1", "tables", topic, "row"];
        self.json(|client| Ok(client.request(Method::GET, &path).query(query)))
            .await
    }

    /// The module that a transform runs.
    pub(crate) async fn module(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.request(Method::GET, &["v1", "transforms", name, "module"]);
        let response = self.answered(request.timeout(SILENCE).send().await)?;
        let response = self.accepted(response).await?;
        Ok(self.answered(response.bytes().await)?.to_vec())
    }

    /// Carried out once, however often it is asked: the query's request id sees to that.
    pub(crate) async fn deploy(&self, upload: &Upload) -> anyhow::Result<api::Deployed> {
        self.json_within(DEPLOY, |client| {
            let manifest = multipart::Part::text(upload.manifest.clone())
                .file_name(upload.manifest_name.clone())
                .mime_str(api::MANIFEST_TYPE)?;
            let mut form = multipart::Form::new().part("manifest", manifest);
            for (name, bytes) in &upload.modules {
                let length = bytes.len() as u64;
                let part = multipart::Part::stream_with_length(bytes.clone(), length)
                    .file_name(name.clone())
                    .mime_str(api::MODULE_TYPE)?;
                form = form.part("module", part);
            }
            Ok(client
                .request(Method::POST, &["v1", "transforms"])
                .query(&upload.query)
                .multipart(form))
        })
        .await
    }

    pub(crate) async fn delete(
        &self,
        name: &str,
        query: &api::DeleteQuery,
    ) -> anyhow::Result<api::Deleted> {
        self.json(|client| {
            Ok(client
                .request(Method::DELETE, &["v1", "transforms", name])
                .query(query))
        })
        .await
    }

    pub(crate) async fn create_topic(
        &self,
        topic: &api::CreateTopic,
    ) -> anyhow::Result<api::TopicCreated> {
        self.json(|client| Ok(client.request(Method::POST, &["v1", "topics"]).json(topic)))
            .await
    }

    /// Lines of a transform's log; with `follow` they go on until the host stops.
    pub(crate) async fn logs(&self, name: &str, query: &api::LogsQuery) -> anyhow::Result<Lines> {
        let request = self
            .request(Method::GET, &["v1", "transforms", name, "logs"])
            .query(query);
        let response = self.answered(request.send().await)?;
        Ok(Lines::new(
            self.accepted(response).await?,
            self.address.clone(),
        ))
    }

    /// The host's metrics in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> anyhow::Result<String> {
        let response = self.answered(self.request(Method::GET, &["metrics"]).send().await)?;
        Ok(self.accepted(response).await?.text().await?)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.http.request(method, self.address.join(path))
    }

    /// Makes a request, again if it got no answer, and reads the answer as JSON.
    async fn json<T: DeserializeOwned>(
        &self,
        build: impl Fn(&Client) -> anyhow::Result<RequestBuilder>,
    ) -> anyhow::Result<T> {
        self.json_within(SILENCE, build).await
    }

    async fn json_within<T: DeserializeOwned>(
        &self,
        within: Duration,
        build: impl Fn(&Client) -> anyhow::Result<RequestBuilder>,
    ) -> anyhow::Result<T> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        let response = loop {
            let sent = build(self)?.timeout(within).send().await;
            let again = match &sent {
                Ok(response) => response.status() == StatusCode::TOO_MANY_REQUESTS,
                // Refused at once means that nobody is there: no use in waiting.
                Err(error) => !failure::is_refused(error),
            };
            if !again || attempt == ATTEMPTS {
                break self.answered(sent)?;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        };
        let response = self.accepted(response).await?;
        let text = self.answered(response.text().await)?;
        serde_json::from_str(&text).map_err(|error| {
            Complaint::new(self.address.to_string(), format!("gave an answer that is not understood: {error}"))
                .help("check that the address is a Millstream host's, and that both sides are of the same version")
                .into()
        })
    }

    fn answered<T>(&self, result: Result<T, reqwest::Error>) -> anyhow::Result<T> {
        result.map_err(|error| failure::unanswered(&self.address, &error).into())
    }

    async fn accepted(&self, response: Response) -> anyhow::Result<Response> {
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(failure::refused(&self.address, response).await.into())
        }
    }
}
