// Records what Node answers for regular expressions worth knowing about, and for some random ones:
//
//   node conformance/js_regex_vectors.js growthbook-core/tests/vectors/js_regex.jsonl
//
// Each line is [pattern, flags, text, true | false | "error"]. The file is committed; the test that replays it
// needs no Node. Record it anew after changing this script, with Node 20: later versions accept more patterns.

"use strict";

const fs = require("node:fs");
const { answer, generator, samples } = require("./js_regex_random.js");

const rows = [];
const record = (flags) => (pattern, ...texts) => {
  for (const text of texts) rows.push([pattern, flags, text, answer(pattern, flags, text)]);
};
const plain = record("");
const folded = record("i");
const both = (pattern, ...texts) => {
  plain(pattern, ...texts);
  folded(pattern, ...texts);
};
const invalid = (...patterns) => {
  for (const pattern of patterns) both(pattern, "a");
};

// Look-around of any width.
plain("(?=.*b)a", "ab", "ac", "a\nb");
plain("^(?!admin)\\w+$", "user", "admin1", "");
plain("(?<=\\$)\\d+", "$42", "42", "$");
plain("(?<!a)b", "cb", "ab", "b");
plain("(?<=\\d+(?:px|em))!", "12px!", "px!", "3em!");
plain("(?<=(\\d+)(\\d+))$", "1053", "");
plain("(?<=^|,)x(?=,|$)", "x", "a,x", "ax", "x,b");
plain("(?<=(a|bc)\\1)x", "bcbcx", "aax", "bcax");
plain("(?<=a(?=bc)b)c", "abc", "abd");
plain("(?<!(?<!a)b)c", "abc", "bc", "c");
plain("^(?=.*[A-Z])(?=.*\\d)(?=.{8,64}$)", "Passw0rd", "password1", "Pass1", "P1" + "x".repeat(63));
plain("(?=(a+))a*b\\1", "baaabac", "aab");
plain("(?!(a)b)\\1c", "c", "ac");

// Back-references by number and by name, also to the left of their group and to groups that took no part.
plain("(a)\\1", "aa", "ab");
plain("(?<n>x)\\k<n>", "xx", "xy");
plain("\\k<n>(?<n>x)", "x", "k<n>x");
plain("(?:\\1)(a)", "a", "b");
plain("(?:(a)|b)*\\1", "ab", "aba", "");
plain("(?:(a)|b)*c\\1", "abc", "bac", "bac a");
plain("(z)((a+)?(b+)?(c))*\\2$", "zaacbbbcac", "zaacbbbcacac", "z");
plain("(?<=\\1(a))b", "aab", "ab");
plain("(a\\1)", "a", "aa");
plain("^(.+)\\1$", "abab", "aba", "😀😀");
plain("(a*)*\\1b", "aab", "b");
plain("(?:(?=(a))?b)\\1", "b", "ab");
plain("(?:(?=(a)){1}a)\\1", "aa", "a");
plain("(?:(a)|(b)|(c)){3}\\1\\2\\3", "abcc", "abc", "abca");
folded("(é)\\1", "éÉ", "ée");
folded("(ſ)\\1", "ſs", "ſſ");
folded("(k)\\1", "kK", "k\u212a");
plain("^(?:(\\d+)-)?x\\1$", "x", "1-x1", "1-x");
plain("(['\"])[^'\"]*\\1", "'a'", "\"b\"", "'c\"");

// Syntax of other dialects.
invalid("(?i)a", "(?P<n>a)", "(?>a)", "a++", "(?#c)a", "a**", "x{2}{3}", "(?i:a)", "(?-i:a)", "(?P=n)", "(?|a)", "a*+");
plain("(?:)", "", "a");

