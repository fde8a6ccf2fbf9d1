//! How the text of one setting becomes a value.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// A type that one setting's text can become.
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// enum Direction {
///     Left,
///     Right,
/// }
///
/// impl FromSetting for Direction {
///     fn from_setting(text: &str) -> Option<Self> {
///         match text {
///             "left" => Some(Direction::Left),
///             "right" => Some(Direction::Right),
///             _ => None,
///         }
///     }
///     fn expected() -> String {
///         "left or right".to_owned()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a setting",
    note = "implement `FromSetting` for it, or use a number, `bool`, `String`, `Option`, `Vec` or a map of these"
)]
pub trait FromSetting: Sized {
    /// The value that this text stands for, if any.
    fn from_setting(text: &str) -> Option<Self>;

    /// What a text has to be, as in "it is …": `an integer from 0 to 255`.
    fn expected() -> String;

    /// The value where nothing is set and no default is given. None: it must be set.
    #[doc(hidden)]
    fn unset() -> Option<Self> {
        None
    }
}

impl FromSetting for String {
    fn from_setting(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
    fn expected() -> String {
        "a text".to_owned()
    }
}

impl FromSetting for bool {
    fn from_setting(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn expected() -> String {
        "true or false".to_owned()
    }
}

impl FromSetting for char {
    fn from_setting(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn expected() -> String {
        "one character".to_owned()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => { $(
        impl FromSetting for $integer {
            fn from_setting(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }
            fn expected() -> String {
                format!("an integer from {} to {}", <$integer>::MIN, <$integer>::MAX)
            }
        }
    )* };
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

macro_rules! floats {
    ($($float:ty)*) => { $(
        impl FromSetting for $float {
            fn from_setting(text: &str) -> Option<Self> {
                text.trim().parse().ok().filter(|number: &$float| number.is_finite())
            }
            fn expected() -> String {
                "a number".to_owned()
            }
        }
    )* };
}
floats!(f32 f64);

impl<T: FromSetting> FromSetting for Option<T> {
    fn from_setting(text: &str) -> Option<Self> {
        T::from_setting(text).map(Some)
    }
    fn expected() -> String {
        T::expected()
    }
    fn unset() -> Option<Self> {
        Some(None)
    }
}

/// The parts of a list, without the spaces around them; an empty text is an empty list.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(move |_| !text.trim().is_empty())
}

fn pair<K: FromSetting, V: FromSetting>(part: &str) -> Option<(K, V)> {
    let (key, value) = part.split_once('=')?;
    Some((K::from_setting(key.trim())?, V::from_setting(value.trim())?))
}

/// Separated by commas: `red, green`.
impl<T: FromSetting> FromSetting for Vec<T> {
    fn from_setting(text: &str) -> Option<Self> {
        parts(text).map(T::from_setting).collect()
    }
    fn expected() -> String {
        format!("a list with commas, where each is {}", T::expected())
    }
}

fn map_expected<K: FromSetting, V: FromSetting>() -> String {
    format!(
        "a list `name = value, name = value`, where each name is {} and each value {}",
        K::expected(),
        V::expected()
    )
}

/// Pairs separated by commas: `berlin = eu, boston = us`.
impl<K: FromSetting + Ord, V: FromSetting> FromSetting for BTreeMap<K, V> {
    fn from_setting(text: &str) -> Option<Self> {
        parts(text).map(pair).collect()
    }
    fn expected() -> String {
        map_expected::<K, V>()
    }
}

/// Pairs separated by commas: `berlin = eu, boston = us`.
impl<K: FromSetting + Eq + Hash, V: FromSetting> FromSetting for HashMap<K, V> {
    fn from_setting(text: &str) -> Option<Self> {
        parts(text).map(pair).collect()
    }
    fn expected() -> String {
        map_expected::<K, V>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_separated_by_commas() {
        assert_eq!(Vec::<u8>::from_setting(" 1, 2 "), Some(vec![1, 2]));
        assert_eq!(Vec::<u8>::from_setting(""), Some(vec![]));
        assert_eq!(Vec::<u8>::from_setting("1,,2"), None);
        let map = BTreeMap::<String, u8>::from_setting("a = 1,b=2").expect("a map");
        assert_eq!(
            map.into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), 1), ("b".to_owned(), 2)]
        );
        assert_eq!(BTreeMap::<String, u8>::from_setting("a=1,b"), None);
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        assert_eq!(f64::from_setting("NaN"), None);
        assert_eq!(u8::from_setting("256"), None);
    }
}
