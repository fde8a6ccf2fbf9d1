//! Answers that are not a success: a status, and the one JSON form of all errors.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use millstream_host::{
    host::{DeleteError, DeployError, LettersError, ModuleFetchError, NotReady, RedriveError},
    modules::ModuleError,
    problem::Problem,
};

use crate::api::{ApiError, ErrorBody, ErrorItem, code};

/// Seconds after which somebody who was turned away may ask again.
const RETRY_AFTER: u64 = 2;

/// A request that was not carried out.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    error: ApiError,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Refusal {
            status,
            error: ApiError {
                code: code.to_owned(),
                message: message.into(),
                items: Vec::new(),
            },
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(400, code::BAD_REQUEST, message)
    }

    pub fn unsupported(message: impl Into<String>) -> Self {
        Refusal::new(415, code::UNSUPPORTED_MEDIA_TYPE, message)
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Refusal::new(413, code::TOO_LARGE, message)
    }

    pub fn unknown_transform(name: &str) -> Self {
        let message =
            format!("there is no transform {name:?}: `millstream list` shows those that there are");
        Refusal::new(404, code::UNKNOWN_TRANSFORM, message)
    }

    fn invalid(problems: Vec<Problem>) -> Self {
        let message = match problems.as_slice() {
            [one] => one.to_string(),
            many => format!(
                "{} things are wrong with this upload, nothing was changed",
                many.len()
            ),
        };
        let items = problems
            .into_iter()
            .map(|Problem { item, message }| ErrorItem { item, message })
            .collect();
        Refusal {
            status: 422,
            error: ApiError {
                code: code::INVALID_DEPLOYMENT.to_owned(),
                message,
                items,
            },
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(ErrorBody { error: self.error })).into_response();
        if matches!(self.status, 429 | 503) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        if matches!(self.status, 408 | 413) {
            // What is left of the body will not be read.
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<NotReady> for Refusal {
    fn from(why: NotReady) -> Self {
        let code = match &why {
            NotReady::Brokers(_) => code::BROKER,
            NotReady::CatchingUp | NotReady::Stopping => code::NOT_READY,
        };
        Refusal::new(503, code, why.to_string())
    }
}

impl From<DeployError> for Refusal {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Invalid(problems) => Refusal::invalid(problems),
            DeployError::Conflict(why) => Refusal::new(409, code::CONFLICT, why),
            DeployError::NotReady(why) => why.into(),
            DeployError::Broker(why) => Refusal::new(503, code::BROKER, why),
            DeployError::Internal(why) => Refusal::new(500, code::INTERNAL, why),
        }
    }
}

impl From<LettersError> for Refusal {
    fn from(error: LettersError) -> Self {
        match &error {
            LettersError::UnknownTransform(name) => Refusal::unknown_transform(name),
            LettersError::NoSuchLetter { .. } => {
                Refusal::new(404, code::NOT_FOUND, error.to_string())
            }
            LettersError::Kafka(_) => Refusal::new(503, code::BROKER, error.to_string()),
        }
    }
}

impl From<RedriveError> for Refusal {
    fn from(error: RedriveError) -> Self {
        let message = error.to_string();
        match error {
            RedriveError::Letters(error) => error.into(),
            RedriveError::NotReady(why) => why.into(),
            RedriveError::Open { .. } | RedriveError::Conflict(_) => {
                Refusal::new(409, code::CONFLICT, message)
            }
            RedriveError::NoneOpen { .. } | RedriveError::NoLetters { .. } => {
                Refusal::new(404, code::NOT_FOUND, message)
            }
            RedriveError::Broker(_) => Refusal::new(503, code::BROKER, message),
        }
    }
}

impl From<ModuleFetchError> for Refusal {
    fn from(error: ModuleFetchError) -> Self {
        let message = error.to_string();
        match error {
            ModuleFetchError::Unknown(name) => Refusal::unknown_transform(&name),
            ModuleFetchError::Module(ModuleError::Kafka(_)) => {
                Refusal::new(503, code::BROKER, message)
            }
            ModuleFetchError::Module(_) => Refusal::new(500, code::INTERNAL, message),
        }
    }
}

impl From<DeleteError> for Refusal {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Unknown(name) => Refusal::unknown_transform(&name),
            DeleteError::NotReady(why) => why.into(),
            DeleteError::Conflict(why) => Refusal::new(409, code::CONFLICT, why),
            DeleteError::Broker(why) => Refusal::new(503, code::BROKER, why),
        }
    }
}
