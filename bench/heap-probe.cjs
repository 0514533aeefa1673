/** Loaded into a process that is measured: answers, at 127.0.0.1 and the port of HEAP_PROBE_PORT, what it holds after a collection. */
const { createServer } = require('node:http');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const { isMainThread } = require('node:worker_threads');

const port = Number(process.env.HEAP_PROBE_PORT);
if (isMainThread && port > 0) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const server = createServer((_, response) => {
    for (let round = 0; round < 3; round += 1) collect();
    const { heapUsed, external } = process.memoryUsage();
    response.end(JSON.stringify({ bytes: heapUsed + external }));
  });
  server.listen(port, '127.0.0.1');
  server.unref();
}
