//! A module as it is uploaded, in the check that comes before it is compiled: what passes names the export that will be called,
//! what is refused says why in few words.

use millstream_engine::fuzzing::check_upload;

const LIMIT: u64 = 64 << 20;
/// An answer is read by a person.
const WORDS: usize = 4096;

/// Any bytes.
pub fn run(data: &[u8]) {
    match check_upload(data, LIMIT) {
        Ok(guest) => {
            assert!(
                guest.starts_with("millstream:transform/guest@0.1."),
                "{guest}"
            );
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.is_empty() && said.len() <= WORDS, "{said}");
            assert!(error.is_modules_fault(), "{said}");
        }
    }
}
