// GrowthBook's own evaluation, as its proxy serves it.
// node proxy_eval.cjs <folder of npm packages> <file of payloads by client key>
// Says its port, and ends when nobody holds its standard input any more.

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const [packages, file] = process.argv.slice(2);
const { evaluateFeatures } = require(path.join(packages, "@growthbook", "proxy-eval"));
const payloads = JSON.parse(fs.readFileSync(file, "utf8"));

const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

async function answer(request, text) {
  const key = /^\/api\/eval\/([^/?]+)$/.exec(request.url)?.[1];
  const payload = payloads[key];
  if (request.method !== "POST" || !payload) return [404, { status: 404 }];
  const { attributes, forcedFeatures, forcedVariations, url } = JSON.parse(text);
  const isSound =
    isMap(attributes) && Array.isArray(forcedFeatures) && isMap(forcedVariations) && typeof url === "string";
  if (!isSound) return [400, { status: 400, error: "Invalid input" }];
  const forced = new Map(forcedFeatures);
  return [200, await evaluateFeatures({ payload, attributes, forcedFeatures: forced, forcedVariations, url })];
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", async () => {
    const [status, body] = await answer(request, Buffer.concat(pieces).toString("utf8")).catch((error) => [
      500,
      { status: 500, error: String(error) },
    ]);
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(body));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit());
process.stdin.resume();
