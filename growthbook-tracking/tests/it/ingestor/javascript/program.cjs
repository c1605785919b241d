// The SDK for JavaScript, and its plugin that sends events to a server of the test's.
// node program.cjs <scenario> <address of the server>

const { readFileSync } = require("node:fs");
const { GrowthBookClient } = require("@growthbook/growthbook");
const { growthbookTrackingPlugin } = require("@growthbook/growthbook/plugins");

const [scenario, ingestorHost] = process.argv.slice(2);
const { payload, users } = JSON.parse(readFileSync(scenario, "utf8"));

const client = new GrowthBookClient({
  clientKey: "sdk-abc123",
  plugins: [growthbookTrackingPlugin({ ingestorHost })],
}).initSync({ payload });

for (const { attributes, url, forced, evaluate, log } of users) {
  const user = { attributes, url, forcedFeatureValues: new Map(Object.entries(forced || {})) };
  for (const feature of evaluate) client.evalFeature(feature, user);
  for (const [name, properties] of log) client.logEvent(name, properties, user);
}
