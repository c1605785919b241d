// The JavaScript SDK's store, over a client that can do no more than it needs.
// node javascript.cjs <folder of the SDK> <port> save|load <attribute value> [assignments]

const net = require("node:net");
const { RedisStickyBucketService } = require(process.argv[2]);
const [port, operation, attributeValue, assignments] = process.argv.slice(3);

const send = (...words) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), "127.0.0.1");
    let answer = Buffer.alloc(0);
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      const parsed = parse(answer, 0);
      if (parsed) {
        socket.end();
        resolve(parsed[0]);
      }
    });
    const bulk = (word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    socket.write(`*${words.length}\r\n${words.map(bulk).join("")}`);
  });

// A value and where it ends, or nothing if it is not whole.
function parse(bytes, at) {
  const end = bytes.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, end);
  const length = Number(line);
  switch (String.fromCharCode(bytes[at])) {
    case "$": {
      if (length < 0) return [null, end + 2];
      const last = end + 2 + length;
      return bytes.length < last + 2 ? undefined : [bytes.toString("utf8", end + 2, last), last + 2];
    }
    case "*": {
      const values = [];
      let next = end + 2;
      for (let count = 0; count < length; count++) {
        const parsed = parse(bytes, next);
        if (!parsed) return undefined;
        values.push(parsed[0]);
        next = parsed[1];
      }
      return [values, next];
    }
    default:
      return [line, end + 2];
  }
}

const redis = {
  get: (key) => send("GET", key),
  mget: (...keys) => send("MGET", ...keys),
  set: (key, value) => send("SET", key, value),
};

(async () => {
  const service = new RedisStickyBucketService({ redis });
  if (operation === "save") {
    await service.saveAssignments({ attributeName: "id", attributeValue, assignments: JSON.parse(assignments) });
  } else {
    console.log(JSON.stringify(await service.getAllAssignments({ id: attributeValue, deviceId: "nobody" })));
  }
})();
