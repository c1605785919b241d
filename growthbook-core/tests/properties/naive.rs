//! A second interpreter of conditions, written from sections 3 to 5 of the evaluation specification as plain recursion
//! over JSON, to hold the first one against. Nothing is prepared, shared or clever here.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "every number is a double (spec 0), and exponents are small"
)]

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// JSON with JavaScript's order of keys and its one kind of number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tri {
    Yes,
    No,
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stop {
    /// An evaluation error (spec 3.3): the whole condition is false.
    Malformed,
    /// A regular expression that only an engine for them can judge.
    Beyond,
}

pub(crate) type Answer = Result<Tri, Stop>;

/// Evaluates a condition: one outermost call.
pub(crate) fn evaluate(condition: &Json, attributes: &Json, groups: &Json) -> Answer {
    let mut interpreter = Interpreter {
        groups,
        resolutions: 0,
        item_depth: 0,
        check_depth: 0,
    };
    let answer = interpreter.condition(condition, attributes, &[]);
    // What so many groups add up to may be more than is looked at.
    if answer.is_ok() && interpreter.resolutions > 500 {
        return Err(Stop::Beyond);
    }
    answer
}

struct Interpreter<'g> {
    groups: &'g Json,
    resolutions: u32,
    item_depth: u32,
    check_depth: u32,
}

