//! `with-kafka COMMAND...` starts a broker, runs the command with its address in the environment, and stops the broker.
//! So a test run of many processes has one broker.

use std::process::{Command, ExitCode};

use millstream_tests::kafka::{BROKERS_VARIABLE, Kafka, KafkaOptions};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-kafka COMMAND [ARGUMENT]...");
        return ExitCode::from(64);
    };
    let kafka = Kafka::start(&KafkaOptions::default());
    let status = Command::new(&program)
        .args(arguments)
        .env(BROKERS_VARIABLE, kafka.brokers())
        .status();
    drop(kafka);
    match status {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("with-kafka: {}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}
