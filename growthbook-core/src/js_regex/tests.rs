//! The whole module against recorded answers, hostile patterns and small stacks.

use proptest::prelude::*;

use super::*;

/// Recorded by `conformance/js_regex_vectors.js`.
const VECTORS: &str = include_str!("../../tests/vectors/js_regex.jsonl");

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";

const ALL_ENGINES: [EngineKind; 3] = [
    EngineKind::Literals,
    EngineKind::Matcher,
    EngineKind::Translated,
];

#[test]
fn every_engine_gives_the_recorded_answers() {
    let mut failures = Vec::new();
    let mut engines: (String, Vec<_>) = Default::default();
    for (number, line) in (1..).zip(VECTORS.lines()) {
        let (pattern, flags, text, expected): (String, String, String, serde_json::Value) =
            serde_json::from_str(line).unwrap();
        let written = format!("/{pattern}/{flags}");
        if engines.0 != written {
            let built = ALL_ENGINES.map(|kind| JsRegex::on_engine(&pattern, flags == "i", kind));
            engines = (
                written,
                built.into_iter().filter_map(Result::transpose).collect(),
            );
        }
        for engine in &engines.1 {
            let answer = match engine {
                Ok(regex) => regex.is_match(&text).map_or("exhausted".into(), Into::into),
                Err(_) => serde_json::Value::from("error"),
            };
            if answer != expected {
                let kind = engine.as_ref().map(JsRegex::engine);
                failures.push(format!("line {number}, {kind:?} says {answer}: {line}"));
            }
        }
    }
    assert!(VECTORS.lines().count() > 2_400);
    assert!(
        failures.is_empty(),
        "{} wrong answers:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn the_fastest_engine_is_chosen() {
    for (pattern, ignore_case, engine) in [
        (r"@(example|acme)\.com$", false, EngineKind::Literals),
        (
            r"^https://www\.example\.com/a/.*$",
            true,
            EngineKind::Literals,
        ),
        ("bot|crawler|spider|slurp", true, EngineKind::Translated),
        (r"^v?\d+\.\d+", false, EngineKind::Translated),
        ("(?=a)b", false, EngineKind::Matcher),
        (r"(.)\1", false, EngineKind::Matcher),
        (r"^(\w{1,500}){1,500}$", false, EngineKind::Matcher),
        (r"\W{0,8000}x", false, EngineKind::Matcher),
    ] {
        let regex = JsRegex::new(pattern, ignore_case).unwrap();
        assert_eq!(regex.engine(), engine, "{pattern}");
    }
}

#[test]
fn regexes_are_equal_if_written_alike() {
    let regex = JsRegex::new("a", false).unwrap();
    assert_eq!(regex, JsRegex::new("a", false).unwrap());
    assert_ne!(regex, JsRegex::new("a", true).unwrap());
    assert_ne!(regex, JsRegex::new("(?:a)", false).unwrap());
    assert_eq!(
        format!("{:?}", JsRegex::new("a/b", true).unwrap()),
        "JsRegex(/a/b/i)"
    );
}

#[test]
fn plausible_patterns_stay_within_the_budget() {
    let address = "https://shop.eu.example.com/en-US/users/item-42/cart?utm_source=mail#top";
    for (pattern, ignore_case, text, expected) in [
        (r".*?.*?OS (\d+)_(\d+)(?! )", true, IPHONE, false),
        (
            r".*?(?!.*Chrome)(?!.*Chrome)bot|crawler|spider.*?",
            false,
            IPHONE,
            false,
        ),
        ("(?:(?!.*admin)(?<host>[^/:]+))*$", false, address, true),
        ("^(?=(a+)+$)", false, &"a".repeat(140), true),
        (
            r"^(?=(?:\w+\s?)*$)",
            false,
            &format!("{}!", "word ".repeat(28)),
            false,
        ),
        (
            r"(?=(.*,){11}P)",
            false,
            "1,2,3,4,5,6,7,8,9,10,11,12,13",
            false,
        ),
    ] {
        let answer = JsRegex::new(pattern, ignore_case).unwrap().is_match(text);
        assert_eq!(answer, Ok(expected), "/{pattern}/ on {text:?}");
    }
}

#[test]
fn exponential_patterns_end_by_their_budget() {
    let text = format!("{}!", "a".repeat(60));
    for pattern in [r"(a*)*\1b", r"^(?:(a+)\1?)+$", r"(?:(a|aa)\1?)+b"] {
        let answer = JsRegex::new(pattern, false).unwrap().is_match(&text);
        assert_eq!(answer, Err(BudgetExhausted), "{pattern}");
    }
}

#[test]
fn hostile_patterns_are_refused_or_answered() {
    let text = format!("{}!", "a".repeat(200));
    for pattern in [
        format!("(?:(?!b)a)*c|{}", "()".repeat(900)),
        format!("{}(?=b)", "a?".repeat(4_000)),
        "((a{0,50}){0,50}){0,50}$".to_owned(),
        "(?:(?:(?:a{0,2000000000}){0,2000000000}){0,2000000000})+$".to_owned(),
        format!("{}a{}\\1$", "(".repeat(300), ")*".repeat(300)),
        format!("{}a{}", "(?=(?!".repeat(150), "))".repeat(150)),
        "[^]{4000000000}".to_owned(),
        "(".repeat(8_000),
        "[".repeat(8_000),
        "\\".repeat(8_191),
        "[é-ퟻ]".repeat(900),
    ] {
        for ignore_case in [false, true] {
            if let Ok(regex) = JsRegex::new(&pattern, ignore_case) {
                let _ = regex.is_match(&text);
            }
        }
    }
}

proptest! {
    #[test]
    fn engines_agree_on_any_pattern(
        pattern in r"[abk(|)*+?.\[\]\\^${},0-9<>=!:uxcdws-]{0,24}",
        ignore_case: bool,
        text in r"[abkAK0-9é😀\n-]{0,12}",
    ) {
        let mut answers = Vec::new();
        for kind in ALL_ENGINES {
            if let Ok(Some(regex)) = JsRegex::on_engine(&pattern, ignore_case, kind) {
                answers.extend(regex.is_match(&text));
            }
        }
        answers.dedup();
        prop_assert!(answers.len() <= 1);
    }

    #[test]
    fn no_pattern_panics(pattern in ".{0,40}", ignore_case: bool, text in ".{0,20}") {
        if let Ok(regex) = JsRegex::new(&pattern, ignore_case) {
            let _ = regex.is_match(&text);
        }
    }
}

#[test]
fn small_stacks_suffice() {
    let patterns = [
        format!("{}a{}", "(".repeat(250), ")".repeat(250)),
        format!("{}a{}\\1", "(".repeat(250), ")*".repeat(250)),
        format!("{}a{}", "(?:(?:b|".repeat(10), ")*)+".repeat(10)),
        format!("{}a{}", "(?=".repeat(250), ")".repeat(250)),
        format!("{}a{}", "(?:|".repeat(250), ")".repeat(250)),
        format!("{}a{}", "(x|a".repeat(250), r")*\1".repeat(250)),
    ];
    let load = move || patterns.map(|pattern| JsRegex::new(&pattern, true).unwrap());
    let regexes = on_stack(LOADING_STACK, load);
    // The shorter text has an automaton built, the longer one is too much for that.
    let texts = ["ab".repeat(3_000), "ab".repeat(50_000)];
    let evaluate = move || {
        for (regex, text) in regexes
            .iter()
            .flat_map(|regex| texts.each_ref().map(|t| (regex, t)))
        {
            let _ = regex.is_match(text);
        }
    };
    on_stack(EVALUATION_STACK, evaluate);
}

fn on_stack<T: Send + 'static>(bytes: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(bytes)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap()
}

/// Unoptimised code takes several times the stack.
const LOADING_STACK: usize = if cfg!(debug_assertions) {
    2 << 20
} else {
    512 << 10
};
const EVALUATION_STACK: usize = if cfg!(debug_assertions) {
    2 << 20
} else {
    64 << 10
};
