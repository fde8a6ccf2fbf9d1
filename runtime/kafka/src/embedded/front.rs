//! The port that other programs use, in front of librdkafka's mock cluster.
//!
//! Requests and answers pass as they are, save for two things that keep other clients from using the mock:
//! - the mock answers a version of `ApiVersions` that it does not know in that version's layout. The protocol wants version 0's
//!   (KIP-511), and Java's client takes the bytes for a throttle time of 20 minutes. Such requests are answered here;
//! - the mock listens on a port of its own choice and sends clients there. In the answers that name a broker's address, the
//!   port is replaced by the one that the client knows already.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const API_VERSIONS: i16 = 18;
/// The first version of `ApiVersions` that the mock does not know.
const UNKNOWN_API_VERSIONS: i16 = 3;
/// An answer names the brokers first: within so many bytes.
const ADDRESS_WITHIN: usize = 512;
/// What the mock listens on and says to its clients.
const HOST: &[u8; 9] = b"127.0.0.1";

/// Serves the listener for ever; dropped, and its connections with it, when the task is aborted.
pub(super) async fn serve(listener: TcpListener, front: u16, mock: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(async move {
                        if let Err(error) = connect(client, front, mock).await {
                            tracing::debug!(%error, "a connection to the embedded broker has ended");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: trying again at once would spin.
                    tracing::warn!(%error, "the embedded broker cannot take a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(client: TcpStream, front: u16, mock: u16) -> io::Result<()> {
    let broker = TcpStream::connect(("127.0.0.1", mock)).await?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    carry(client, broker, front, mock).await
}

/// Carries one connection until either side closes it.
async fn carry<C, B>(client: C, broker: B, front: u16, mock: u16) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (client_reads, client_writes) = tokio::io::split(client);
    let (broker_reads, broker_writes) = tokio::io::split(broker);
    let to_client = Arc::new(tokio::sync::Mutex::new(client_writes));
    let addressed = Mutex::new(HashSet::new());
    let requests = requests(
        BufReader::new(client_reads),
        broker_writes,
        &to_client,
        &addressed,
    );
    let answers = answers(
        BufReader::new(broker_reads),
        &to_client,
        &addressed,
        front,
        mock,
    );
    tokio::select! {
        ended = requests => ended,
        ended = answers => ended,
    }
}

/// Client to broker. Notes the correlation ids whose answers name a broker's address.
async fn requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    to_client: &tokio::sync::Mutex<impl AsyncWrite + Unpin>,
    addressed: &Mutex<HashSet<i32>>,
) -> io::Result<()> {
    while let Some(size) = frame(&mut from).await? {
        // https://kafka.apache.org/protocol#protocol_messages: api key, version, correlation id, and what is not read here.
        let mut head = [0; 8];
        from.read_exact(&mut head).await?;
        let rest = size.checked_sub(8).ok_or(io::ErrorKind::InvalidData)?;
        let key = i16::from_be_bytes([head[0], head[1]]);
        let version = i16::from_be_bytes([head[2], head[3]]);
        let correlation = i32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        if key == API_VERSIONS && version >= UNKNOWN_API_VERSIONS {
            pass(&mut from, &mut tokio::io::sink(), rest).await?;
            let mut client = to_client.lock().await;
            client.write_all(&unsupported_version(correlation)).await?;
            client.flush().await?;
            continue;
        }
        if matches!(key, METADATA | FIND_COORDINATOR) {
            addressed.lock().insert(correlation);
        }
        to.write_all(&size.to_be_bytes()).await?;
        to.write_all(&head).await?;
        pass(&mut from, &mut to, rest).await?;
        to.flush().await?;
    }
    Ok(())
}

/// Broker to client.
async fn answers(
    mut from: impl AsyncRead + Unpin,
    to: &tokio::sync::Mutex<impl AsyncWrite + Unpin>,
    addressed: &Mutex<HashSet<i32>>,
    front: u16,
    mock: u16,
) -> io::Result<()> {
    while let Some(size) = frame(&mut from).await? {
        let correlation = from.read_i32().await?;
        let rest = size.checked_sub(4).ok_or(io::ErrorKind::InvalidData)?;
        let mut begin = Vec::new();
        if addressed.lock().remove(&correlation) {
            begin.resize(ADDRESS_WITHIN.min(rest as usize), 0);
            from.read_exact(&mut begin).await?;
            replace_port(&mut begin, front, mock);
        }
        let mut to = to.lock().await;
        to.write_all(&size.to_be_bytes()).await?;
        to.write_all(&correlation.to_be_bytes()).await?;
        to.write_all(&begin).await?;
        pass(&mut from, &mut *to, rest - begin.len() as u32).await?;
        to.flush().await?;
    }
    Ok(())
}

/// The size of the next message; `None` if the connection ends between two.
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<u32>> {
    match from.read_u32().await {
        Ok(size) if size <= i32::MAX as u32 => Ok(Some(size)),
        Ok(_) => Err(io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    bytes: u32,
) -> io::Result<()> {
    let passed = tokio::io::copy(&mut from.take(bytes.into()), to).await?;
    if passed == u64::from(bytes) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// `ApiVersionsResponse` version 0: error 35 (UNSUPPORTED_VERSION), and the versions of `ApiVersions` itself that can be had.
fn unsupported_version(correlation: i32) -> [u8; 20] {
    let mut message = [0; 20];
    message[..4].copy_from_slice(&16_i32.to_be_bytes());
    message[4..8].copy_from_slice(&correlation.to_be_bytes());
    message[8..10].copy_from_slice(&35_i16.to_be_bytes());
    message[10..14].copy_from_slice(&1_i32.to_be_bytes());
    message[14..16].copy_from_slice(&API_VERSIONS.to_be_bytes());
    message[18..20].copy_from_slice(&(UNKNOWN_API_VERSIONS - 1).to_be_bytes());
    message
}

/// In every version of the two answers, a broker's host is followed by its port, an int32.
fn replace_port(bytes: &mut [u8], front: u16, mock: u16) {
    let mut wanted = [0; 13];
    wanted[..9].copy_from_slice(HOST);
    wanted[9..].copy_from_slice(&i32::from(mock).to_be_bytes());
    if let Some(at) = bytes.windows(13).position(|window| window == wanted) {
        bytes[at + 9..at + 13].copy_from_slice(&i32::from(front).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    const FRONT: u16 = 9092;
    const MOCK: u16 = 40_123;

    /// A client's and a broker's end of a carried connection.
    fn carried() -> (DuplexStream, DuplexStream) {
        let (client, front) = duplex(4096);
        let (back, broker) = duplex(4096);
        tokio::spawn(carry(front, back, FRONT, MOCK));
        (client, broker)
    }

    fn message(parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        [&(body.len() as u32).to_be_bytes(), &body[..]].concat()
    }

    fn request(key: i16, version: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
        message(&[
            &key.to_be_bytes(),
            &version.to_be_bytes(),
            &correlation.to_be_bytes(),
            body,
        ])
    }

    async fn reads(from: &mut DuplexStream, wanted: &[u8]) {
        let mut found = vec![0; wanted.len()];
        from.read_exact(&mut found).await.unwrap();
        assert_eq!(found, wanted);
    }

    #[tokio::test]
    async fn what_is_larger_than_any_buffer_passes_unchanged() {
        let (mut client, mut broker) = carried();
        let produce = request(0, 10, 1, &[7; 100_000]);
        let sent = produce.clone();
        let sending = tokio::spawn(async move {
            client.write_all(&sent).await.unwrap();
            client
        });
        reads(&mut broker, &produce).await;
        let mut client = sending.await.unwrap();
        let answer = message(&[&1_i32.to_be_bytes(), HOST, &i32::from(MOCK).to_be_bytes()]);
        broker.write_all(&answer).await.unwrap();
        reads(&mut client, &answer).await;
        drop(client);
        assert_eq!(broker.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn unknown_versions_of_api_versions_are_answered_in_the_layout_of_version_0() {
        let (mut client, mut broker) = carried();
        client
            .write_all(&request(API_VERSIONS, 5, 77, b"a client's name"))
            .await
            .unwrap();
        let answer: [&[u8]; 4] = [
            &[0, 0, 0, 77],
            &[0, 35],
            &[0, 0, 0, 1],
            &[0, 18, 0, 0, 0, 2],
        ];
        reads(&mut client, &message(&answer)).await;
        // The broker has seen nothing of it; a version that it knows is its business.
        let known = request(API_VERSIONS, 2, 78, b"");
        client.write_all(&known).await.unwrap();
        reads(&mut broker, &known).await;
    }

    #[tokio::test]
    async fn clients_are_sent_to_the_port_that_they_know() {
        let (mut client, mut broker) = carried();
        for key in [METADATA, FIND_COORDINATOR] {
            let asked = request(key, 3, 5, b"");
            client.write_all(&asked).await.unwrap();
            reads(&mut broker, &asked).await;
            let answer = |port: u16| {
                let (port, mock) = (i32::from(port).to_be_bytes(), i32::from(MOCK).to_be_bytes());
                // What comes later is a user's.
                let late = [HOST, &mock[..]].concat();
                message(&[
                    &[0, 0, 0, 5],
                    &[1; 20],
                    HOST,
                    &port,
                    &late,
                    &[0; 700],
                    &late,
                ])
            };
            broker.write_all(&answer(MOCK)).await.unwrap();
            reads(&mut client, &answer(FRONT)).await;
        }
    }

    #[tokio::test]
    async fn nonsense_ends_the_connection() {
        for bytes in [&[255; 12][..], &[0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]] {
            let (mut client, _broker) = carried();
            client.write_all(bytes).await.unwrap();
            assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        }
    }
}
