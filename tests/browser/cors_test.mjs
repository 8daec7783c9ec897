// CORS as a browser does it: node cors_test.mjs PROGRAM
//
// Debian's Chromium, without a screen, opens pages of a server of their own and has them call `PROGRAM serve`, which is
// another origin to them. Each row says what a page must get to see: status, body and headers, or nothing at all. That
// what is refused was not done is asked of the program itself, around the browser. Prints a line a row.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const CHROMIUM = '/usr/bin/chromium';
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;
const PAGE_MS_MAX = 60_000;
const KEY_MS_MAX = 20_000;
const SAY_MS_MAX = 20_000; // until the console has what a page was refused for
const REFUSAL = /has been blocked by CORS policy/;

const program = process.argv[2];
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tollgate-browser-'));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- The servers ----

// Serves an empty page at every path; whoever asks by another name or address gets a page of another origin.
async function startPages() {
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>page</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

// Starts the program with `flags`; it does not outlive this process.
async function startProgram(name, flags) {
  const log = path.join(folder, `${name}.log`);
  const args = ['serve', '--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--store', `sqlite:${folder}/${name}.db`];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args, ...flags],
    { env: { ...process.env, TOLLGATE_ADMIN: '127.0.0.1:0' }, stdio: ['ignore', 'ignore', fs.openSync(log, 'w')] });
  for (const end = Date.now() + START_MS_MAX; Date.now() < end; await sleep(20)) {
    const said = fs.readFileSync(log, 'utf8');
    const addressOf = (protocol) => new RegExp(`address=(\\S+) protocol=${protocol}`).exec(said)?.[1];
    const [http, admin] = [addressOf('http'), addressOf('admin')];
    if (http && admin) return { child, log, url: `http://${http}`, admin: `http://${admin}` };
    if (child.exitCode !== null) break;
  }
  throw new Error(`the program does not listen:\n${fs.readFileSync(log, 'utf8')}`);
}

async function stopProgram({ child, log }) {
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  child.kill('SIGTERM');
  const code = await ended;
  clearTimeout(patience);
  assert.equal(code, 0, `the program ended with ${code}:\n${fs.readFileSync(log, 'utf8')}`);
}

// Runs a subcommand that manages keys or plans; gives what it prints.
function manage(api, ...args) {
  return JSON.parse(execFileSync(program, [...args, '--admin-url', api.admin, '--json'], { encoding: 'utf8' }));
}

// Makes a key in a plan of its own, with these limits; gives its value.
function makeKey(api, name, ...limits) {
  const plan = manage(api, 'plans', 'create', name, '--for-stage', '$default', ...limits);
  return manage(api, 'keys', 'create', name, '--plan', plan.id).value;
}

// Waits until the gateway knows the key, and so all that were made before.
async function waitForKey(api, key) {
  const call = () => fetch(`${api.url}/notes`, { headers: { 'x-api-key': key } });
  for (const end = Date.now() + KEY_MS_MAX; (await call()).status !== 200; await sleep(50)) {
    assert.ok(Date.now() < end, 'the gateway does not learn of a key');
  }
}

// ---- The browser ----

async function startBrowser() {
  assert.ok(fs.existsSync(CHROMIUM), `${CHROMIUM} is missing: install chromium`);
  const modules = execFileSync(path.join(here, '../npm_modules.sh'), [here], { encoding: 'utf8' }).trim();
  const { chromium } = createRequire(`${modules}/`)('playwright-core');
  return chromium.launch({
    executablePath: CHROMIUM,
    args: process.getuid() === 0 ? ['--no-sandbox'] : [], // as root Chromium's sandbox refuses to start
  });
}

// Runs in the page: what fetch() lets it see.
async function fetchInPage({ url, init }) {
  try {
    const response = await fetch(url, init);
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, body: await response.text() };
  } catch (error) {
    return { blocked: error.name };
  }
}

// Puts a sandboxed frame into the page, which has no origin of its own, and gives it.
async function openSandbox(page) {
  await page.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.src = '/';
    return new Promise((resolve) => {
      frame.onload = resolve;
      document.body.append(frame);
    });
  });
  return page.frames()[1];
}

// Gives a document of the origin, and what Chromium says of it on its console.
async function openDocument(browser, { site, sandboxed }) {
  const page = await browser.newPage();
  const console = [];
  page.setDefaultTimeout(PAGE_MS_MAX);
  page.on('console', (message) => console.push(message.text()));
  await page.goto(site);
  const frame = sandboxed ? await openSandbox(page) : page.mainFrame();
  assert.equal(await frame.evaluate(() => origin), sandboxed ? 'null' : site);
  return { page, frame, console };
}

// ---- The rows ----

const JSON_TYPE = { 'content-type': 'application/json' };
const KEY = { 'x-api-key': 'any' };
const BLOCKED = { blocked: 'TypeError' };
const error = (status, code, message, headers = {}) =>
  ({ status, body: JSON.stringify({ code, message, details: [] }), headers: { ...JSON_TYPE, ...headers } });
