//! Takes settings one by one and gathers what is wrong with all of them.

use super::FromSetting;

/// Reads a deployment's settings. What `#[derive(Settings)]` calls.
#[derive(Debug)]
pub struct SettingsReader {
    settings: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<String>,
}

impl SettingsReader {
    pub(crate) fn new(settings: Vec<(String, String)>) -> Self {
        SettingsReader {
            settings,
            known: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The setting `name`, or `default` where it is not set. `None` when it is wrong or missing.
    pub fn field<T: FromSetting>(
        &mut self,
        name: &'static str,
        default: Option<fn() -> T>,
    ) -> Option<T> {
        self.known.push(name);
        let set = self.settings.iter().rposition(|(key, _)| key == name);
        let Some(set) = set else {
            let value = default.map(|default| default()).or_else(T::unset);
            if value.is_none() {
                self.errors.push(format!(
                    "setting `{name}` is missing: it is {}",
                    T::expected()
                ));
            }
            return value;
        };
        let text = &self.settings[set].1;
        let value = T::from_setting(text);
        if value.is_none() {
            self.errors.push(format!(
                "setting `{name}` is `{text}`, not {}",
                T::expected()
            ));
        }
        value
    }

    /// Names every setting that is wrong, missing or unknown.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        let unknown = self
            .settings
            .iter()
            .filter(|(key, _)| !self.known.contains(&key.as_str()));
        for (key, _) in unknown {
            self.errors.push(match nearest(key, &self.known) {
                Some(near) => format!("there is no setting `{key}`: did you mean `{near}`?"),
                None if self.known.is_empty() => {
                    format!("there is no setting `{key}`: this transform has none")
                }
                None => format!(
                    "there is no setting `{key}`: there are `{}`",
                    self.known.join("`, `")
                ),
            });
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.errors.join("; "))
        }
    }
}

/// The known name within two edits of `key`.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let tidy = key.replace('_', "-").to_ascii_lowercase();
    known
        .iter()
        .map(|&name| (edits(&tidy, name), name))
        .filter(|&(edits, name)| edits <= 2 && edits < name.len())
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(settings: &[(&str, &str)]) -> SettingsReader {
        SettingsReader::new(
            settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn an_error_names_every_setting_that_is_wrong() {
        let mut reader = reader(&[("threshold", "many"), ("min_age", "3")]);
        assert_eq!(reader.field::<u32>("threshold", None), None);
        assert_eq!(reader.field::<u8>("min-age", Some(|| 18)), Some(18));
        assert_eq!(reader.field::<bool>("strict", None), None);
        assert_eq!(
            reader.finish().unwrap_err(),
            "setting `threshold` is `many`, not an integer from 0 to 4294967295; \
             setting `strict` is missing: it is true or false; \
             there is no setting `min_age`: did you mean `min-age`?"
        );
    }

    #[test]
    fn a_transform_without_settings_refuses_each() {
        let error = reader(&[("threshold", "1")]).finish().unwrap_err();
        assert_eq!(
            error,
            "there is no setting `threshold`: this transform has none"
        );
    }
}