// `.` and the ends of the text.
plain("^.$", "a", "\n", "\r", "\u2028", "\u2029", "\u0085", "é");
both("x$", "x", "x\n", "x\r\n", "xy");
both("^x", "x", "\nx");
plain("a$b", "ab", "a\nb");
plain("a^b", "ab", "a\nb");
plain("^*", "a");
plain("$+", "a");
plain("^$", "", "\n");
plain("(?:^a|b$)", "ab", "ba", "cac");

// `\d`, `\w` and `\b` are ASCII.
both("^\\d$", "5", "٣", "५");
both("^\\D$", "5", "٣");
both("^\\w$", "a", "_", "é", "ſ", "\u212a", "-");
both("^\\W$", "a", "é", "ſ", "\u212a");
both("\\bé", "é", "xé", " é");
both("\\Bé", "é", "xé", " é");
both("\\B", "", "a", "é", "ab", "aéa");
both("\\b", "", "a", "é", " ");
both("k\\b", "k\u212a", "k-");
plain("\\b{start}", "{start}", "a{start}");
plain("\\b*", "a");

// `\s`.
both("^\\s$", " ", "\t", "\v", "\f", "\n", "\r", "\ufeff", "\u00a0", "\u0085", "\u180e", "\u1680", "\u200a", "\u200b", "\u2028", "\u202f", "\u205f", "\u3000");
both("^\\S$", " ", "\ufeff", "\u0085", "\u180e", "\u200b");
both("[\\s]x", "\ufeffx", "\u0085x");
both("[^\\s]", "\u3000", "\u0085");

// Identity escapes.
plain("\\Aa", "Aa", "a");
plain("a\\z", "az", "a");
plain("a\\Z", "aZ", "a");
plain("\\h\\R\\G", "hRG", " ");
plain("\\e\\_", "e_", "\x1b_");
plain("\\Q.\\E", "Q.E", "QxE", ".");
plain("\\<a\\>", "<a>", "a");
plain("\\-\\#\\%\\,\\'\\\"\\`\\~\\@\\!\\&\\;\\:\\=", "-#%,'\"`~@!&;:=");
plain("\\é\\😀", "é😀");
plain("a\\/b", "a/b", "a\\/b");
plain("a/b", "a/b", "ab");
plain("^[/]$", "/", "\\");
plain("^[\\/]$", "/", "\\");
plain("\\\\/", "\\/", "/");
plain("^https?:\\/\\/[^/]+/", "https://a/", "https:\\/\\/a/");

// Properties and code points are escapes of other flags.
plain("\\p{L}", "é", "p{L}", "pL");
plain("\\P{L}", "P{L}");
plain("[\\p{L}]", "p", "{", "é");
plain("^\\p{2}$", "pp", "p{2}");
plain("\\u{61}", "a", "u".repeat(61), "u{61}");
plain("^\\u{2}$", "uu");
plain("\\u{1F600}", "😀", "u{1F600}");
plain("[\\u{61}]", "a", "u", "6");

// Code unit escapes, whole and cut short.
both("^\\u0061\\x61$", "aa", "AA", "aA");
both("^\\cA\\cz$", "\x01\x1a", "cAcz");
both("^\\0$", "\0", "0");
both("^\\07$", "\x07", "\x007");
both("^\\377$", "ÿ", "Ÿ");
both("^\\400$", "\x200", " 0");
both("^\\08$", "\x008");
both("^\\1$", "\x01", "1");
both("^\\8\\9$", "89");
both("^\\12$", "\n", "12");
both("^(a)\\12$", "a\n", "aa2");
both("^\\x4$", "x4", "\x04");
both("^\\xg\\x$", "xgx");
both("^\\u41$", "u41", "A");
both("^\\u$", "u");
both("^\\c!$", "\\c!", "c!");
both("^\\c$", "\\c", "c");
both("\\c1", "\\c1", "\x11");
both("^[\\c1]$", "\x11", "\\", "1");
both("^[\\c_]$", "\x1f", "_");
both("^[\\c!]$", "\\", "c", "!");
both("^[\\c]$", "\\", "c");
both("^[\\x4\\u41]$", "x", "4", "A");
both("^[\\1\\07\\8]$", "\x01", "\x07", "8");
plain("\\ud83d\\ude00", "😀", "😁");
plain("\\tx\\vx\\fx\\n\\r", "\tx\vx\fx\n\r");

