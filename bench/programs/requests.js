// One Node process that has 64 requests under way at any time, to a server process of its own that answers each after 50 ms.
// Speaks as the program `load` does: "ready", then a line with a number of requests in, a line of figures out.
const http = require("http");
const { fork } = require("child_process");

const UNDER_WAY = 64;
const ANSWER_AFTER_MS = 50;

if (process.argv[2] === "server") {
  const server = http.createServer((_, response) => setTimeout(() => response.end("x"), ANSWER_AFTER_MS));
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.on("disconnect", () => process.exit());
} else {
  const child = fork(__filename, ["server"]);
  child.on("message", (port) => listen(port));
}

function listen(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: UNDER_WAY });
  const request = () =>
    new Promise((done, failed) => {
      const options = { agent, port, host: "127.0.0.1" };
      http.get(options, (response) => response.resume().on("end", done)).on("error", failed);
    });
  console.log("ready");
  require("readline")
    .createInterface({ input: process.stdin })
    .on("line", async (line) => {
      let left = Number(line);
      const [before, began] = [process.cpuUsage(), process.hrtime.bigint()];
      const worker = async () => {
        while (left-- > 0) await request();
      };
      await Promise.all(Array.from({ length: UNDER_WAY }, worker));
      const wall = process.hrtime.bigint() - began;
      const cpu = process.cpuUsage(before);
      console.log(`${line} ${wall} ${(cpu.user + cpu.system) * 1000} 0`);
    })
    .on("close", () => process.exit());
}
