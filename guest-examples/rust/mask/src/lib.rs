//! Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte.

mod personal;
mod strings;

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Masked,
}

#[derive(Counters)]
enum Count {
    Emails,
    Cards,
}

/// What can be masked.
#[derive(PartialEq)]
enum Kind {
    Email,
    Card,
}

impl FromSetting for Kind {
    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Kind::Email),
            "card" => Some(Kind::Card),
            _ => None,
        }
    }
    fn expected() -> String {
        "email or card".to_owned()
    }
}

#[derive(Settings)]
struct Settings {
    /// What is masked.
    #[setting(default = vec![Kind::Email, Kind::Card])]
    mask: Vec<Kind>,
}

#[transform]
fn mask(
    record: Record<'_>,
    out: &mut Emitter<Out, Count>,
    settings: &Settings,
) -> Result<(), Reject> {
    // Without a value there is nothing to find.
    let value = record.value().unwrap_or_default();
    let (mut emails, mut cards) = (0, 0);
    let masked = strings::rewritten(value, |text, to| {
        let start = to.len();
        if settings.mask.contains(&Kind::Email) {
            emails += personal::push_without_emails(text, to);
        } else {
            to.extend(text);
        }
        if settings.mask.contains(&Kind::Card) {
            cards += personal::mask_cards(&mut to[start..]);
        }
    })
    .or_reject_with("malformed-json", || {
        "the value ends within a string".to_owned()
    })?;
    if emails + cards == 0 {
        out.forward(Out::Masked);
        return Ok(());
    }
    out.emit(Out::Masked).value(masked);
    out.count(Count::Emails, emails);
    out.count(Count::Cards, cards);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing::{Input, Test};

    const BOTH: &str =
        r#"{"to":"ann@example.com","paid":"by 4111 1111 1111 1111","at":4111111111111111}"#;

    #[test]
    fn what_is_personal_in_strings_is_masked_and_counted() {
        let outcome = Test::new(mask).run([Input::value(BOTH).key("ann@example.com")]);
        let event = &outcome.emitted[0];
        assert_eq!(
            event.text(),
            r#"{"to":"***@example.com","paid":"by **** **** **** 1111","at":4111111111111111}"#
        );
        assert_eq!(event.key.as_deref(), Some(&b"ann@example.com"[..]));
        assert_eq!(
            (outcome.counters["emails"], outcome.counters["cards"]),
            (1, 1)
        );
    }

    #[test]
    fn a_record_with_nothing_to_mask_goes_on_as_it_is() {
        let plain = r#"{ "to": "ann at example.com" }"#;
        let outcome = Test::new(mask).run([Input::null(), Input::value(plain)]);
        assert_eq!(outcome.emitted[0].value, None);
        assert_eq!(outcome.emitted[1].text(), plain);
    }

    #[test]
    fn only_what_the_setting_names_is_masked() {
        let outcome = Test::new(mask).setting("mask", "card").run([BOTH]);
        assert!(outcome.emitted[0].text().contains("ann@example.com"));
        assert_eq!(
            (outcome.counters["emails"], outcome.counters["cards"]),
            (0, 1)
        );
    }

    #[test]
    fn a_value_that_ends_within_a_string_is_rejected_and_not_counted() {
        let outcome = Test::new(mask).run([r#"{"to":"ann@example.com","from":"bob\""#]);
        assert_eq!(outcome.rejected[0].code, "malformed-json");
        assert_eq!(outcome.rejected[0].reason, "the value ends within a string");
        assert_eq!(outcome.counters["emails"], 0);
    }

    #[test]
    fn what_cannot_be_masked_is_refused() {
        let error = Test::new(mask)
            .setting("mask", "email, phone")
            .configure()
            .unwrap_err();
        assert_eq!(
            error,
            "setting `mask` is `email, phone`, not a list with commas, where each is email or card"
        );
    }
}