const write = (method, body, headers = {}) =>
  ({ method, body: JSON.stringify(body), headers: { ...JSON_TYPE, ...headers } });

// [name, page, path, what is given to fetch(), what the page sees]. Rows run in order.
const rows = [
  ['reads', 'app', '/users', {}, { status: 200, body: '{}', headers: JSON_TYPE }],
  ['writes, after a preflight', 'app', '/users', write('POST', { name: 'Ann' }), { status: 201, body: '{"id":0}' }],
  ['writes with a key', 'app', '/users', write('POST', { name: 'Bob' }, KEY), { status: 201, body: '{"id":1}' }],
  ['reads with a key', 'app', '/users/1', { headers: KEY }, { status: 200, body: '{"name":"Bob","books":[]}' }],
  ['reads a header of the service', 'app', '/users?page_size=1', {},
    { status: 200, headers: { 'x-next-page-token': /^.+$/ } }],
  ['sends metadata', 'app', '/users/1', { headers: { 'grpc-metadata-trace': '7' } }, { status: 200 }],
  ['deletes', 'app', '/users/1', { method: 'DELETE' }, { status: 200, body: '{"success":true}' }],
  ['asks for the methods', 'app', '/users', { method: 'OPTIONS' },
    { status: 204, body: '', headers: { allow: 'GET, HEAD, POST, OPTIONS' } }],
  ['sees a 400', 'app', '/users', write('POST', { name: 7 }),
    error(400, 3, 'body at byte 8, name: expected a string, found a number')],
  ["sees a service's 404", 'app', '/users/7', { headers: KEY }, error(404, 5, 'user 7 not found')],
  ['sees the 404 of a path', 'app', '/nothing', { method: 'DELETE', headers: KEY }, error(404, 5, 'Not Found')],
  ['sees a 405', 'app', '/users/0', write('POST', {}),
    error(405, 12, 'Method Not Allowed', { allow: 'GET, HEAD, DELETE, OPTIONS' })],
  ['sees a 413', 'app', '/users', { method: 'POST', body: 'x'.repeat(5 << 20) },
    error(413, 8, 'request body is larger than 4194304 bytes')],
  ['sees a 415', 'app', '/users', { method: 'POST', body: '{}' },
    error(415, 3, 'the body must be application/json in UTF-8, without a Content-Encoding')],
  ['sees a 504', 'app', '/users', { headers: { 'grpc-timeout': '0n' } }, error(504, 4, 'deadline exceeded')],
  ['may not use a method that the path has not', 'app', '/users', { method: 'DELETE' }, BLOCKED],
  ['may not send any header', 'app', '/users', { headers: { 'x-other': '1' } }, BLOCKED],
  ['may not call with credentials', 'app', '/users', { credentials: 'include' }, BLOCKED],
  ['a page of a named domain reads', 'wildcard', '/users/0', { headers: KEY }, { status: 200 }],
  ['another site may not read', 'evil', '/users/0', {}, BLOCKED],
  ['nor write', 'evil', '/users', write('POST', { name: 'Eve' }), BLOCKED],
  ['nor delete', 'evil', '/users/0', { method: 'DELETE' }, BLOCKED],
  ['nor see an error', 'evil', '/nothing', {}, BLOCKED],
  ['a page without an origin may not read', 'sandbox', '/users/0', {}, BLOCKED],
  ['what was blocked was not done', 'app', '/users', {}, { status: 200, body: '{"0":{"name":"Ann","books":[]}}' }],
];

const credentialRows = [
  ['calls with credentials', 'app', '/users', { credentials: 'include', headers: KEY }, { status: 200, body: '{}' }],
  ['sees their errors and headers', 'app', '/users/0', { ...write('PUT', {}), credentials: 'include', method: 'POST' },
    error(405, 12, 'Method Not Allowed', { allow: 'GET, HEAD, DELETE, OPTIONS' })],
  ['another site may not', 'evil', '/users', { credentials: 'include' }, BLOCKED],
];

const anyRows = [
  ['any page reads', 'evil', '/users', { headers: KEY }, { status: 200, body: '{}', headers: JSON_TYPE }],
  ['one without an origin, too', 'sandbox', '/users', { headers: KEY }, { status: 200, body: '{}' }],
  ['and sees errors', 'sandbox', '/users/7', {}, error(404, 5, 'user 7 not found')],
  ['but not with credentials', 'evil', '/users', { credentials: 'include' }, BLOCKED],
];

