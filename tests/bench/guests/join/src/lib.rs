//! Adds to each event what a table has about its user.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Joined,
}

/// The key of an event is its user.
#[derive(Fields)]
struct Known<'a> {
    #[lookup("users")]
    profile: Option<&'a [u8]>,
}

#[transform]
fn join(known: Known<'_>, record: Record<'_>, out: &mut Emitter<Out>) {
    let (Some(value), Some(profile)) = (record.value(), known.profile) else {
        return;
    };
    out.emit(Out::Joined).value_with(|joined| {
        joined.push(value.strip_suffix(b"}").unwrap_or(value));
        joined.push(br#","profile":"#);
        joined.push(profile);
        joined.push(b"}");
    });
}
