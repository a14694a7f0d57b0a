//! Integers, by moving the point of their digits.

pub(super) const BIGINT_DIGITS_MAX: usize = 4096;

/// Larger exponents count as this one: no token tried here has as many digits.
const EXPONENT_MAX: i64 = 100_000;

pub(super) fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())
}

/// An integral number: its sign and its digits, without leading zeros.
pub(super) struct Integer {
    is_negative: bool,
    digits: String,
}

impl Integer {
    /// The value of a token or of digits, if it is integral.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let text = text.to_lowercase();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.trim_start_matches('+');
        let limit = if exponent.starts_with('-') {
            -EXPONENT_MAX
        } else {
            EXPONENT_MAX
        };
        let exponent = exponent
            .parse()
            .unwrap_or(limit)
            .clamp(-EXPONENT_MAX, EXPONENT_MAX);
        let mut digits = format!("{whole}{fraction}");
        if digits.chars().all(|digit| digit == '0') {
            return Some(Self {
                is_negative: false,
                digits: "0".to_owned(),
            });
        }
        // The place of the point, counted from the first digit.
        let point = i64::try_from(whole.len()).ok()? + exponent;
        let length = i64::try_from(digits.len()).ok()?;
        if point >= length {
            digits.push_str(&"0".repeat(usize::try_from(point - length).ok()?));
        } else {
            let point = usize::try_from(point.max(0)).ok()?;
            let behind = digits.split_off(point);
            if behind.chars().any(|digit| digit != '0') {
                return None;
            }
        }
        let digits = digits.trim_start_matches('0').to_owned();
        (!digits.is_empty()).then_some(Self {
            is_negative,
            digits,
        })
    }

    pub(super) fn text(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        format!("{sign}{}", self.digits)
    }

    pub(super) fn as_i64(&self) -> Option<i64> {
        self.text().parse().ok()
    }
}