impl Interpreter<'_> {
    fn condition(&mut self, condition: &Json, attributes: &Json, visited: &[&str]) -> Answer {
        let Json::Object(entries) = condition else {
            return Err(Stop::Malformed);
        };
        all(entries, |(key, value)| match key.as_str() {
            "$or" => self.any_of(value, attributes, visited),
            "$nor" => Ok(not(self.any_of(value, attributes, visited)?)),
            "$and" => match value {
                Json::Array(items) => all(items, |item| self.condition(item, attributes, visited)),
                _ => Err(Stop::Malformed),
            },
            "$not" => Ok(not(self.condition(value, attributes, visited)?)),
            "$savedGroup" => self.group(value, attributes, visited),
            "$savedGroups" => Ok(Tri::No),
            path => {
                let actual = at_path(attributes, path);
                self.value(value, &actual, false, visited)
            }
        })
    }

    fn any_of(&mut self, value: &Json, attributes: &Json, visited: &[&str]) -> Answer {
        match value {
            Json::Array(items) if items.is_empty() => Ok(Tri::Yes),
            Json::Array(items) => any(items, |item| self.condition(item, attributes, visited)),
            _ => Err(Stop::Malformed),
        }
    }

    fn group(&mut self, reference: &Json, attributes: &Json, visited: &[&str]) -> Answer {
        let Some(Json::String(id)) = reference.get("id") else {
            return Ok(Tri::No);
        };
        if matches!(reference.get("attributeKey"), Some(key) if !matches!(key, Json::String(_))) {
            return Ok(Tri::No);
        }
        let override_key = reference.get("attributeKey").and_then(Json::text);
        if visited.contains(&id.as_str()) {
            return Ok(Tri::No);
        }
        self.resolutions += 1;
        if self.resolutions > 4_096 {
            return Err(Stop::Malformed);
        }
        let Some(entry @ Json::Object(_)) = self.groups.get(id) else {
            return Ok(Tri::No);
        };
        let entry_key = entry.get("attributeKey").and_then(Json::text);
        match entry.get("type").and_then(Json::text) {
            Some("list") => match (override_key.or(entry_key), entry.get("values")) {
                (Some(key), Some(Json::Array(values))) => {
                    Ok(tri(is_in(values, &at_path(attributes, key), false)))
                }
                _ => Ok(Tri::No),
            },
            Some("condition") => match entry.get("condition") {
                Some(condition @ Json::Object(_)) => {
                    if visited.len() == 1_000 {
                        return Err(Stop::Malformed);
                    }
                    let visited = [visited, &[id.as_str()]].concat();
                    self.condition(condition, attributes, &visited)
                }
                _ => Ok(Tri::No),
            },
            Some("remote") => {
                if override_key.is_some() && override_key != entry_key {
                    return Ok(Tri::No);
                }
                Ok(tri(match attributes.get("__gb_remoteGroupIds") {
                    Some(Json::Array(ids)) => ids.iter().any(|it| it.text() == Some(id)),
                    _ => false,
                }))
            }
            _ => Ok(Tri::Unknown),
        }
    }

    fn value(
        &mut self,
        expected: &Json,
        actual: &Json,
        insensitive: bool,
        visited: &[&str],
    ) -> Answer {
        if let Some(operators) = operators(expected) {
            return all(operators, |(name, operand)| {
                self.operator(name, operand, actual, visited)
            });
        }
        if let (true, Json::String(expected), Json::String(actual)) =
            (insensitive, expected, actual)
        {
            return Ok(tri(expected.to_lowercase() == actual.to_lowercase()));
        }
        Ok(tri(expected == actual))
    }

    fn operator(&mut self, name: &str, e: &Json, a: &Json, visited: &[&str]) -> Answer {
        Ok(tri(match name {
            "$eq" => same_scalar(a, e),
            "$ne" => !same_scalar(a, e),
            "$lt" => order(a, e).is_some_and(Ordering::is_lt),
            "$lte" => order(a, e).is_some_and(Ordering::is_le),
            "$gt" => order(a, e).is_some_and(Ordering::is_gt),
            "$gte" => order(a, e).is_some_and(Ordering::is_ge),
            "$veq" => version_order(a, e).is_some_and(Ordering::is_eq),
            "$vne" => !version_order(a, e).is_some_and(Ordering::is_eq),
            "$vlt" => version_order(a, e).is_some_and(Ordering::is_lt),
            "$vlte" => version_order(a, e).is_some_and(Ordering::is_le),
            "$vgt" => version_order(a, e).is_some_and(Ordering::is_gt),
            "$vgte" => version_order(a, e).is_some_and(Ordering::is_ge),
            "$regex" => found(e, a, false)?,
            "$regexi" => found(e, a, true)?,
            "$notRegex" => !found(e, a, false)?,
            "$notRegexi" => !found(e, a, true)?,
            "$in" => matches!(e, Json::Array(list) if is_in(list, a, false)),
            "$ini" => matches!(e, Json::Array(list) if is_in(list, a, true)),
            "$nin" => matches!(e, Json::Array(list) if !is_in(list, a, false)),
            "$nini" => matches!(e, Json::Array(list) if !is_in(list, a, true)),
            "$inGroup" => return Ok(self.in_group(e, a, false)),
            "$notInGroup" => return Ok(self.in_group(e, a, true)),
            "$all" => return self.all_items(e, a, false, visited),
            "$alli" => return self.all_items(e, a, true, visited),
            "$elemMatch" => return self.some_item(e, a, visited),
            "$size" => match a {
                Json::Array(items) => {
                    let size = Json::Number(items.len() as f64);
                    return self.nested(|it| it.value(e, &size, false, visited));
                }
                _ => false,
            },
            "$exists" => (*a != Json::Null) == truthy(e),
            "$type" => e.text() == Some(kind(a)),
            "$not" => {
                let answer = self.nested(|it| it.value(e, a, false, visited))?;
                return Ok(not(answer));
            }
            "$and" | "$or" | "$nor" | "$savedGroup" => false,
            _ => return Ok(Tri::Unknown),
        }))
    }

    fn in_group(&self, e: &Json, a: &Json, negated: bool) -> Tri {
        let Json::String(id) = e else { return Tri::No };
        match self.groups.get(id) {
            None => tri(negated),
            Some(Json::Array(values)) => tri(is_in(values, a, false) != negated),
            Some(entry @ Json::Object(_)) => match entry.get("type").and_then(Json::text) {
                Some("list") => match entry.get("values") {
                    Some(Json::Array(values)) => tri(is_in(values, a, false) != negated),
                    _ => Tri::No,
                },
                Some("condition" | "remote") => Tri::No,
                _ => Tri::Unknown,
            },
            Some(_) => Tri::No,
        }
    }

    fn all_items(&mut self, e: &Json, a: &Json, insensitive: bool, visited: &[&str]) -> Answer {
        let (Json::Array(expected), Json::Array(items)) = (e, a) else {
            return Ok(Tri::No);
        };
        self.nested(|it| {
            all(expected, |expected| {
                any(items, |item| it.value(expected, item, insensitive, visited))
            })
        })
    }

    fn some_item(&mut self, e: &Json, a: &Json, visited: &[&str]) -> Answer {
        let Json::Array(items) = a else {
            return Ok(Tri::No);
        };
        if self.item_depth == 16 {
            return Err(Stop::Malformed);
        }
        self.item_depth += 1;
        let by_value = operators(e).is_some_and(|operators| {
            !operators
                .iter()
                .any(|(name, _)| matches!(name.as_str(), "$or" | "$and" | "$nor" | "$savedGroup"))
        });
        let answer = self.nested(|it| {
            any(items, |item| match (item, e) {
                (Json::Null, _) => Ok(Tri::No),
                (item, Json::Object(_)) if by_value => it.value(e, item, false, visited),
                (item, Json::Object(_)) => it.condition(e, item, visited),
                _ => Err(Stop::Malformed),
            })
        });
        self.item_depth -= 1;
        answer
    }

    /// Tests within tests are bounded, over all groups together (spec 25).
    fn nested(&mut self, test: impl FnOnce(&mut Self) -> Answer) -> Answer {
        if self.check_depth == 64 {
            return Err(Stop::Malformed);
        }
        self.check_depth += 1;
        let answer = test(self);
        self.check_depth -= 1;
        answer
    }
}

