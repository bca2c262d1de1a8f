//! How bad an advisory is: a word, or what a vector of CVSS 3 comes to.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// How bad it is, the least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody says.
    Unknown,
    /// Below 4.
    Low,
    /// From 4 on.
    Medium,
    /// From 7 on.
    High,
    /// From 9 on.
    Critical,
}

impl Severity {
    /// As people write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What a database calls it.
    pub fn of_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "low" | "negligible" | "minor" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Unknown,
        }
    }

    /// What a vector comes to; of other kinds than CVSS 3 nothing is known.
    pub fn of_vector(vector: &str) -> Self {
        match score(vector) {
            Some(score) if score >= 9.0 => Self::Critical,
            Some(score) if score >= 7.0 => Self::High,
            Some(score) if score >= 4.0 => Self::Medium,
            Some(score) if score > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }
}

/// The base score, by the formulas of CVSS 3.1.
fn score(vector: &str) -> Option<f64> {
    let metrics = vector
        .strip_prefix("CVSS:3.1/")
        .or_else(|| vector.strip_prefix("CVSS:3.0/"))?;
    let of = |name: &str| {
        let mut all = metrics.split('/').filter_map(|it| it.split_once(':'));
        all.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let is_wider = match of("S")? {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let way = match of("AV")? {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    };
    let ease = match of("AC")? {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    };
    let rights = match (of("PR")?, is_wider) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let user = match of("UI")? {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    };
    let loss = |name: &str| match of(name)? {
        "H" => Some(0.56),
        "L" => Some(0.22),
        "N" => Some(0.0),
        _ => None,
    };
    let kept = (1.0 - loss("C")?) * (1.0 - loss("I")?) * (1.0 - loss("A")?);
    let part = 1.0 - kept;
    let impact: f64 = if is_wider {
        7.52 * (part - 0.029) - 3.25 * (part - 0.02_f64).powi(15)
    } else {
        6.42 * part
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + 8.22 * way * ease * rights * user;
    let sum = if is_wider { 1.08 * sum } else { sum };
    // Up to the next tenth; what is in it by the error of counting alone is not.
    Some(((sum.min(10.0) * 10.0) - 1e-6).ceil() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_to_the_scores_they_are_published_with() {
        for (metrics, expected) in [
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
            ("AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
            ("AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", 3.7),
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            let found = score(&format!("CVSS:3.1/{metrics}")).unwrap();
            assert!((found - expected).abs() < 0.01, "{metrics}: {found}");
        }
        for odd in ["", "CVSS:3.1/", "CVSS:4.0/AV:N", "CVSS:3.1/AV:X/S:U", "7.5"] {
            assert_eq!(Severity::of_vector(odd), Severity::Unknown, "{odd}");
        }
    }
}
