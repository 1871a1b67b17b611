// Async functions of one process that fetch from one server and post to another, past what the settings say.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { Worker, isMainThread, workerData } = require('worker_threads');

const [FETCH, TRANSFORM, WRITE] = [1n, 2n, 3n];

if (!isMainThread) {
  // Node maps no files: the books are copied to theirs some hundred times a second, beside the work.
  const shared = new BigUint64Array(workerData);
  const file = fs.openSync('books', 'r+');
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(clock, 0, 0, 4);
    for (let at = 16; at < shared.length; at += 16) {
      let page, before;
      do {
        before = Atomics.load(shared, at);
        page = shared.slice(at, at + 16);
      } while (before % 2n === 1n || before !== Atomics.load(shared, at));
      fs.writeSync(file, new Uint8Array(page.buffer), 0, 128, 8 * at);
    }
  }
}

const settings = new Map(
  fs.readFileSync('settings', 'utf8').trim().split('\n').map((line) => {
    const at = line.indexOf(' ');
    return [line.slice(0, at), line.slice(at + 1)];
  }),
);
const number = (name) => Number(settings.get(name) || 0);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const workers = number('workers');
const books = new BigUint64Array(new SharedArrayBuffer(128 * (workers + 1)));

function enter(worker, stage, items = 0n) {
  const page = 16 * (worker + 1);
  Atomics.add(books, page, 1n);
  const now = process.hrtime.bigint();
  books[page + 4 + Number(books[page + 1])] += now - books[page + 2];
  books[page + 3] += items;
  books[page + 1] = stage;
  books[page + 2] = now;
  Atomics.add(books, page, 1n);
}

const few = number('connections');
const input = new http.Agent({ keepAlive: true });
const output = new http.Agent({ keepAlive: true, ...(few ? { maxSockets: few } : {}) });

function ask(role, agent, method, body = '') {
  const [host, port] = settings.get(role).split(':');
  const headers = { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((done, failed) => {
    const request = http.request({ host, port, agent, method, path: '/rows', headers }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('end', () => done(Buffer.concat(parts)));
    });
    request.on('error', failed);
    request.end(body);
  });
}

function digest(rows) {
  for (let round = 0; round < number('rounds'); round += 1) {
    rows = crypto.createHash('sha256').update(rows).digest();
  }
  return rows.toString('hex');
}

const stalled = new Int32Array(new SharedArrayBuffer(4));

async function work(worker) {
  await sleep((number('stagger_us') * worker) / 1000);
  const filler = 'r'.repeat(number('bytes'));
  enter(worker, FETCH);
  for (;;) {
    const rows = await ask('input', input, 'GET');
    if (number('stalled_us')) Atomics.wait(stalled, 0, 0, number('stalled_us') / 1000);
    enter(worker, TRANSFORM);
    const body = digest(rows) + filler;
    enter(worker, WRITE);
    await ask('output', output, 'POST', body);
    enter(worker, FETCH, 1n);
  }
}

if (isMainThread) {
  new Worker(__filename, { workerData: books.buffer });
  setTimeout(() => process.exit(0), 1000 * number('seconds'));
  for (let worker = 0; worker < workers; worker += 1) work(worker);
}
