//! Connections that stand still are closed.
//!
//! A client that sends a byte a minute would hold a connection, and a share of the upload places, for ever. Each read has to
//! bring something in time; how long a whole request may take is bounded elsewhere.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep},
};

/// How long a connection may bring and take nothing. Between two requests, too, and while an answer is made or streamed: it is read
/// then as well, to notice a client that hangs up. So requests end earlier, and streams say something now and then.
const READ_WITHIN: Duration = Duration::from_secs(330);

pub struct Timed(pub TcpListener);

impl Listener for Timed {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers go at once.
        let _ = stream.set_nodelay(true);
        (
            Stream {
                stream,
                timer: Box::pin(tokio::time::sleep(READ_WITHIN)),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

pub struct Stream {
    stream: TcpStream,
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    fn progress(&mut self) {
        self.timer.as_mut().reset(Instant::now() + READ_WITHIN);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                self.progress();
                Poll::Ready(read)
            }
            Poll::Pending => match self.timer.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            // A follower of logs that takes lines is alive.
            self.progress();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
