//! A stream of JSON objects, one a line.

use reqwest::Response;
use serde::de::DeserializeOwned;

use super::{Address, failure};

/// The longest line that is taken; longer ones come from something that is not a host.
const LONGEST: usize = 1 << 20;

/// The lines of an answer as they arrive.
pub(crate) struct Lines {
    response: Response,
    address: Address,
    buffer: Vec<u8>,
}

impl Lines {
    pub(super) fn new(response: Response, address: Address) -> Lines {
        Lines {
            response,
            address,
            buffer: Vec::new(),
        }
    }

    /// The next object; `None` at the end. Lines that are empty or not of the expected form are skipped: a later version
    /// may send more kinds.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<Option<T>> {
        loop {
            if let Some(line) = take_line(&mut self.buffer) {
                if let Ok(value) = serde_json::from_slice(&line) {
                    return Ok(Some(value));
                }
                continue;
            }
            if self.buffer.len() > LONGEST {
                anyhow::bail!("{}: sent a line of more than {LONGEST} bytes", self.address);
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) => {
                    return Ok(serde_json::from_slice(&std::mem::take(&mut self.buffer)).ok());
                }
                Err(error) => return Err(failure::unanswered(&self.address, &error).into()),
            }
        }
    }
}

fn take_line(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = buffer.iter().position(|byte| *byte == b'\n')?;
    let rest = buffer.split_off(end + 1);
    Some(std::mem::replace(buffer, rest))
}
