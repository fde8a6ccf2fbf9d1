//! A deployment's settings as a typed struct, and what a transform makes of them.
//!
//! Settings arrive as text. Every wrong one is named, with what it should have been, when the transform is deployed.

mod from_setting;
mod reader;

use std::error::Error;

pub use from_setting::FromSetting;
pub use reader::SettingsReader;

/// Typed settings. `#[derive(Settings)]` on a struct with named fields reads each from the setting of its name, in
/// kebab-case; a setting that the struct does not have is refused.
///
/// ```
/// use std::collections::BTreeMap;
/// use millstream_sdk::prelude::*;
///
/// #[derive(Settings)]
/// struct Settings {
///     /// Must be set.
///     threshold: u32,
///     /// `min-age`, 18 unless set.
///     #[setting(default = 18)]
///     min_age: u8,
///     /// False unless set.
///     #[setting(default)]
///     strict: bool,
///     /// Need not be set.
///     region: Option<String>,
///     /// `cities = "berlin = eu, boston = us"`
///     #[setting("cities", default)]
///     regions: BTreeMap<String, String>,
/// }
/// ```
///
/// Any type can be a setting that implements [`FromSetting`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a deployment's settings",
    note = "put `#[derive(Settings)]` on it, or implement `State` for it to make it from settings"
)]
pub trait Settings: Sized + 'static {
    /// Reads the settings; `None` when one of them is wrong, which the reader then knows.
    #[doc(hidden)]
    fn read(reader: &mut SettingsReader) -> Option<Self>;
}

/// No settings: each one is refused.
impl Settings for () {
    fn read(_: &mut SettingsReader) -> Option<()> {
        Some(())
    }
}

/// What a transform keeps between records: made once from the settings in every instance. A struct that derives
/// [`Settings`] is a state that is nothing but them.
///
/// An instance may be replaced between any two batches, so a state is a cache: compiled tables, buffers, never counts
/// or sums.
///
/// ```
/// use std::collections::HashSet;
/// use std::error::Error;
/// use millstream_sdk::prelude::*;
///
/// #[derive(Settings)]
/// struct Settings {
///     blocked: Vec<String>,
/// }
///
/// struct Blocklist(HashSet<Vec<u8>>);
///
/// impl State for Blocklist {
///     type Settings = Settings;
///
///     fn init(settings: Settings) -> Result<Self, Box<dyn Error>> {
///         if settings.blocked.is_empty() {
///             return Err("`blocked` names nobody".into());
///         }
///         Ok(Blocklist(settings.blocked.into_iter().map(String::into_bytes).collect()))
///     }
/// }
///
/// #[derive(Outputs)]
/// enum Out {
///     Allowed,
/// }
///
/// #[transform]
/// fn block(record: Record<'_, Keys>, out: &mut Emitter<Out>, blocklist: &Blocklist) {
///     if !record.key().is_some_and(|key| blocklist.0.contains(key)) {
///         out.forward(Out::Allowed);
///     }
/// }
/// ```
pub trait State: Sized + 'static {
    /// What it is made from; `()` for no settings.
    type Settings: Settings;

    /// Makes the state of a new instance.
    ///
    /// # Errors
    /// An error refuses the deployment with its text.
    fn init(settings: Self::Settings) -> Result<Self, Box<dyn Error>>;
}

impl<S: Settings> State for S {
    type Settings = S;

    fn init(settings: S) -> Result<S, Box<dyn Error>> {
        Ok(settings)
    }
}

/// Reads the settings and makes the state from them. An error names every setting that is wrong.
pub(crate) fn state_from<S: State>(settings: Vec<(String, String)>) -> Result<S, String> {
    let mut reader = SettingsReader::new(settings);
    let read = S::Settings::read(&mut reader);
    reader.finish()?;
    let settings = read.ok_or("the settings are wrong")?;
    S::init(settings).map_err(|error| error.to_string())
}
