use super::*;

#[test]
fn every_vector_can_be_read_and_says_what_it_shows() {
    let vectors = vector::all().expect("they can be read");
    assert!(vectors.len() > 40, "{}", vectors.len());
    for vector in &vectors {
        assert!(vector.about.ends_with('.'), "{}", vector.name);
        assert!(!vector.case.input.is_empty(), "{}", vector.name);
    }
    for feature in ["forward", "reject", "tables", "lookups", "settings"] {
        assert!(
            vectors.iter().any(|vector| vector.feature == feature),
            "{feature}"
        );
    }
}

#[test]
fn a_failure_has_to_be_the_one_that_is_expected() {
    let transient = Failure::Transient("later".to_owned());
    let expects = Expects::Fails("transient: later".to_owned());
    assert!(expects.differences(Some(&transient)).is_empty());
    assert!(!expects.differences(None).is_empty());
    let permanent = Expects::Fails("permanent: later".to_owned());
    assert!(!permanent.differences(Some(&transient)).is_empty());
    assert!(!Expects::Outcomes.differences(Some(&transient)).is_empty());
}

#[test]
fn lines_that_differ_are_shown() {
    let line = |text: &str| vec![text.to_owned()];
    assert!(lines("log", &line("info: a"), &line("info: a")).is_empty());
    assert_eq!(lines("log", &line("info: a"), &[]), ["- log info: a"]);
}