/// Spec 3.2: left to right, up to what decides.
fn all<T>(items: &[T], mut test: impl FnMut(&T) -> Answer) -> Answer {
    let mut answer = Tri::Yes;
    for item in items {
        match test(item)? {
            Tri::No => return Ok(Tri::No),
            Tri::Unknown => answer = Tri::Unknown,
            Tri::Yes => {}
        }
    }
    Ok(answer)
}

fn any<T>(items: &[T], mut test: impl FnMut(&T) -> Answer) -> Answer {
    let mut answer = Tri::No;
    for item in items {
        match test(item)? {
            Tri::Yes => return Ok(Tri::Yes),
            Tri::Unknown => answer = Tri::Unknown,
            Tri::No => {}
        }
    }
    Ok(answer)
}

fn not(answer: Tri) -> Tri {
    match answer {
        Tri::Yes => Tri::No,
        Tri::No => Tri::Yes,
        Tri::Unknown => Tri::Unknown,
    }
}

fn tri(answer: bool) -> Tri {
    if answer { Tri::Yes } else { Tri::No }
}

/// The members of an operator object (spec 3.5, step 1).
fn operators(json: &Json) -> Option<&[(String, Json)]> {
    match json {
        Json::Object(entries) if entries.iter().all(|(key, _)| key.starts_with('$')) => {
            Some(entries)
        }
        _ => None,
    }
}

/// Spec 3.4.
fn at_path(attributes: &Json, path: &str) -> Json {
    let mut current = attributes.clone();
    for segment in path.split('.') {
        let next = match &current {
            Json::Object(_) => current.get(segment).cloned(),
            Json::Array(items) if segment == "length" => Some(Json::Number(items.len() as f64)),
            Json::Array(items) => {
                let canonical = segment.len() <= 10
                    && !segment.is_empty()
                    && segment.bytes().all(|byte| byte.is_ascii_digit())
                    && (segment == "0" || !segment.starts_with('0'));
                let index = segment.parse::<usize>().ok().filter(|_| canonical);
                index.and_then(|index| items.get(index)).cloned()
            }
            _ => None,
        };
        match next {
            Some(next) => current = next,
            None => return Json::Null,
        }
    }
    current
}

fn same_scalar(left: &Json, right: &Json) -> bool {
    !matches!(left, Json::Array(_) | Json::Object(_)) && left == right
}

