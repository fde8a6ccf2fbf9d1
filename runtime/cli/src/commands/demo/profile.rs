//! What the table of profiles has about each user of the app, who is in it or not by their number alone.

/// The row of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// There is none.
    Missing,
    /// Its value ends in the middle.
    CutOff,
    Known {
        name: &'static str,
        age: u64,
    },
}

const NAMES: [&str; 5] = ["Ann", "Ben", "Zoë", "Mateusz", "Aiko"];
/// What a row that is cut off has.
const CUT_OFF: &str = r#"{"name":"#;

impl Profile {
    pub(super) fn of(user: u64) -> Profile {
        match user % 100 {
            3 => Profile::CutOff,
            rest if rest % 10 == 0 => Profile::Missing,
            _ => Profile::Known {
                name: NAMES[(user % NAMES.len() as u64) as usize],
                age: 18 + user % 60,
            },
        }
    }

    /// The value in the table; `None` where there is no row.
    pub(super) fn value(self) -> Option<String> {
        match self {
            Profile::Missing => None,
            Profile::CutOff => Some(CUT_OFF.to_owned()),
            Profile::Known { name, age } => {
                Some(format!(r#"{{"name":"{name}","age":{age},"photos":3}}"#))
            }
        }
    }

    /// Why a like of somebody with this profile is rejected, if it is.
    pub(super) fn flaw(self) -> Option<String> {
        (self == Profile::CutOff).then(|| {
            format!(
                "looked up in the table `profiles`: the value is not JSON: unexpected end at byte {}",
                CUT_OFF.len()
            )
        })
    }
}
