//! What Kafka or librdkafka answered when it refused something.
//!
//! One type serves the crate: an operation in words, Kafka's code, librdkafka's explanation, and the few distinctions
//! that callers act on.

use rdkafka::types::RDKafkaErrorCode;

/// Kafka's error codes and librdkafka's own, as an enum.
pub use rdkafka::types::RDKafkaErrorCode as ErrorCode;

/// A refusal by a broker or by the client library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action}: {message}")]
pub struct KafkaError {
    action: String,
    message: String,
    code: ErrorCode,
    fatal: bool,
}

impl KafkaError {
    pub(crate) fn new(
        action: impl Into<String>,
        code: ErrorCode,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        let message = if message.is_empty() {
            code.to_string()
        } else {
            message
        };
        let fatal = code == ErrorCode::Fatal;
        Self {
            action: action.into(),
            message,
            code,
            fatal,
        }
    }

    pub(crate) fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }

    /// What was done about it failed as well.
    pub(crate) fn and(mut self, next: &KafkaError) -> Self {
        self.message = format!("{}, and {next}", self.message);
        self.fatal |= next.fatal;
        self
    }

    /// From the safe API's error, whose text it keeps.
    pub(crate) fn from_rdkafka(
        action: impl Into<String>,
        error: &rdkafka::error::KafkaError,
    ) -> Self {
        let code = error.rdkafka_error_code().unwrap_or(ErrorCode::Fail);
        let fatal = matches!(error, rdkafka::error::KafkaError::Transaction(e) if e.is_fatal());
        let made = Self::new(action, code, error.to_string());
        if fatal { made.fatal() } else { made }
    }

    /// What was attempted, in words that follow "cannot".
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The reason alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Kafka's (or librdkafka's) code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The client that reported it is of no use any more and has to be built anew.
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Wrong credentials, or a TLS handshake that failed: waiting will not help.
    pub fn is_authentication(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SSL
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::UnsupportedSASLMechanism
                | RDKafkaErrorCode::IllegalSASLState
        )
    }

    /// Known to the broker, and not allowed to this user.
    pub fn is_authorization(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
        )
    }

    /// The topic or partition does not exist (or not yet, on that broker).
    pub fn is_unknown_topic(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    }

    /// Another writer took over this writer's transactional id.
    pub fn is_fenced(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
        )
    }

    /// What keeps a reader from going on, and does not pass by waiting.
    pub fn ends_reading(&self) -> bool {
        self.is_fatal()
            || self.is_authentication()
            || self.is_authorization()
            || self.is_unknown_topic()
            || self.is_lost_offset()
    }

    /// What was to be read next is not there any more.
    pub fn is_lost_offset(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange
        )
    }

    /// Brokers that are away, slow or electing a leader: the same call may work later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.code,
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::TimedOutQueue
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::BrokerNotAvailable
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::RebalanceInProgress
        )
    }
}
