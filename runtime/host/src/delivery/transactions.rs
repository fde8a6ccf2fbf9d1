//! What an exactly-once delivery stands on beside an outlet: transactions that take the outlet's records and a group's offsets
//! together.

use std::time::Duration;

use millstream_kafka::consumer::{Consumer, Member};
use millstream_kafka::producer::TransactionError;

use super::kafka::asked_of;
use super::pool::ProducerPool;
use super::{Committed, DeliveryError};
use crate::source::TopicPartition;

/// How long brokers are waited for that are away while a transaction ends: twice as long as a broker keeps it open. Past that
/// what became of it is not known, and the next producer of the same id finds out.
const PATIENCE: Duration = Duration::from_secs(20);
/// librdkafka keeps its own time, and has been seen not to come back from a call when a coordinator went away under it.
const NO_ANSWER: Duration = Duration::from_secs(30);

/// Gives a call up that does not come back.
async fn answered<T, E>(
    call: impl Future<Output = Result<T, E>>,
    gave_up: impl FnOnce(DeliveryError) -> E,
) -> Result<T, E> {
    match tokio::time::timeout(NO_ANSWER, call).await {
        Ok(result) => result,
        Err(_) => Err(gave_up(DeliveryError::new(
            "no-answer",
            format!("the end of a transaction did not come within {NO_ANSWER:?}"),
        ))),
    }
}

/// Ends transactions, of which one is always open once [`Transactions::renew`] has worked. None of these is called while
/// records are sent.
pub trait Transactions: Send + Sync + 'static {
    /// See [`Transactions::member`].
    type Member: Send + Sync;

    /// Who this host is in the group at the moment. A broker refuses offsets of a member that it has given up since.
    fn member(&self) -> Self::Member;

    /// Whether nothing can be sent before [`Transactions::renew`].
    fn is_over(&self) -> bool;

    /// Begins anew: nobody who wrote under this name before can any more, and whatever they left open is decided.
    ///
    /// # Errors
    /// If the brokers cannot be reached, or refuse.
    fn renew(&self) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Commits what was sent, and these offsets of the group with it; opens the next transaction.
    ///
    /// # Errors
    /// Neither is committed, or that is not known: then it is over, and after [`Transactions::renew`] the group knows.
    fn commit(
        &self,
        member: Self::Member,
        commits: &[(TopicPartition, Committed)],
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Throws what was sent away; opens the next transaction.
    ///
    /// # Errors
    /// If [`Transactions::renew`] has to do it.
    fn abort(&self) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}

/// Kafka's: of the one producer of a transactional pool, with the offsets of a consumer's group.
#[derive(Debug)]
pub struct KafkaTransactions {
    pool: ProducerPool,
    consumer: Consumer,
}

impl KafkaTransactions {
    /// `pool` is the outlet's, and transactional; `consumer` is the member that its records come through.
    #[must_use]
    pub fn new(pool: ProducerPool, consumer: Consumer) -> Self {
        Self { pool, consumer }
    }
}

impl Transactions for KafkaTransactions {
    type Member = Member;

    fn member(&self) -> Member {
        self.consumer.member()
    }

    fn is_over(&self) -> bool {
        self.pool.only().is_retired()
    }

    async fn renew(&self) -> Result<(), DeliveryError> {
        let next = self.pool.only().next()?;
        let init = async { Ok(next.0.init_transactions(PATIENCE).await?) };
        answered(init, |error: DeliveryError| error).await?;
        next.0.begin_transaction()?;
        self.pool.only().install(next);
        Ok(())
    }

    async fn commit(
        &self,
        member: Member,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<(), DeliveryError> {
        let offsets = asked_of(commits);
        let only = self.pool.only();
        let producer = only.producer()?;
        let (over, ended) = ended(producer.commit_transaction(&offsets, member, PATIENCE)).await;
        // A producer that cannot begin another one has committed this one all the same.
        if over || producer.begin_transaction().is_err() {
            only.retire_all();
        }
        ended
    }

    async fn abort(&self) -> Result<(), DeliveryError> {
        let only = self.pool.only();
        let producer = only.producer()?;
        let (over, ended) = ended(producer.abort_transaction(PATIENCE)).await;
        if over || producer.begin_transaction().is_err() {
            only.retire_all();
        }
        ended
    }
}

/// How a transaction ended, and whether its producer is of no use any more.
async fn ended(
    call: impl Future<Output = Result<(), TransactionError>>,
) -> (bool, Result<(), DeliveryError>) {
    let call = async {
        call.await.map_err(|error| {
            let message = error.to_string();
            let code = super::code_of(error.cause());
            let over = matches!(error, TransactionError::Over(_));
            (over, DeliveryError::new(code, message))
        })
    };
    match answered(call, |error| (true, error)).await {
        Ok(()) => (false, Ok(())),
        Err((over, error)) => (over, Err(error)),
    }
}
