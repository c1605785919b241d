// Random patterns and texts for comparing the SDK's regular expressions with Node's.
//
// Everything comes from one seeded generator, so a seed names its samples for good.

"use strict";

const vm = require("node:vm");

/** mulberry32: 32 bits of state are plenty for test data. */
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (limit) => Math.floor(next() * limit);
  return {
    below,
    pick: (list) => list[below(list.length)],
    chance: (oneIn) => below(oneIn) === 0,
    times: (limit, make) => Array.from({ length: below(limit + 1) }, make).join(""),
  };
}

// Characters that some engine or other treats specially: cases that fold oddly, both halves of pairs, line ends.
const CHARACTERS = [
  "a", "b", "c", "A", "B", "s", "S", "k", "1", "0", "_", "-", " ", "\n", "\r", "é", "É", "ß", "ẞ", "ſ", "\u212a",
  "σ", "ς", "Σ", "İ", "ı", "ǆ", "ǅ", "😀", "😁", "{", "}", "]", "/", "&", ":", "<", ">", "=", "!", ",", "\u0085",
  "\ufeff", "\u2028", "\u00a0", "٣", "\x08", "\uffff",
];

const ESCAPES = [
  "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\n", "\\t", "\\/", "\\-", "\\.", "\\1", "\\2", "\\3",
  "\\8", "\\12", "\\k<n>", "\\k", "\\x61", "\\x4", "\\u0061", "\\uD83D", "\\uDE00", "\\u{2}", "\\u41", "\\0",
  "\\07", "\\141", "\\377", "\\cA", "\\c", "\\c1", "\\p{L}", "\\e", "\\A", "\\z", "\\<", "\\Q", "\\_",
];

const CLASS_ITEMS = [
  "a", "b", "s", "k", "A", "-", "[", "&&", "--", "😀", "é", "^", "ſ", ":", "σ", "a-c", "0-9", "A-Z", "A-z", "é-ÿ",
  "\\d-z", "a-\\w", "a-", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\]", "\\-", "\\x41", "\\cA", "\\c1",
  "\\c", "\\1", "\\8", "\\B", "\\k", "\\uD83D-\\uDE00", "[:alpha:]", "\\0-\\x7f",
];

const QUANTIFIERS = [
  "*", "+", "?", "{0,2}", "{1}", "{2}", "{2,}", "{0}", "{,2}", "*?", "+?", "??", "{1,2}?", "{", "{a}", "{2,1}", "{3,5}",
];

const GROUPS = ["(", "(", "(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<n>", "(?<m>"];

/** A pattern of any shape the grammar allows, and some that it does not. */
function grammarPattern(random) {
  const classText = () => {
    const items = random.times(4, () => random.pick(CLASS_ITEMS));
    return (random.chance(3) ? "[^" : "[") + items + "]";
  };
  const atom = (depth) => {
    const kind = random.below(20);
    if (kind < 7) return random.pick(CHARACTERS);
    if (kind < 11) return random.pick(ESCAPES);
    if (kind < 13) return classText();
    if (kind < 14) return ".";
    if (kind < 15) return random.pick(["^", "$"]);
    return depth > 0 ? random.pick(GROUPS) + alternatives(depth - 1) + ")" : "a";
  };
  const term = (depth) => atom(depth) + (random.chance(3) ? random.pick(QUANTIFIERS) : "");
  const sequence = (depth) => (random.chance(12) ? "" : term(depth) + term(depth) + random.times(3, () => term(depth)));
  const alternatives = (depth) => {
    let text = sequence(depth);
    while (random.chance(4)) text += "|" + sequence(depth);
    return text;
  };
  return alternatives(random.pick([1, 2, 2, 3]));
}

/** A pattern of loops in loops, look-around and references over two letters: what backtracking finds hard. */
function nestedPattern(random) {
  const atom = (depth) => {
    if (depth === 0 || random.chance(4)) {
      return random.pick(["a", "b", ".", "[ab]", "a?", "a*", "b+", "", "\\1", "\\1", "\\2", "\\b", "$", "^", "a{2,3}"]);
    }
    const body = atom(depth - 1) + random.times(2, () => atom(depth - 1)) + (random.chance(3) ? "|" + atom(depth - 1) : "");
    const quantifier = random.pick(["", "*", "+", "?", "*?", "+?", "{2}", "{0,2}", "{2,}", "{1,3}?"]);
    return random.pick(GROUPS.filter((group) => !group.includes("<n>") && !group.includes("<m>"))) + body + ")" + quantifier;
  };
  return atom(3) + atom(3) + random.times(2, () => atom(2));
}

function shortText(random) {
  return random.times(7, () => random.pick(random.chance(2) ? ["a", "b", "1", "s", "k"] : CHARACTERS));
}

const pathPart = (random) =>
  random.pick(["admin", "users", "shop", "cart", "en-US", "de", "v1", "api", "item-42", "index.html", "A", "100%25"]);
const host = (random) =>
  random.pick(["www.", "", "api.", "shop.eu.", "m."]) + random.pick(["example.com", "acme.co.uk", "growthbook.io", "localhost:3000"]);