// `\k` without named groups, and with one anywhere.
plain("\\k<n>", "k<n>", "x");
plain("\\k", "k");
plain("[\\k]", "k");
plain("(?<a>x)[\\k]", "x");
plain("(?<a>x)\\k", "x");
plain("(?<a>x)\\k<b>", "x");
plain("(?<a>x)\\k<a", "x");
plain("\\k<a>(?<b>x)", "x");

// Group names.
plain("(?<\\u0061b>x)\\k<ab>", "xx", "x");
plain("(?<a\\u{62}>x)\\k<ab>", "xx");
plain("(?<\\ud835\\udc9c>x)", "x");
plain("(?<𝒜>x)\\k<𝒜>", "xx", "x");
plain("(?<é>x)", "x");
plain("(?<$_>x)", "x");
plain("(?<a\u200c>x)", "x");
plain("(?<\u200ca>x)", "x");
plain("(?<ª>x)", "x");
invalid("(?<😀>x)", "(?<—>x)", "(?<>x)", "(?<1>x)", "(?<a-b>x)", "(?<a", "(?<a>x)(?<a>y)", "(?<a>x)|(?<a>y)", "(?<\\u{110000}>x)", "(?<\\ud835>x)", "(?<\\x61>x)", "(?<a b>x)", "(?<\\u{}>x)");

// Braces and brackets that quantify nothing.
both("]", "]", "[");
both("}", "}");
both("^{$", "{");
both("^a{$", "a{", "a");
both("^a{2$", "a{2", "aa");
both("^a{,5}$", "a{,5}", "a", "aaaaa");
both("^a{,}$", "a{,}");
both("^a{ 2}$", "a{ 2}");
both("^x{a}$", "x{a}");
both("^{a}$", "{a}");
both("^a{2}$", "aa", "a", "a{2}");
both("^a{0}$", "", "a");
both("^a{0,0}b$", "b", "ab");
both("^a{2,}?$", "aa", "a", "aaaa");
both("^(?:a{2}){2}$", "aaaa", "aa");
plain("a{99999999999}", "a");
plain("^a{0,99999999999}$", "aaa", "b");
plain("a{99999999999,99999999998}", "a");
plain("(?:){2147483647}", "");
invalid("a{5,2}", "{1}", "{1,}a", "{1,2}", "a|{1}", "({2})", "a{1}{2}", "^{1}", "*", "+a", "?", "(*)", "a|*", "(", ")", "a)", "(?", "(?:", "(?=", "\\", "a\\", "[", "[a", "[\\", "[^", "[]", "[z-a]", "/???***[)", "(?<=a)*", "(?<!a)+", "(?<=a){2}", "\\B+", "[b-\\x61]", "[\\d", "(?a)", "(?<", "(?<a)");

// Classes.
both("[^]", "\n", "a", "");
both("[]", "a", "");
both("a[]|b", "b", "a");
both("^[^]+$", "a\nb", "");
both("^[a&&b]$", "a", "&", "b");
both("^[a--b]$", "-", "a", "b");
both("^[a~~b]$", "~", "a");
both("[[a]b]", "ab]", "[b]", "b");
both("^[[a]$", "[", "a");
both("[[:alpha:]]", "a", ":]", "a]", "x]");
both("^[\\w-.]$", "-", ".", "a", "/");
both("^[a-\\d]$", "-", "5", "b", "a");
both("^[\\d-z]$", "-", "z", "5", "a");
both("^[\\s-\\d]$", "-", " ", "1");
both("^[a-]$", "-", "a");
both("^[-a]$", "-", "a");
both("^[--a]$", "-", "a", "A", "0");
both("^[^-a]$", "-", "b");
both("^[]a]$", "a]", "a");
both("^[\\]a]$", "]", "a");
both("^[\\b]$", "\b", "b");
both("^[\\b-\\n]$", "\t", "\n", "-");
both("^[\\B]$", "B", "b");
both("^[.*+?^${}()|]$", ".", "*", "|", "a", "^");
both("^[^^]$", "^", "a");
both("^[A-z]$", "_", "a", "Z", "@");
both("[^\\d]", "٣", "1");
both("^[\\W\\w]$", "\n", "é");
both("^[^\\W]$", "a", "é");
both("^[é-ÿ]$", "ê", "Ê", "÷", "Ÿ");
both("^[\\0-\\x1f]$", "\x1f", " ");

