// 64 async workers of one process: fetch over GraphQL, insert into a database that takes one insert at a time; or, fixed, hand rows to a
// buffer that is inserted in one go. Arguments: books, input, output, workers, and "fixed" or nothing.
'use strict';
const fs = require('fs');
const http = require('http');
const { Worker, isMainThread, workerData } = require('worker_threads');

const [, , file, input, output, count, fixed] = process.argv;
const [FETCH, TRANSFORM, WRITE] = [1n, 2n, 3n];
const SLOT = 16;

// The workload's own clocks, for `holdup demo` to hold the report against. Node maps no files, so that another thread copies them out.
function copyBooks(shared) {
  const out = fs.openSync(file, 'r+');
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(clock, 0, 0, 5);
    for (let at = SLOT; at < shared.length; at += SLOT) {
      let slot, before;
      do {
        before = Atomics.load(shared, at);
        slot = shared.slice(at, at + SLOT);
      } while (before % 2n === 1n || before !== Atomics.load(shared, at));
      fs.writeSync(out, new Uint8Array(slot.buffer), 0, 8 * SLOT, 8 * at);
    }
  }
}

if (!isMainThread) copyBooks(new BigUint64Array(workerData));

const workers = Number(count);
const books = new BigUint64Array(new SharedArrayBuffer(8 * SLOT * (workers + 1)));

function enter(worker, stage, items = 0n) {
  const slot = SLOT * (worker + 1);
  Atomics.add(books, slot, 1n);
  const now = process.hrtime.bigint();
  books[slot + 4 + Number(books[slot + 1])] += now - books[slot + 2];
  books[slot + 3] += items;
  books[slot + 1] = stage;
  books[slot + 2] = now;
  Atomics.add(books, slot, 1n);
}

const agent = new http.Agent({ keepAlive: true });

function post(address, path, body) {
  const [host, port] = address.split(':');
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((done, failed) => {
    const request = http.request({ agent, host, port, path, method: 'POST', headers }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('end', () => done(Buffer.concat(parts)));
    });
    request.on('error', failed);
    request.end(body);
  });
}

const QUERY = '{"query":"{ transfers(first: 16, after: $cursor) { id from to value } }"}';

async function fetchTransfers() {
  return JSON.parse(await post(input, '/graphql', QUERY)).data.transfers;
}

function transform(worker, rows) {
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return JSON.stringify({ worker, first: rows[0].id, rows: rows.length, total }) + '\n';
}

async function insert(rows) {
  await post(output, '/?query=INSERT%20INTO%20transfers%20FORMAT%20JSONEachRow', rows);
}

const pending = [];
let flushing = false;

async function flush() {
  if (flushing) return;
  flushing = true;
  while (pending.length) await insert(pending.splice(0).join(''));
  flushing = false;
}

async function backfill(worker) {
  enter(worker, FETCH);
  for (;;) {
    const rows = await fetchTransfers();
    enter(worker, TRANSFORM);
    const row = transform(worker, rows);
    enter(worker, WRITE);
    if (fixed) {
      pending.push(row);
      flush().catch(() => process.exit(1));
    } else {
      await insert(row);
    }
    enter(worker, FETCH, 1n);
  }
}

if (isMainThread) {
  new Worker(__filename, { argv: process.argv.slice(2), workerData: books.buffer });
  // Whoever started it holds the other end.
  process.stdin.resume().on('end', () => process.exit(0));
  for (let worker = 0; worker < workers; worker += 1) backfill(worker).catch(() => process.exit(1));
  console.log('ready');
}
