//! The component's side of the contract: what `#[transform]` exports. One instance holds one transform and is never
//! called twice at once.

use std::cell::RefCell;

use crate::bindings::exports::millstream::transform::guest::{Batch, Description, Failure, Output};
use crate::transform::{Running, Transform, configure as make};

thread_local! {
    static RUNNING: RefCell<Option<Box<dyn Running>>> = const { RefCell::new(None) };
}

/// What a component's `configure` does.
///
/// # Errors
/// Says which setting is wrong, and how.
pub fn configure<Shape, T: Transform<Shape>>(
    transform: T,
    settings: Vec<(String, String)>,
) -> Result<Description, String>
where
    T::State: 'static,
{
    let (running, description) = make(transform, settings)?;
    RUNNING.set(Some(running));
    Ok(description)
}

/// What a component's `apply` does.
///
/// # Errors
/// Those of the transform.
pub fn apply(batch: &Batch) -> Result<Output, Failure> {
    RUNNING.with_borrow_mut(|running| {
        let running = running
            .as_mut()
            .ok_or_else(|| Failure::Permanent("apply was called before configure".to_owned()))?;
        let (output, counts) = running.apply(batch)?;
        for (counter, by) in counts.into_iter().enumerate().filter(|(_, by)| *by != 0) {
            crate::bindings::millstream::transform::metrics::add(counter as u32, by);
        }
        Ok(output)
    })
}
