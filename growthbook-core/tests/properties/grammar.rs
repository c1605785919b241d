//! JSON texts in the grammar of payloads, chosen by bytes: by a fuzzer's, or by a property's.

/// Bytes that decide. When they run out, every choice is the first one, which never leads deeper.
pub(crate) struct Choices<'b> {
    bytes: &'b [u8],
    /// Whether parts may be malformed or of a newer kind, so that conditions may have no definite answer.
    wild: bool,
}

impl<'b> Choices<'b> {
    pub(crate) fn wild(bytes: &'b [u8]) -> Self {
        Self { bytes, wild: true }
    }

    pub(crate) fn definite(bytes: &'b [u8]) -> Self {
        Self { bytes, wild: false }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        *first
    }

    pub(crate) fn below(&mut self, end: u8) -> u8 {
        self.byte() % end.max(1)
    }

    /// True for one byte in `of`, and never once the bytes have run out.
    pub(crate) fn one_in(&mut self, of: u8) -> bool {
        self.below(of) == of - 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let place = usize::from(self.byte()) % items.len();
        items[place]
    }

    fn strange(&mut self) -> bool {
        self.wild && self.one_in(24)
    }

    fn list(&mut self, most: u8, item: impl Fn(&mut Self) -> String) -> String {
        let count = self.below(most + 1);
        let items: Vec<String> = (0..count).map(|_| item(self)).collect();
        format!("[{}]", items.join(","))
    }

