//! Which names are allowed, and what the installation's prefix makes of them.
//!
//! Groups, transactional ids, control topics and metric labels are all built from these names: whatever passes here is
//! safe in each of those places.

/// Long enough for people, short enough that `<prefix>.<name>` and `<name>.rejected` stay within Kafka's 249.
pub const NAME_LIMIT: usize = 63;

/// Kafka's own limit for a topic's name.
pub const TOPIC_LIMIT: usize = 249;

/// Why `name` cannot be a transform's name, or `Ok`.
pub fn check_transform(name: &str) -> Result<(), String> {
    check_word(name, "a transform's name")
}

/// Why `prefix` cannot be an installation's prefix, or `Ok`.
pub fn check_prefix(prefix: &str) -> Result<(), String> {
    check_word(prefix, "a prefix")
}

/// Why `id` cannot be a host's id, or `Ok`.
pub fn check_host_id(id: &str) -> Result<(), String> {
    check_word(id, "a host id")
}

fn check_word(word: &str, what: &str) -> Result<(), String> {
    if word.is_empty() {
        return Err(format!("{what} must not be empty"));
    }
    if word.len() > NAME_LIMIT {
        return Err(format!(
            "{what} has at most {NAME_LIMIT} characters; this one has {}",
            word.len()
        ));
    }
    if let Some(bad) = word
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
    {
        return Err(format!(
            "{what} consists of a-z, 0-9 and '-'; {bad:?} is not allowed"
        ));
    }
    if word.starts_with('-') || word.ends_with('-') {
        return Err(format!("{what} neither starts nor ends with '-'"));
    }
    Ok(())
}

/// Why `topic` cannot be the name of any Kafka topic, or `Ok`.
pub fn check_topic(topic: &str) -> Result<(), String> {
    if topic.is_empty() {
        return Err("a topic's name must not be empty".to_owned());
    }
    if topic.len() > TOPIC_LIMIT {
        return Err(format!(
            "a topic's name has at most {TOPIC_LIMIT} characters; this one has {}",
            topic.len()
        ));
    }
    if topic == "." || topic == ".." {
        return Err(format!("a topic cannot be called {topic:?}"));
    }
    match topic
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-'))
    {
        Some(bad) => Err(format!(
            "a topic's name consists of letters, digits, '.', '_' and '-'; {bad:?} is not allowed"
        )),
        None => Ok(()),
    }
}

/// Why a transform may not read or write `topic` under this prefix, or `Ok`.
pub fn check_not_reserved(topic: &str, prefix: &str) -> Result<(), String> {
    if topic.starts_with("__") {
        return Err(format!(
            "\"{topic}\" is reserved: topics that start with \"__\" belong to Kafka"
        ));
    }
    if topic.starts_with(&format!("_{prefix}.")) {
        return Err(format!(
            "\"{topic}\" is reserved: topics that start with \"_{prefix}.\" hold this installation's deployments, modules, logs and status"
        ));
    }
    Ok(())
}

/// The consumer group of a transform.
pub fn group(prefix: &str, transform: &str) -> String {
    format!("{prefix}.{transform}")
}

/// The transactional id of a transform on one host: whoever takes it over there fences an earlier run, and nobody else.
pub fn transactional_id(prefix: &str, transform: &str, host: &str) -> String {
    format!("{prefix}.{transform}.{host}")
}

/// Where rejected rows go unless the manifest says otherwise.
pub fn default_rejected_topic(transform: &str) -> String {
    format!("{transform}.rejected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_letters_digits_and_dashes_is_taken() {
        for name in ["a", "route-swipes", "v2", &"x".repeat(NAME_LIMIT)] {
            assert_eq!(check_transform(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_bad_name_is_refused_with_the_character() {
        assert!(check_transform("Route").unwrap_err().contains("'R'"));
        assert!(check_transform("").unwrap_err().contains("empty"));
        assert!(check_transform("-a").unwrap_err().contains("'-'"));
        assert!(check_transform(&"x".repeat(64)).unwrap_err().contains("64"));
        assert!(check_transform("a/b").unwrap_err().contains("'/'"));
    }

    #[test]
    fn control_topics_of_this_installation_are_reserved_and_those_of_another_are_not() {
        assert!(check_not_reserved("_millstream.logs", "millstream").is_err());
        assert!(check_not_reserved("__consumer_offsets", "millstream").is_err());
        assert!(check_not_reserved("_other.logs", "millstream").is_ok());
        assert!(check_not_reserved("swipes", "millstream").is_ok());
    }

    #[test]
    fn the_longest_names_still_make_a_topic() {
        assert_eq!(
            check_topic(&default_rejected_topic(&"x".repeat(NAME_LIMIT))),
            Ok(())
        );
        assert!(check_topic("swipes/likes").unwrap_err().contains("'/'"));
        assert!(check_topic("..").is_err());
    }
}
