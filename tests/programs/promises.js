// Async functions of one process that fetch from one server and post to another, past what the settings say.
'use strict';
const { execSync } = require('child_process');
const crypto = require('crypto');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const { Worker, isMainThread, workerData } = require('worker_threads');

const [FETCH, TRANSFORM, WRITE, OTHER] = [1n, 2n, 3n, 4n];

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

// Lets so many through at a time, in the order in which they come.
class Gate {
  constructor(slots) {
    this.free = slots;
    this.waiting = [];
  }

  async enter() {
    if (this.free > 0) this.free -= 1;
    else await new Promise((done) => this.waiting.push(done));
  }

  leave() {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}

const gate = number('slots') ? new Gate(number('slots')) : undefined;

// A connection to PostgreSQL for all workers, or for each its own.
const databases = [];
const isHot = number('hot') > 0;

async function openDatabases() {
  const { Client } = require('pg');
  const [host, port] = settings.get('output').split(':');
  for (let left = isHot ? workers : 1; left > 0; left -= 1) {
    const database = new Client({ host, port: Number(port), user: 'zoo', database: 'postgres' });
    await database.connect();
    databases.push(database);
  }
}

const INSERT = 'INSERT INTO blocks SELECT $1 FROM pg_sleep($2)';

// The row that all change is locked until the end.
async function transact(database, body) {
  await database.query('BEGIN');
  await database.query('UPDATE totals SET n = n + 1 WHERE id = 1');
  await database.query(INSERT, [body, number('insert_us') / 1e6]);
  await database.query('COMMIT');
}

async function appendBlock(worker, body) {
  if (gate) await gate.enter();
  try {
    if (isHot) await transact(databases[worker], body);
    else if (databases.length) await databases[0].query(INSERT, [body, number('insert_us') / 1e6]);
    else await ask('output', output, 'POST', body);
  } finally {
    if (gate) gate.leave();
  }
}

// Waits for the next of evenly spaced moments.
let next = 0;

async function throttle() {
  const now = performance.now();
  const mine = Math.max(now, next);
  next = mine + number('spacing_us') / 1000;
  if (mine > now) await sleep(mine - now);
}

const stalled = new Int32Array(new SharedArrayBuffer(4));

async function work(worker) {
  await sleep((number('stagger_us') * worker) / 1000);
  const filler = 'r'.repeat(number('bytes'));
  let turn = 0;
  enter(worker, FETCH);
  for (;;) {
    const rows = await ask('input', input, 'GET');
    enter(worker, TRANSFORM);
    if (number('exec_us')) execSync(`sleep ${number('exec_us') / 1e6}`);
    if (number('stalled_us')) Atomics.wait(stalled, 0, 0, number('stalled_us') / 1000);
    const body = digest(rows) + filler;
    if (settings.has('names')) {
      enter(worker, FETCH);
      turn += 1;
      await dns.promises.lookup(`rows${turn}.of${worker}.example`, 4);
    }
    if (number('spacing_us')) {
      enter(worker, OTHER);
      await throttle();
    }
    enter(worker, WRITE);
    await appendBlock(worker, body);
    enter(worker, FETCH, 1n);
  }
}

async function main() {
  if (number('insert_us')) await openDatabases();
  for (let worker = 0; worker < workers; worker += 1) work(worker);
}

if (isMainThread) {
  new Worker(__filename, { workerData: books.buffer });
  setTimeout(() => process.exit(0), 1000 * number('seconds'));
  main();
}
