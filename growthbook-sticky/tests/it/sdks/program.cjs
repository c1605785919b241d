// The SDK for JavaScript, with its own store in Redis, or with one like it in a SQLite file: `program.cjs <redis|sqlite> <place>`.
// Reads requests from stdin, each a line of JSON, and answers likewise.
"use strict";

const { GrowthBook, RedisStickyBucketService, StickyBucketServiceSync } = require("@growthbook/growthbook");

function redisService(url) {
  const Redis = require("ioredis");
  const redis = new Redis(url);
  const service = new RedisStickyBucketService({ redis });
  // The SDK waits for no write; the server does what comes over one connection in order.
  return { service, settled: () => redis.ping(), close: () => redis.quit() };
}

function sqliteService(path) {
  const { DatabaseSync } = require("@photostructure/sqlite");
  const database = new DatabaseSync(path, { timeout: 20000 });
  database.exec(`
    CREATE TABLE IF NOT EXISTS sticky_buckets (
      attribute_name TEXT,
      attribute_value TEXT,
      assignments TEXT,
      PRIMARY KEY (attribute_name, attribute_value)
    )`);
  class SqliteStickyBucketService extends StickyBucketServiceSync {
    getAssignmentsSync(attributeName, attributeValue) {
      const row = database
        .prepare("SELECT assignments FROM sticky_buckets WHERE attribute_name = ? AND attribute_value = ?")
        .get(attributeName, attributeValue);
      return row ? { attributeName, attributeValue, assignments: JSON.parse(row.assignments) } : null;
    }

    saveAssignmentsSync(doc) {
      database
        .prepare("INSERT OR REPLACE INTO sticky_buckets VALUES (?, ?, ?)")
        .run(doc.attributeName, doc.attributeValue, JSON.stringify(doc.assignments));
    }
  }
  return { service: new SqliteStickyBucketService(), settled: () => {}, close: () => database.close() };
}

function told(value, result) {
  const isIn = Boolean(result && result.inExperiment);
  return { value, variation: isIn ? result.key : null, sticky: isIn && result.stickyBucketUsed };
}

async function evaluate(store, { attributes, features, experiments }) {
  const growthbook = new GrowthBook({ attributes, stickyBucketService: store.service });
  await growthbook.init({ payload: { features } });
  const answers = { features: {}, experiments: {} };
  for (const key of Object.keys(features)) {
    const { value, experimentResult } = growthbook.evalFeature(key);
    answers.features[key] = told(value, experimentResult);
  }
  for (const experiment of experiments) {
    const result = growthbook.run(experiment);
    answers.experiments[experiment.key] = told(result.value, result);
  }
  await store.settled();
  growthbook.destroy();
  return answers;
}

async function answer(store, request) {
  switch (request.do) {
    case "evaluate":
      return evaluate(store, request);
    case "document": {
      const { name, value } = request;
      const documents = await store.service.getAllAssignments({ [name]: value });
      return documents[`${name}||${value}`] || null;
    }
    case "save": {
      const { name, value, assignments } = request;
      await store.service.saveAssignments({ attributeName: name, attributeValue: value, assignments });
      return null;
    }
    default:
      throw new Error(`cannot ${request.do}`);
  }
}

async function main() {
  const [kind, place] = process.argv.slice(2);
  const store = kind === "redis" ? redisService(place) : sqliteService(place);
  process.stdin.setEncoding("utf8");
  let unread = "";
  for await (const chunk of process.stdin) {
    // By hand: readline takes U+2028 for the end of a line too.
    const lines = (unread + chunk).split("\n");
    unread = lines.pop();
    for (const line of lines) {
      process.stdout.write(`${JSON.stringify(await answer(store, JSON.parse(line)))}\n`);
    }
  }
  await store.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