    fn object(&mut self, most: u8, member: impl Fn(&mut Self) -> (String, String)) -> String {
        let count = self.below(most + 1);
        let members: Vec<String> = (0..count)
            .map(|_| {
                let (key, value) = member(self);
                format!("{}:{value}", quoted(&key))
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }

    pub(crate) fn scalar(&mut self) -> String {
        self.pick(SCALARS).to_owned()
    }

    /// Any JSON value.
    pub(crate) fn value(&mut self, depth: u8) -> String {
        match self.below(8) {
            6 if depth > 0 => self.list(3, |it| it.value(depth - 1)),
            7 if depth > 0 => self.object(3, |it| (it.name(), it.value(depth - 1))),
            _ => self.scalar(),
        }
    }

    fn name(&mut self) -> String {
        self.pick(NAMES).to_owned()
    }

    fn path(&mut self) -> String {
        if self.one_in(3) {
            format!("{}.{}", self.pick(NAMES), self.pick(NAMES))
        } else {
            self.pick(PATHS).to_owned()
        }
    }

    pub(crate) fn attributes(&mut self) -> String {
        self.object(6, |it| match it.below(4) {
            3 => (
                "__gb_remoteGroupIds".to_owned(),
                it.list(3, |it| quoted(it.pick(GROUPS))),
            ),
            2 => ("id".to_owned(), it.scalar()),
            _ => (it.name(), it.value(3)),
        })
    }

    pub(crate) fn condition(&mut self, depth: u8) -> String {
        if self.strange() {
            return self.value(1);
        }
        self.object(3, |it| it.entry(depth))
    }

    fn entry(&mut self, depth: u8) -> (String, String) {
        if depth == 0 {
            return (self.path(), self.scalar());
        }
        let depth = depth - 1;
        let key = match self.below(12) {
            6 => "$or",
            7 => "$nor",
            8 => "$and",
            9 => "$not",
            10 => "$savedGroup",
            11 if self.wild && self.one_in(4) => "$savedGroups",
            _ => return (self.path(), self.check(depth)),
        };
        let value = match key {
            _ if self.strange() => self.value(1),
            "$or" | "$nor" | "$and" => self.list(3, |it| it.condition(depth)),
            "$not" => self.condition(depth),
            "$savedGroup" => self.group_reference(),
            _ => self.value(1),
        };
        (key.to_owned(), value)
    }

    fn group_reference(&mut self) -> String {
        let id = quoted(self.pick(GROUPS));
        match self.below(6) {
            4 => format!("{{\"id\":{id},\"attributeKey\":{}}}", quoted(&self.path())),
            5 if self.strange() => format!("{{\"id\":{},\"attributeKey\":null}}", self.scalar()),
            _ => format!("{{\"id\":{id}}}"),
        }
    }

    /// What a value is compared with: operators, mostly.
    pub(crate) fn check(&mut self, depth: u8) -> String {
        match self.below(4) {
            0 => self.value(depth.min(2)),
            _ => self.object(2, |it| it.operator(depth)),
        }
    }

    fn operator(&mut self, depth: u8) -> (String, String) {
        let name = self.pick(OPERATORS);
        let deeper = depth.saturating_sub(1);
        let operand = match name {
            _ if self.strange() => self.value(1),
            "$in" | "$nin" | "$ini" | "$nini" => self.list(4, |it| it.value(1)),
            "$all" | "$alli" if depth > 0 => self.list(3, |it| it.check(deeper)),
            "$elemMatch" if depth > 0 => {
                if self.one_in(2) {
                    self.condition(deeper)
                } else {
                    self.object(2, |it| it.operator(deeper))
                }
            }
            "$not" | "$size" if depth > 0 => self.check(deeper),
            "$all" | "$alli" => "[]".to_owned(),
            "$elemMatch" => "{}".to_owned(),
            "$inGroup" | "$notInGroup" => quoted(self.pick(GROUPS)),
            "$type" => quoted(self.pick(KINDS)),
            "$regex" | "$regexi" | "$notRegex" | "$notRegexi" => quoted(self.pick(PATTERNS)),
            _ => self.scalar(),
        };
        let name = match name {
            _ if self.strange() => "$future",
            name => name,
        };
        (name.to_owned(), operand)
    }

    pub(crate) fn groups(&mut self) -> String {
        self.object(5, |it| {
            let id = it.pick(GROUPS).to_owned();
            let key = quoted(&it.path());
            let entry = match it.below(5) {
                0 => format!(
                    "{{\"type\":\"list\",\"attributeKey\":{key},\"values\":{}}}",
                    it.list(4, |it| it.value(1))
                ),
                1 => it.list(4, |it| it.value(1)),
                2 => format!("{{\"type\":\"remote\",\"attributeKey\":{key}}}"),
                3 if it.strange() => it.value(2),
                _ => format!(
                    "{{\"type\":\"condition\",\"condition\":{}}}",
                    it.condition(3)
                ),
            };
            (id, entry)
        })
    }

    /// A whole payload.
    pub(crate) fn payload(&mut self) -> String {
        let features = self.object(6, |it| {
            let key = it.pick(FEATURES).to_owned();
            (key, it.feature())
        });
        let mut sections = vec![format!("\"features\":{features}")];
        if self.one_in(2) {
            sections.push(format!("\"savedGroups\":{}", self.groups()));
        }
        if self.one_in(2) {
            let experiments = self.list(3, Self::auto_experiment);
            sections.push(format!("\"experiments\":{experiments}"));
        }
        if self.one_in(2) {
            let bandits = self.object(3, |it| (it.pick(BANDITS).to_owned(), it.bandit()));
            sections.push(format!("\"contextualBandits\":{bandits}"));
        }
        format!("{{{}}}", sections.join(","))
    }

    fn feature(&mut self) -> String {
        if self.strange() {
            return self.value(1);
        }
        let default = self.value(1);
        let rules = self.list(4, Self::rule);
        format!("{{\"defaultValue\":{default},\"rules\":{rules}}}")
    }

    fn rule(&mut self) -> String {
        if self.strange() {
            return self.value(1);
        }
        match self.below(4) {
            0 => {
                let force = self.value(2);
                let rest = self.members(6, RULE_FIELDS);
                format!("{{\"id\":\"r\",\"force\":{force}{rest}}}")
            }
            1 => {
                let parents = self.list(2, Self::parent);
                let rest = self.members(2, RULE_FIELDS);
                format!("{{\"parentConditions\":{parents}{rest}}}")
            }
            _ => {
                let name = self.pick(&["variations", "contextualVariations"]);
                let variations = self.list(4, |it| it.value(1));
                let rest = self.members(8, RULE_FIELDS);
                format!("{{\"{name}\":{variations}{rest}}}")
            }
        }
    }

    /// An experiment that runs on its own: inline, or with redirects and visual changes.
    pub(crate) fn auto_experiment(&mut self) -> String {
        let key = quoted(self.pick(EXPERIMENTS));
        let variations = self.list(4, |it| match it.below(4) {
            0 => "{}".to_owned(),
            1 => format!("{{\"urlRedirect\":{}}}", quoted(it.pick(URLS))),
            2 => "{\"domMutations\":[{}],\"css\":\"a\"}".to_owned(),
            _ => it.value(2),
        });
        let rest = self.members(8, AUTO_FIELDS);
        format!("{{\"key\":{key},\"variations\":{variations}{rest}}}")
    }

    fn members(&mut self, most: u8, fields: &[&'static str]) -> String {
        let count = self.below(most + 1);
        let member = |it: &mut Self| {
            let field = it.pick(fields);
            format!(",\"{field}\":{}", it.field(field))
        };
        (0..count).map(|_| member(self)).collect()
    }

    fn field(&mut self, field: &str) -> String {
        if self.strange() {
            return self.value(2);
        }
        match field {
            "condition" => self.condition(3),
            "parentConditions" => self.list(2, Self::parent),
            "filters" => self.list(2, |it| {
                let seed = it.scalar();
                let ranges = it.list(3, Self::range);
                let rest = it.members(2, &["hashVersion", "attribute"]);
                format!("{{\"seed\":{seed},\"ranges\":{ranges}{rest}}}")
            }),
            "range" => self.range(),
            "ranges" => self.list(4, Self::range),
            "coverage" => self.pick(NUMBERS).to_owned(),
            "weights" => self.list(4, |it| it.pick(NUMBERS).to_owned()),
            "namespace" => format!(
                "[{},{},{}]",
                quoted(self.pick(NAMES)),
                self.pick(NUMBERS),
                self.pick(NUMBERS)
            ),
            "hashVersion" => self
                .pick(&["1", "2", "2.0", "3", "null", "\"2\""])
                .to_owned(),
            "bucketVersion" | "minBucketVersion" => {
                self.pick(&["0", "1", "2", "1e3", "1.5", "-1"]).to_owned()
            }
            "meta" => self.list(4, |it| match it.below(3) {
                0 => format!("{{\"key\":{}}}", quoted(it.pick(NAMES))),
                1 => format!(
                    "{{\"key\":{},\"passthrough\":true}}",
                    quoted(it.pick(NAMES))
                ),
                _ => "{\"name\":\"n\"}".to_owned(),
            }),
            "contextualBanditRef" => quoted(self.pick(BANDITS)),
            "tracks" => self.list(2, |it| {
                let experiment = it.auto_experiment();
                let result = it.value(2);
                format!("{{\"experiment\":{experiment},\"result\":{result}}}")
            }),
            "hashAttribute" | "fallbackAttribute" | "attribute" | "changeId" => {
                quoted(self.pick(NAMES))
            }
            "key" | "seed" | "name" | "phase" => quoted(self.pick(EXPERIMENTS)),
            "status" => self
                .pick(&["\"running\"", "\"draft\"", "\"stopped\""])
                .to_owned(),
            "force" => self
                .pick(&["null", "0", "1", "2", "9", "-1", "0.5"])
                .to_owned(),
            "url" => quoted(self.pick(PATTERNS)),
            "urlPatterns" => self.list(3, |it| {
                let kind = it.pick(&["simple", "regex", "exact"]);
                let include = it.pick(&["true", "false", "null"]);
                let pattern = if kind == "simple" {
                    quoted(it.pick(URLS))
                } else {
                    quoted(it.pick(PATTERNS))
                };
                format!("{{\"type\":\"{kind}\",\"pattern\":{pattern},\"include\":{include}}}")
            }),
            "groups" => self.list(2, |it| quoted(it.pick(GROUPS))),
            _ => self.pick(&["true", "false", "0", "1"]).to_owned(),
        }
    }

    fn parent(&mut self) -> String {
        if self.strange() {
            return self.value(1);
        }
        let id = quoted(self.pick(FEATURES));
        let check = self.check(2);
        let gate = self.pick(&["false", "true"]);
        match self.below(3) {
            0 => format!("{{\"id\":{id}}}"),
            1 => format!("{{\"id\":{id},\"condition\":{{\"value\":{check}}},\"gate\":{gate}}}"),
            _ => format!(
                "{{\"id\":{id},\"condition\":{},\"gate\":{gate}}}",
                self.condition(2)
            ),
        }
    }

    fn range(&mut self) -> String {
        if self.strange() {
            return self.value(1);
        }
        format!("[{},{}]", self.pick(NUMBERS), self.pick(NUMBERS))
    }

    fn bandit(&mut self) -> String {
        if self.strange() {
            return self.value(2);
        }
        let contexts = self.list(3, |it| {
            let leaf = it.pick(&["1", "2", "-5", "1.0", "\"1\"", "null"]);
            let condition = it.condition(2);
            let weights = it.field("weights");
            format!("{{\"leafId\":{leaf},\"condition\":{condition},\"weights\":{weights}}}")
        });
        format!(
            "{{\"banditVersion\":{},\"contexts\":{contexts}}}",
            self.pick(NUMBERS)
        )
    }

    pub(crate) fn url(&mut self) -> &'static str {
        self.pick(URLS)
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "1.0",
    "2",
    "-0.0",
    "1.5",
    "-1",
    "1e21",
    "1e-7",
    "10",
    "9007199254740993",
    "12345678901234567890123456789",
    "\"\"",
    "\"a\"",
    "\"A\"",
    "\"b\"",
    "\"ab\"",
    "\"1\"",
    "\"10\"",
    "\"9\"",
    "\"0\"",
    "\"ß\"",
    "\"SS\"",
    "\"İ\"",
    "\"i̇\"",
    "\"ΑΣ\"",
    "\"ας\"",
    "\"ασ\"",
    "\"😀\"",
    "\"\\uffff\"",
    "\"1.2.3\"",
    "\"v1.2.3\"",
    "\"1.2.3-rc.1+b\"",
    "\"1.2\"",
    "\"1..2\"",
    "\"v\"",
    "\"100000.0\"",
    "\"user-7\"",
    "\"on\"",
];

const NUMBERS: &[&str] = &[
    "1", "0", "0.5", "0.25", "0.75", "0.1", "0.9", "0.3333", "-0.5", "1.5", "2", "1e-9", "7",
];

const NAMES: &[&str] = &[
    "a",
    "b",
    "id",
    "value",
    "dev",
    "tags",
    "0",
    "1",
    "10",
    "01",
    "length",
    "",
    "ü",
    "a-longer-name",
    "a.b",
];

const PATHS: &[&str] = &[
    "a",
    "b",
    "id",
    "value",
    "a.b",
    "a.0",
    "a.length",
    "a.0.b",
    "a.b.a",
    "1",
    "",
    "$groups",
    "tags",
    "ü",
    "a-longer-name",
    "__gb_remoteGroupIds",
];

const OPERATORS: &[&str] = &[
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$veq",
    "$vne",
    "$vlt",
    "$vlte",
    "$vgt",
    "$vgte",
    "$regex",
    "$regexi",
    "$notRegex",
    "$notRegexi",
    "$in",
    "$nin",
    "$ini",
    "$nini",
    "$inGroup",
    "$notInGroup",
    "$all",
    "$alli",
    "$elemMatch",
    "$size",
    "$exists",
    "$type",
    "$not",
    "$elemMatch",
    "$all",
    "$not",
];

const KINDS: &[&str] = &[
    "null",
    "boolean",
    "number",
    "string",
    "array",
    "object",
    "undefined",
];

const PATTERNS: &[&str] = &["", "a", "^a", "b$", "^ab$", "A", "1", "^user", "post", "^"];

const GROUPS: &[&str] = &["g", "h", "list", "vip", "ß", "nowhere"];

const FEATURES: &[&str] = &["f", "g", "h", "checkout", "ü", "", "nowhere"];

const EXPERIMENTS: &[&str] = &["e", "exp", "k", "ü", ""];

const BANDITS: &[&str] = &["cb", "other", ""];

const URLS: &[&str] = &[
    "",
    "/",
    "/a",
    "https://example.com/a",
    "http://example.com/a?k=1&e=0",
    "https://example.com/a?x=1&x=2#h",
    "*.example.com/*",
    "example.com/a",
    "https://other.org/b?x=9",
    "http://[::1]:3000/a",
    "http://exämple.com/ü",
    "https://exa mple.com",
    "mailto:a@b.c",
    "/a?exp=1&k=0",
    "https://example.com/a/*/b",
    "*",
];

const RULE_FIELDS: &[&str] = &[
    "condition",
    "coverage",
    "weights",
    "hashAttribute",
    "seed",
    "meta",
    "hashVersion",
    "parentConditions",
    "filters",
    "range",
    "ranges",
    "namespace",
    "key",
    "name",
    "phase",
    "fallbackAttribute",
    "bucketVersion",
    "minBucketVersion",
    "disableStickyBucketing",
    "contextualBanditRef",
    "tracks",
];

const AUTO_FIELDS: &[&str] = &[
    "condition",
    "coverage",
    "weights",
    "hashAttribute",
    "seed",
    "meta",
    "hashVersion",
    "parentConditions",
    "filters",
    "ranges",
    "namespace",
    "status",
    "active",
    "force",
    "url",
    "urlPatterns",
    "groups",
    "changeId",
    "manual",
    "persistQueryString",
    "contextualBanditRef",
    "fallbackAttribute",
    "bucketVersion",
    "minBucketVersion",
    "disableStickyBucketing",
    "name",
    "phase",
];
