//! The asking side of the local socket.
use std::{
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
        let unreached = |error: std::io::Error| {
            let what = error.to_string();
            AccessError::Unreached { socket: self.socket.clone(), what }
        };
        let stream = tokio::net::UnixStream::connect(&self.socket).await.map_err(unreached)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(error))?;
        // The sender goes with the talk, and with it the connection comes to its end.
        let talk = async move {
            let response = sender.send_request(request).await?;
            let is_success = response.status().is_success();
            Ok::<_, hyper::Error>((is_success, response.into_body().collect().await?.to_bytes()))
        };
        let (_, answer) = tokio::join!(connection, talk);
        answer.map_err(|error| self.broken(error))
    }

    fn broken(&self, what: impl std::fmt::Display) -> AccessError {
        AccessError::Socket { socket: self.socket.clone(), what: what.to_string() }
    }
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