// Quantified look-ahead, which only web compatibility allows; iterations that consume nothing.
both("(?=a)*b", "b", "ab");
both("(?=a)+b", "b", "ab");
both("(?=a){2}a", "a", "b");
both("(?!a){0}a", "a");
both("(?=(a))?\\1b", "b", "ab");
plain("(a*)*", "b", "aa");
plain("^(?:a?)*$", "aaa", "b");
plain("^(?:a*)+$", "aaa", "b", "");
plain("^(?:|a)+$", "a", "aa", "b");
plain("^(?:a|ab)(?:c|bcd)(?:d*)$", "abcd", "abcdd", "abd");
plain("^(a?){3}$", "", "aaa", "aaaa");
plain("^(?:(a*)(b*))*?c\\2$", "abc", "abcb", "bbcbb");
plain("(?=(?:a*)*b)", "aab", "aac");
plain("(?=(?:(?:a*)*)*c)a*b", "aab", "aabc");
plain("(?:(?=(?:a|b*)*c)a|b)+c", "abac", "abab");

// Code units: an emoji is two of them.
both("^.$", "😀", "é");
both("^..$", "😀", "éé");
both("[😀]", "😀", "😁", "🤀");
both("^[^a]$", "😀", "b");
both("^[^a]{2}$", "😀");
both("\\uD83D", "😀", "a");
both("^[\\uD83D][\\uDE00]$", "😀");
both("[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]", "😀", "a");
both("^😀+$", "😀😀", "😀", "😀\ude00".toWellFormed());
both("^😀{2}$", "😀😀", "😀");
both("^(?:😀){2}$", "😀😀");
both("^\\W\\W$", "😀");
both("(?<=\\ud83d)\\ude00", "😀", "😁");
both("(?=😀)..$", "😀");
both("^\\S{2}\\s$", "😀 ", "a ");
both("a😀b", "a😀b", "A😀B");

// The `i` flag.
folded("k", "K", "\u212a");
folded("\u212a", "k", "\u212a");
folded("s", "S", "\u017f");
folded("\u017f", "s", "\u017f");
folded("[^s]", "\u017f", "S");
folded("[^\u017f]", "s", "\u017f");
folded("ß", "ẞ", "SS", "ß");
folded("ẞ", "ß", "ẞ");
folded("å", "\u212b", "Å");
folded("\u212b", "å", "Å");
folded("σ", "ς", "Σ", "s");
folded("ς", "σ", "Σ");
folded("[ς]", "σ");
folded("[^ς]", "σ", "Σ", "s");
folded("[α-ω]", "Σ", "Ω", "ά");
folded("θ", "ϴ", "ϑ", "Θ");
folded("ω", "\u2126", "Ω");
folded("µ", "μ", "Μ", "µ");
folded("İ", "i", "i̇", "İ");
folded("ı", "I", "i", "ı");
folded("i", "İ", "ı", "I");
folded("é", "É", "e");
folded("я", "Я");
folded("ǆ", "ǅ", "Ǆ");
folded("ǅ", "ǆ", "Ǆ");
folded("ÿ", "Ÿ");
folded("ŉ", "ʼN", "ŉ");
folded("ᏸ", "Ᏸ");
folded("ꭰ", "Ꭰ");
folded("ა", "Ა");
folded("ꙋ", "ᲈ", "Ꙋ");
folded("𐐨", "𐐀", "𐐨");
folded("[\\w]", "\u017f", "\u212a");
folded("[^\\W]", "\u017f", "k");
folded("[A-Z]", "k", "\u212a", "ı");
folded("^[a-c]$", "B", "d");
folded("^[_-a]$", "A", "`", "Z");
folded("^\\x61$", "A");
folded("İstanbul", "İSTANBUL", "istanbul");
folded("straße", "STRASSE", "STRAßE");

