//! The asking side of the local socket.
use std::{
    error::Error,
    io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};

use crate::{access::AccessError, api::ApiError};

/// How long an answer to a question may take: longer than a slow disk's sync, which it may have to wait for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for what is to be done, besides the time that this takes itself.
const PATIENCE_TO_ACT: Duration = Duration::from_secs(20);

/// A running server that answers.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    /// Finds out whether a server answers at this socket. None if nobody listens there.
    pub(crate) fn find(socket: &Path) -> Option<Self> {
        UnixStream::connect(socket).ok().map(|_| Self { socket: socket.to_owned() })
    }

    /// Asks for something.
    ///
    /// # Errors
    /// [`AccessError::Refused`] as the server says, [`AccessError::Unreached`] where there was no talk,
    /// [`AccessError::Socket`] where it broke off, [`AccessError::Silent`] where no answer came.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AccessError> {
        self.ask(Method::GET, path, Bytes::new(), PATIENCE)
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        grace: Duration,
    ) -> Result<T, AccessError> {
        let body = serde_json::to_vec(body).map_err(|error| self.broken(error))?;
        self.ask(Method::POST, path, body.into(), PATIENCE_TO_ACT.saturating_add(grace))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<T, AccessError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| self.broken(error))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| self.broken(e))?;
        // A server that was stopped (SIGSTOP) accepts, and never answers.
        let talk = async { tokio::time::timeout(patience, self.exchange(request)).await };
        let silent = |_| AccessError::Silent { socket: self.socket.clone(), waited: patience };
        let (is_success, body) = runtime.block_on(talk).map_err(silent)??;
        if is_success {
            return serde_json::from_slice(&body).map_err(|error| self.broken(error));
        }
        match serde_json::from_slice::<ApiError>(&body) {
            Ok(error) => Err(error.into()),
            Err(_) => Err(self.broken(String::from_utf8_lossy(&body))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(bool, Bytes), AccessError> {
        let stream =
            tokio::net::UnixStream::connect(&self.socket).await.map_err(|error| self.unreached(error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(error))?;
        // The sender goes with the talk, and with it the connection comes to its end.
        let talk = async move {
            let response = sender.try_send_request(request).await.map_err(|mut error| {
                let is_unread = error.take_message().is_some() || is_unread(error.error());
                if is_unread { self.unreached(error.error()) } else { self.broken(error.error()) }
            })?;
            let is_success = response.status().is_success();
            let body = response.into_body().collect().await.map_err(|error| self.broken(error))?;
            Ok((is_success, body.to_bytes()))
        };
        tokio::join!(connection, talk).1
    }

    fn unreached(&self, what: impl std::fmt::Display) -> AccessError {
        AccessError::Unreached { socket: self.socket.clone(), what: what.to_string() }
    }

    fn broken(&self, what: impl std::fmt::Display) -> AccessError {
        AccessError::Socket { socket: self.socket.clone(), what: what.to_string() }
    }
}

/// Whether the server closed the connection before it had read the whole request, so that it can't have acted on it: one
/// that ends lets go of those who have just come. A write fails then, or Linux says at the next read that the other side
/// closed over unread bytes (unix_release_sock in af_unix.c); a server that dies after it has read gives a plain end.
fn is_unread(error: &hyper::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        }
        source = error.source();
    }
    false
}

/// An id as one segment of a URL's path: everything but unreserved characters is escaped (RFC 3986, 2.3).
pub(crate) fn segment(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Read, os::unix::net::UnixListener, thread};

    /// What is told to who asks a server that does so with the connection.
    fn asked(server: impl Fn(&mut UnixStream) + Send + 'static) -> AccessError {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let serving = thread::spawn(move || server(&mut listener.accept().unwrap().0));
        let error = Client { socket }.post::<bool>("/v1/stop", &"x", Duration::ZERO).unwrap_err();
        serving.join().unwrap();
        error
    }

    /// Who asked may ask again: nothing was done.
    #[test]
    fn a_request_that_was_not_read_is_told_from_one_that_was() {
        for unread in
            [|_: &mut UnixStream| (), |stream: &mut UnixStream| stream.read_exact(&mut [0; 20]).unwrap()]
        {
            let error = asked(unread);
            assert!(matches!(error, AccessError::Unreached { .. }), "{error:?}");
        }
        let read = |stream: &mut UnixStream| {
            let mut seen = vec![];
            while !seen.ends_with(b"\"x\"") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                seen.push(byte[0]);
            }
        };
        let error = asked(read);
        assert!(matches!(error, AccessError::Socket { .. }), "{error:?}");
    }
}
