//! Dates that a script can compare.

/// The digits of a date such as `2026-01-02T03:04:05.678Z`, as many for each, so that later dates have greater ones; `None`
/// for one in another form, which is not compared.
pub(crate) fn digits(date: &str) -> Option<String> {
    let date = date.strip_suffix('Z')?;
    let (seconds, fraction) = date.split_once('.').unwrap_or((date, "0"));
    let fits = |(character, form): (char, char)| match form {
        '0' => character.is_ascii_digit(),
        form => character == form,
    };
    let is_date = seconds.len() == FORM.len() && seconds.chars().zip(FORM.chars()).all(fits);
    let is_fraction = (1..=FRACTION).contains(&fraction.len())
        && fraction.chars().all(|character| character.is_ascii_digit());
    if !is_date || !is_fraction {
        return None;
    }
    let seconds = seconds.chars().filter(char::is_ascii_digit);
    let seconds: String = seconds.collect();
    Some(format!("{seconds}{fraction:0<FRACTION$}"))
}

const FORM: &str = "0000-00-00T00:00:00";
/// Nanoseconds.
const FRACTION: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_dates_have_greater_digits() {
        let dates = [
            "2025-12-31T23:59:59.999Z",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.07Z",
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.678000001Z",
        ];
        let digits = dates.map(|date| digits(date).unwrap());
        assert!(digits.is_sorted(), "{digits:?}");
        assert!(digits.iter().all(|digits| digits.len() == 23));
    }

    #[test]
    fn what_has_another_form_is_not_compared() {
        for date in [
            "",
            "Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+02:00",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.1234567890Z",
            "2026-01-02T03:04:05.1.2Z",
            "2026-01-02 03:04:05Z",
            "2026-1-02T03:04:005Z",
            "２026-01-02T03:04:05Z",
        ] {
            assert_eq!(digits(date), None, "{date}");
        }
    }
}
