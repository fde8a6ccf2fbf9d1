//! The module that a transform runs, for whoever wants to try it out elsewhere.

use super::Host;
use crate::modules::ModuleError;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ModuleFetchError {
    #[error("there is no transform {0:?}")]
    Unknown(String),
    #[error(transparent)]
    Module(#[from] ModuleError),
}

impl Host {
    /// The bytes of the live revision's module, as they were uploaded.
    ///
    /// # Errors
    /// If there is no such transform, or its module cannot be read back.
    pub async fn module(&self, name: &str) -> Result<Vec<u8>, ModuleFetchError> {
        let deployments = self.deployments();
        let deployment = deployments.live(name).and_then(|live| live.deployment());
        let deployment = deployment.ok_or_else(|| ModuleFetchError::Unknown(name.to_owned()))?;
        let modules = &self.inner.supervisor.workshop().modules;
        Ok(modules.fetch(&deployment.module).await?)
    }
}