// Nesting and size.
plain("(".repeat(210) + "a" + ")".repeat(210), "a", "b");
plain("(?:".repeat(210) + "a" + ")*".repeat(210) + "$", "aaa");
plain("(?=".repeat(210) + "a" + ")".repeat(210), "a", "b");
plain("^(\\w{1,500}){1,500}$", "abc", "a-b");
plain("(?:a?){30}a{30}", "a".repeat(30), "a".repeat(29));
plain("x{1000}", "x".repeat(1000), "x".repeat(999));
plain("(?=x{300}$)x", "x".repeat(300), "x".repeat(299));
plain("^(?:(?:a{0,20}){0,20}){0,20}$", "aaaa", "ab");

// Patterns as they are found in payloads, and those that a step limit alone would give up on.
const phone =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";
const desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
const robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const address = "https://shop.eu.example.com/en-US/users/item-42/cart?utm_source=mail&page=2#top";
folded(".*?.*?OS (\\d+)_(\\d+)(?! )", phone, desktop);
both(".*?(?!.*Chrome)(?!.*Chrome)bot|crawler|spider.*?", phone, desktop, robot);
plain("(?:(?!.*admin)(?<host>[^/:]+))*$", address, address + "/admin");
both("bot|crawler|spider|slurp", phone, robot, "Yahoo! SLURP");
both("@(example|acme)\\.com$", "ada@acme.com", "Ada@EXAMPLE.com", "ada@acme.com.evil.org", "ada@acmeXcom");
both("^admin", "admin", "Administrator", "my-admin");
both("\\.internal@", "build.internal@x", "internal@x");
both("^/pricing(/.*)?$", "/pricing", "/pricing/eu", "/pricings", "/pricing/a\nb");
both("^(?!.*(internal|staging)).*\\.example\\.com$", "www.example.com", "staging.example.com", "example.com");
both("^.+@example\\.com$", "a@example.com", "@example.com", "\n@example.com", "😀@Example.com");
both("^.*\\.(jpe?g|png)$", "a.jpg", "A.PNG", "a.gif", "a\n.jpg");
both("^https?://(www\\.)?example\\.com/.*$", "https://example.com/", "http://www.example.com/a?b", "https://example.com");
both("foo.*bar", "foo bar", "foo\nbar", "x\nfoo-bar\ny", "bar foo", "foo\u2028bar");
both("foo.+bar$", "foobar", "foo-bar", "foo-bar\n", "foo\nfoo.bar");
both("^(?:beta|alpha|gamma)$", "beta", "ALPHA", "betas");
both("^v?(\\d+)\\.(\\d+)\\.(\\d+)(?:-([\\w.]+))?$", "v1.20.3-rc.1", "1.2", "V10.0.0");
both("^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}$", "192.168.0.1", "256.1.1.1", "1.2.3.");
both("^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$", "ada+test@example.co.uk", "ada@", "émile@example.com");
both("(a+)+$", "aaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaa!");
both("^(?=(a+)+$)", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa!");

const curated = rows.length;
const random = generator(20);
for (const [kind, count] of [["grammar", 1300], ["nested", 400], ["realistic", 300]]) rows.push(...samples(random, kind, count));
fs.writeFileSync(process.argv[2], rows.map((row) => JSON.stringify(row) + "\n").join(""));
console.log(`${curated} curated rows, ${rows.length - curated} random ones`);
