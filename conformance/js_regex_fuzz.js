// Records what Node answers for random regular expressions:
//
//   node conformance/js_regex_fuzz.js <seed> <count> <out.jsonl>
//
// Each line is [pattern, flags, text, true | false | "error"]. Then compare:
//
//   cargo run --release -p growthbook-core --example js_regex_differential -- <out.jsonl>

"use strict";

const fs = require("node:fs");
const { generator, samples } = require("./js_regex_random.js");

const [seed, count, path] = process.argv.slice(2);
if (!path) {
  console.error("usage: node js_regex_fuzz.js <seed> <count> <out.jsonl>");
  process.exit(2);
}
const random = generator(Number(seed));
const total = Number(count);
const nested = Math.floor(total / 5);
const realistic = Math.floor(total / 5);
const out = fs.openSync(path, "w");
for (const [kind, share] of [["grammar", total - nested - realistic], ["nested", nested], ["realistic", realistic]]) {
  let lines = "";
  for (const row of samples(random, kind, share)) lines += JSON.stringify(row) + "\n";
  fs.writeSync(out, lines);
}
fs.closeSync(out);