const name = (random) =>
  random.pick(["ada", "bob.smith", "c+test", "j_doe", "O'Neil", "émile", "first.last", "qa-1"]);
const version = (random) => [1, 2, 3].map(() => random.below(20)).join(".");

const REALISTIC_TEXTS = [
  (random) => {
    const path = random.times(5, () => "/" + pathPart(random));
    const query = random.times(3, () => random.pick(["utm_source=mail&", "q=shoes&", "page=2&", "ref=%2Fhome&"]));
    return "https://" + host(random) + path + (query && "?" + query) + random.pick(["", "", "#top"]);
  },
  (random) => name(random) + "@" + host(random),
  (random) => `${random.pick(["v", "", "release-"])}${version(random)}${random.pick(["", "-rc.1", "+build.7"])}`,
  (random) =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS ${random.below(18)}_${random.below(6)} like Mac OS X) AppleWebKit/605.1.15 ` +
    `(KHTML, like Gecko) Version/${version(random)} Mobile/15E148 Safari/604.1`,
  (random) =>
    `Mozilla/5.0 (${random.pick(["Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Linux; Android 14; Pixel 8"])}) ` +
    `AppleWebKit/537.36 (KHTML, like Gecko) ${random.pick(["Chrome/124.0.0.0", "HeadlessChrome/119.0"])} Safari/537.36`,
  (random) => `Mozilla/5.0 (compatible; ${random.pick(["Googlebot/2.1", "bingbot/2.0", "AhrefsBot/7.0"])}; +http://${host(random)}/bot.html)`,
];

const REALISTIC_PARTS = [
  "https?://", "^https?://", "(?:www\\.)?", "[^/]+", "[^/:]+", "[\\w.-]+", "\\w+", "\\d+", "(\\d+)", ".*", ".*?", ".+",
  "\\.", "/", "\\/", "@", "-", "(?:/|$)", "$", "^", "\\b", "example\\.com", "(example|acme)", "admin", "bot", "Chrome",
  "(\\d+)_(\\d+)", "OS ", "Version/(\\d+)", "(?!.*admin)", "(?!.*Chrome)", "(?=.*Mobile)", "(?<!\\.)", "(?<host>[^/:]+)",
  "\\.(com|io|co\\.uk)", "(?:[a-z0-9-]+\\.)*", "([a-z]+)", "[A-Z]{2,}", "(?:\\?|&)utm_\\w+=[^&#]*", "crawler|spider",
  "(iPhone|iPad|Android)", "\\s*", "(?: [^ ]+)*", "(?:/[^/?#]*)*", "(\\w)\\1", "(?! )", "[a-z]{2}(?:-[A-Z]{2})?",
];

/** A pattern as somebody might write it to target addresses, user agents and versions. */
function realisticPattern(random) {
  const part = () => random.pick(REALISTIC_PARTS);
  let pattern = part() + random.times(5, part);
  if (random.chance(4)) pattern = `(?:${pattern})${random.pick(["*", "+", "?", "*?"])}${random.pick(["", "$"])}`;
  if (random.chance(4)) pattern += "|" + part() + part();
  return pattern;
}

function realisticText(random) {
  const text = random.pick(REALISTIC_TEXTS)(random);
  return text.length < 60 && random.chance(2) ? `${text} ${random.pick(REALISTIC_TEXTS)(random)}` : text;
}

const KINDS = {
  grammar: { pattern: grammarPattern, text: shortText },
  nested: { pattern: nestedPattern, text: (random) => random.times(9, () => random.pick(["a", "b", "a", "b", "c"])) },
  realistic: { pattern: realisticPattern, text: realisticText },
};

/** What `new RegExp(pattern, flags).test(text)` does, for a pattern known not to explode. */
function answer(pattern, flags, text) {
  try {
    return new RegExp(pattern, flags).test(text);
  } catch {
    return "error";
  }
}

const sandbox = vm.createContext({});
const testAll = new vm.Script("texts.map((text) => regex.test(text))");

/** The answers for several texts; undefined if Node takes too long, as it does for exponential patterns. */
function answers(pattern, flags, texts) {
  try {
    sandbox.regex = new RegExp(pattern, flags);
  } catch {
    return texts.map(() => "error");
  }
  sandbox.texts = texts;
  try {
    return testAll.runInContext(sandbox, { timeout: 100 });
  } catch {
    return undefined;
  }
}

/** `count` rows of [pattern, flags, text, answer] of one kind. */
function* samples(random, kind, count) {
  const { pattern: makePattern, text: makeText } = KINDS[kind];
  let made = 0;
  while (made < count) {
    const pattern = makePattern(random);
    const flags = random.pick(["", "i"]);
    const texts = [1, 2, 3, 4].map(() => makeText(random));
    const recorded = pattern.isWellFormed() ? answers(pattern, flags, texts) : undefined;
    if (!recorded) continue;
    const invalid = recorded[0] === "error";
    if (invalid && !random.chance(3)) continue;
    for (let n = 0; n < (invalid ? 1 : 4) && made < count; n++) {
      made++;
      yield [pattern, flags, texts[n], recorded[n]];
    }
  }
}

module.exports = { answer, generator, samples };