// Notes need a key. Each call with one is preceded by a preflight, which asks for none and spends nothing.
function keyRows({ throttled, metered }) {
  const refusal = (status, message, type, headers = {}) =>
    ({ status, body: JSON.stringify({ message }), headers: { ...JSON_TYPE, 'x-amzn-errortype': type, ...headers } });
  const forbidden = refusal(403, 'Forbidden', 'ForbiddenException');
  const tooMany = refusal(429, 'Too Many Requests', 'TooManyRequestsException', { 'retry-after': /^\d+$/ });
  const usedUp = refusal(429, 'Limit Exceeded', 'LimitExceededException',
    { 'retry-after': /^\d+$/, ratelimit: /r=0/, 'ratelimit-policy': /q=2/ });
  const none = { status: 200, body: '{"notes":[],"nextPageToken":""}' };
  return [
    ['sees the 403 without a key', 'app', '/notes', {}, forbidden],
    ['sees the 403 of an unknown key', 'app', '/notes', { headers: KEY }, forbidden],
    ['sees the 403 of a write', 'app', '/notes/1', write('PUT', { title: 'x' }, KEY), forbidden],
    ['reads with a key', 'app', '/notes', { headers: { 'x-api-key': throttled } }, none],
    ['sees the 429 of a limit', 'app', '/notes', { headers: { 'x-api-key': throttled } }, tooMany],
    ['reads what is left of a quota', 'app', '/notes', { headers: { 'x-api-key': metered } },
      { ...none, headers: { ratelimit: /r=1/ } }],
    ['writes with the rest of it', 'app', '/notes', write('POST', { title: 'Milk' }, { 'x-api-key': metered }),
      { status: 201, headers: { ratelimit: /r=0/ } }],
    ['sees the 429 of a quota', 'app', '/notes', { headers: { 'x-api-key': metered } }, usedUp],
    ['another site sees none of it', 'evil', '/notes', { headers: { 'x-api-key': metered } }, BLOCKED],
    ['nor the 403', 'evil', '/notes', {}, BLOCKED],
  ];
}

// Throws unless what was seen has all that is expected, and what is blocked is so for CORS.
function check(seen, said, expected) {
  const told = JSON.stringify({ seen, said }).slice(0, 2000);
  assert.equal(seen.blocked, expected.blocked, told);
  if (expected.blocked) assert.match(said.join('\n'), REFUSAL, told);
  assert.equal(seen.status, expected.status, told);
  if (expected.body !== undefined) assert.equal(seen.body, expected.body, told);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    assert.match(seen.headers[name] ?? 'missing', value instanceof RegExp ? value : new RegExp(`^${value}$`), told);
  }
}

const results = { ran: 0, failed: 0 };

async function runRow(document, url, init, expected) {
  document.console.length = 0;
  const seen = await document.frame.evaluate(fetchInPage, { url, init });
  const end = Date.now() + SAY_MS_MAX;
  while (seen.blocked && !REFUSAL.test(document.console.join('\n')) && Date.now() < end) await sleep(10);
  check(seen, document.console, expected);
}

// Runs a table, or what `table` makes of the program that it will run against.
async function runRows(title, browser, origins, flags, table) {
  const api = await startProgram(title, flags);
  if (typeof table === 'function') table = await table(api);
  const documents = {};
  for (const [name, page, target, init, expected] of table) {
    documents[page] ??= await openDocument(browser, origins[page]);
    results.ran++;
    try {
      await runRow(documents[page], api.url + target, init, expected);
      console.log(`ok      ${title}: ${name}`);
    } catch (failure) {
      results.failed++;
      console.log(`FAILED  ${title}: ${name}\n${failure.message}`);
    }
  }
  for (const { page } of Object.values(documents)) await page.close();
  await stopProgram(api);
}

// ---- The test ----

const begin = Date.now();
const browser = await startBrowser();
const pages = await startPages();
const { port } = pages.address();
const origins = {
  app: { site: `http://localhost:${port}` },
  wildcard: { site: `http://shop.localhost:${port}` },
  evil: { site: `http://127.0.0.1:${port}` },
  sandbox: { site: `http://localhost:${port}`, sandboxed: true },
};
const named = ['--cors-origin', origins.app.site, '--cors-origin', `http://*.localhost:${port}`];
await runRows('origins by name', browser, origins, named, rows);
await runRows('keys', browser, origins, named, async (api) => {
  const keys = {
    throttled: makeKey(api, 'throttled', '--rate', '0.001', '--burst', '1'),
    metered: makeKey(api, 'metered', '--quota', '2', '--period', 'month'),
  };
  await waitForKey(api, makeKey(api, 'free'));
  return keyRows(keys);
});
await runRows('credentials', browser, origins, [...named, '--cors-credentials'], credentialRows);
await runRows('any origin', browser, origins, ['--cors-origin', '*'], anyRows);
console.log(`with Chromium ${browser.version()}`);
await browser.close();
pages.closeAllConnections();
pages.close();
fs.rmSync(folder, { recursive: true });
console.log(`Ran ${results.ran} tests in ${(Date.now() - begin) / 1000} s`);
if (results.failed > 0) console.log(`FAILED (failures=${results.failed})`);
process.exitCode = results.failed === 0 && results.ran > 0 ? 0 : 1;
