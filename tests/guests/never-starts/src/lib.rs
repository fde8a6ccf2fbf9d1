//! Loops before anything of it is called: as its code is started.

wit_bindgen::generate!({ path: "../../../wit", world: "transform" });

use exports::millstream::transform::guest::{Batch, Description, Failure, Guest, Output};

struct NeverStarts;

extern "C" fn forever() {
    loop {
        std::hint::black_box(0);
    }
}

// SAFETY: constructors run before anything else; this one touches nothing.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = forever;

impl Guest for NeverStarts {
    fn configure(_: Vec<(String, String)>) -> Result<Description, String> {
        Err("it never comes to this".to_owned())
    }

    fn apply(_: Batch) -> Result<Output, Failure> {
        Err(Failure::Permanent("nor to this".to_owned()))
    }
}

export!(NeverStarts);