/// Spec 3.7.
fn is_in(list: &[Json], value: &Json, insensitive: bool) -> bool {
    let fold = |json: &Json| match json {
        Json::String(text) if insensitive => Json::String(text.to_lowercase()),
        json => json.clone(),
    };
    let is_member = |value: &Json| {
        list.iter()
            .any(|member| same_scalar(&fold(member), &fold(value)))
    };
    match value {
        Json::Array(items) => items.iter().any(is_member),
        value => is_member(value),
    }
}

fn order(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.partial_cmp(right),
        (Json::String(left), Json::String(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => None,
    }
}

fn version_order(left: &Json, right: &Json) -> Option<Ordering> {
    let padded = |json: &Json| match json {
        Json::Number(number) => Some(pad_version(&number_text(*number))),
        Json::String(text) => Some(pad_version(text)),
        _ => None,
    };
    match (left, right) {
        (Json::Number(_), Json::Number(_)) | (Json::String(_), Json::String(_)) => {
            let (left, right) = (padded(left)?, padded(right)?);
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => None,
    }
}

/// Spec 5.
fn pad_version(text: &str) -> String {
    let text = if text.is_empty() { "0" } else { text };
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split('+').next().unwrap_or_default();
    let mut segments: Vec<String> = text.split(['-', '.']).map(str::to_owned).collect();
    if segments.len() == 3 {
        segments.push("~".to_owned());
    }
    for segment in &mut segments {
        if !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            *segment = format!("{segment:>5}");
        }
    }
    segments.join("-")
}

/// Spec 7.3, by way of Rust's own shortest digits.
pub(crate) fn number_text(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number < 0.0 {
        return format!("-{}", number_text(-number));
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap();
    let digits = mantissa.replace('.', "");
    let k = digits.len() as i32;
    let n = exponent.parse::<i32>().unwrap() + 1;
    if k <= n && n <= 21 {
        return format!("{digits}{}", "0".repeat((n - k) as usize));
    }
    if 0 < n && n <= 21 {
        return format!("{}.{}", &digits[..n as usize], &digits[n as usize..]);
    }
    if -6 < n && n <= 0 {
        return format!("0.{}{digits}", "0".repeat(-n as usize));
    }
    let sign = if n > 0 { '+' } else { '-' };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{sign}{}", (n - 1).abs())
}

/// Finds a text that stands for itself, maybe tied to an end.
fn found(pattern: &Json, value: &Json, insensitive: bool) -> Result<bool, Stop> {
    let Json::String(pattern) = pattern else {
        return Ok(false);
    };
    let (start, plain) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern.as_str()),
    };
    let (end, plain) = match plain.strip_suffix('$') {
        Some(rest) => (true, rest),
        None => (false, plain),
    };
    let is_plain = plain
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'_');
    let Json::String(text) = value else {
        // It matches nothing, whatever it means.
        return Ok(false);
    };
    if !is_plain || (insensitive && !text.is_ascii()) {
        return Err(Stop::Beyond);
    }
    let (plain, text) = if insensitive {
        (plain.to_ascii_lowercase(), text.to_ascii_lowercase())
    } else {
        (plain.to_owned(), text.clone())
    };
    Ok(match (start, end) {
        (true, true) => text == plain,
        (true, false) => text.starts_with(&plain),
        (false, true) => text.ends_with(&plain),
        (false, false) => text.contains(&plain),
    })
}

fn truthy(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(value) => *value != 0.0,
        Json::String(text) => !text.is_empty(),
        Json::Array(_) | Json::Object(_) => true,
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

impl Json {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some((key, value)) = members.next_entry::<String, Json>()? {
            match object.iter_mut().find(|(name, _)| *name == key) {
                Some((_, old)) => *old = value,
                None => object.push((key, value)),
            }
        }
        // Array indices come first, ascending.
        let place = |key: &str| {
            let index = key.parse::<u32>().ok();
            index
                .filter(|index| *index != u32::MAX && index.to_string() == key)
                .map_or(u64::MAX, u64::from)
        };
        object.sort_by_key(|(key, _)| place(key));
        Ok(Json::Object(object))
    }
}
