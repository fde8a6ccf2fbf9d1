//! The compiler as a child process. This program is its own child: no test harness writes to its standard output.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use hostile::Hostile;
use millstream_engine::{CompilerProcess, Engine, EngineConfig, Limits, LoadError, compile_main};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("compile-module") {
        compile_main();
    }
    // Test runners ask a program first which tests it has, and then which of them are to be skipped.
    let is_given = |argument| std::env::args().any(|given| given == argument);
    if is_given("--list") {
        if !is_given("--ignored") {
            println!("a_child_compiles: test");
        }
        return;
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            what_the_child_compiles_runs_here().await;
            the_childs_refusal_is_the_modules_fault().await;
            a_child_that_dies_is_told_apart().await;
            more_code_than_a_module_may_have_is_not_even_read().await;
            a_message_of_any_length_is_cut_and_keeps_nobody_waiting().await;
        });
    println!("compiler: ok");
}

fn engine(program: &str, args: &[&str]) -> Engine {
    let args = args.iter().map(Into::into).collect();
    let compiler = CompilerProcess::Child {
        program: program.into(),
        args,
    };
    Engine::new(EngineConfig {
        compiler,
        ..common::config()
    })
    .unwrap()
}

fn own_engine() -> Engine {
    engine(
        std::env::current_exe().unwrap().to_str().unwrap(),
        &["compile-module"],
    )
}

async fn what_the_child_compiles_runs_here() {
    let module = own_engine()
        .load(&Hostile::default().component())
        .await
        .unwrap();
    let description = module.describe(&[], &Limits::default()).await.unwrap();
    assert_eq!(description.outputs, ["out"]);
}

async fn the_childs_refusal_is_the_modules_fault() {
    // Valid as far as it is parsed here; the function's body is not.
    let mut wasm = Hostile {
        more: "(func (drop (i64.const 0x7a7a7a7a7a7a)))",
        ..Hostile::default()
    }
    .component();
    let constant = wasm
        .windows(3)
        .position(|w| w == [0x42, 0xfa, 0xf4])
        .unwrap();
    wasm[constant] = 0x41;
    let error = own_engine().load(&wasm).await.err().unwrap();
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");
}

async fn a_child_that_dies_is_told_apart() {
    let wasm = Hostile::default().component();
    let failing = engine("/bin/sh", &["-c", "echo out of order >&2; exit 3"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(
        !failing.is_modules_fault() && failing.to_string().contains("out of order"),
        "{failing}"
    );
    let killed = engine("/bin/sh", &["-c", "kill -ABRT $$"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(matches!(killed, LoadError::Compile(_)), "{killed}");
    // As the kernel does it where memory runs out, whoever took it.
    let out_of_memory = engine("/bin/sh", &["-c", "kill -KILL $$"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(!out_of_memory.is_modules_fault(), "{out_of_memory}");
    let slow = engine("/bin/sh", &["-c", "kill -XCPU $$"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(slow.to_string().contains("CPU time"), "{slow}");
    let lying = engine("/bin/sh", &["-c", "echo no machine code"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(matches!(lying, LoadError::Compile(_)), "{lying}");
    let absent = engine("/nonexistent", &[]).load(&wasm).await.err().unwrap();
    assert!(!absent.is_modules_fault(), "{absent}");
}

async fn more_code_than_a_module_may_have_is_not_even_read() {
    let wasm = Hostile::default().component();
    // Without an end: it is the reader that has to give up.
    let error = engine("/bin/sh", &["-c", "cat > /dev/null; cat /dev/zero"])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&error, LoadError::Compile(why) if why.contains("machine code")),
        "{error}"
    );
}

async fn a_message_of_any_length_is_cut_and_keeps_nobody_waiting() {
    // The parser's message has all of the name, which is more than a pipe takes.
    let name = "_".repeat(99_000);
    let text = format!(
        r#"(component (instance $i) (export "millstream:transform/guest@0.1.0" (instance $i))
            (type (record (field "{name}" u32))))"#
    );
    let wasm = wat::parse_str(text).unwrap();
    let error = own_engine().load(&wasm).await.err().unwrap();
    assert!(
        matches!(&error, LoadError::Invalid(why) if why.contains("____") && why.len() <= 8 << 10),
        "{error}"
    );
    // Without an end: it has to notice that nobody reads on.
    let endless = "cat > /dev/null; cat /dev/zero >&2; exit 65";
    let error = engine("/bin/sh", &["-c", endless])
        .load(&wasm)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");
}
