// The transcoder beside @bufbuild/protobuf: random messages of random schemas, JSON -> wire -> JSON.
//
//   node differential.mjs TESTEE       SEED=N makes other messages (SEED=random any), CASES=N more or fewer
//
// A message makes four cases, each one request to the testee:
//   read       one of the many texts of its ProtoJSON -> our wire, which the reference reads as that message
//   write      its wire, as the reference writes it -> our JSON, which is the reference's, and is read as that message
//   scrambled  its wire merged with another's, records in any order -> our JSON, again the reference's
//   damaged    its text with something changed: both refuse it, or both read the same
// What differs is made smaller by fast-check and printed with its type.
import { inspect, isDeepStrictEqual } from 'node:util';
import { damagedJson, scrambledWire } from './damage.mjs';
import { chance, pick } from './draw.mjs';
import { fc, protobuf } from './packages.mjs';
import { drawSchema } from './schemas.mjs';
import { spell, write } from './spelling.mjs';
import { Testee, readRequest, writeRequest } from './testee.mjs';
import { drawMessage } from './values.mjs';
import { isDecided } from './decided.mjs';

const KINDS = ['read', 'write', 'scrambled', 'damaged'];
const CASES = Number(process.env.CASES ?? 100_000);
const SEED = process.env.SEED === 'random' ? Math.floor(Math.random() * 0x7fffffff) : Number(process.env.SEED ?? 4);
const MESSAGES_A_SCHEMA = 100;
const SHOWN_CHARACTERS = 2000;
const SHRINK_MS = Number(process.env.SHRINK_MS ?? 10_000);

function drawOptions(draw) {
  const names = ['alwaysEmitImplicit', 'useProtoFieldName', 'enumAsInteger'];
  return Object.fromEntries(names.map((name) => [name, chance(draw, 4)]));
}

// Draws a message and the request of each kind about it.
function drawCases(draw, schema) {
  const { registry } = schema;
  const type = pick(draw, schema.types);
  const context = { anyTypes: schema.anyTypes };
  const message = drawMessage(draw, type, context);
  const json = protobuf.toJson(type, message, { registry });
  const wire = protobuf.toBinary(type, message);
  const options = drawOptions(draw);
  const ignoreUnknownFields = chance(draw, 4);
  // One type's bytes under another type's name are not a message, so only one side has something in its Anys.
  const other = protobuf.toBinary(type, drawMessage(draw, type, { anyTypes: [] }));
  const scrambled = scrambledWire(draw, type, wire, other);
  const text = write(draw, spell(draw, type, json, registry));
  const damaged = damagedJson(draw, json);
  const base = { type, registry };
  return [
    { ...base, kind: 'read', input: text, options: {}, json },
    { ...base, kind: 'write', input: wire, options },
    { ...base, kind: 'scrambled', input: scrambled, options },
    { ...base, kind: 'damaged', input: damaged, options: { ignoreUnknownFields } },
  ];
}

function requestOf({ kind, type, input, options }) {
  const make = kind === 'read' || kind === 'damaged' ? readRequest : writeRequest;
  return make(type.typeName, input, options);
}

// What both sides made of something: {value} or {error}.
function attempt(work) {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error.message };
  }
}

// Numbers count as equal when they are the same float: which text says a float is a matter of taste. That the text is
// read as the right number is what reading it back tests.
function isSameJson(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return Object.is(Math.fround(a), Math.fround(b));
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]));
}

const read = ({ type, registry }, wire) => protobuf.toJson(type, protobuf.fromBinary(type, wire), { registry });

function parse(test, text) {
  const { type, registry, options } = test;
  // Through the wire: in memory the reference keeps floats as doubles, and required fields are checked on the way out.
  const message = protobuf.fromJsonString(type, text, { registry, ...options });
  return read(test, protobuf.toBinary(type, message));
}

// Both refuse, or both have the same; returns what differs or null.
function compare(ours, theirs) {
  if (ours.error !== undefined && theirs.error !== undefined) return null;
  return isDeepStrictEqual(ours.value, theirs.value) && ours.error === theirs.error ? null : { ours, theirs };
}

function judgeReading(test, answer) {
  const ours = answer.ok ? attempt(() => read(test, answer.bytes)) : { error: String(answer.bytes) };
  return compare(ours, test.kind === 'read' ? { value: test.json } : attempt(() => parse(test, test.input)));
}

function judgeWriting(test, answer) {
  const { type, registry, options, input } = test;
  const message = protobuf.fromBinary(type, input);
  const theirs = attempt(() => protobuf.toJson(type, message, { registry, ...options }));
  if (!answer.ok || theirs.error !== undefined) {
    return compare(answer.ok ? { value: String(answer.bytes) } : { error: String(answer.bytes) }, theirs);
  }
  const ours = attempt(() => JSON.parse(answer.bytes));
  if (!isSameJson(ours.value, theirs.value)) return { ours, theirs };
  const readBack = attempt(() => parse({ ...test, options: {} }, String(answer.bytes)));
  return compare(readBack, attempt(() => read(test, input)));
}

function judge(test, answer) {
  const difference =
    test.kind === 'read' || test.kind === 'damaged' ? judgeReading(test, answer) : judgeWriting(test, answer);
  return difference !== null && isDecided(test.options, difference) ? null : difference;
}

function describeType(desc) {
  return desc.fields.map((field) => `    ${field} = ${field.number} json ${JSON.stringify(field.jsonName)}`).join('\n');
}

function report(test, { ours, theirs }) {
  const cut = (text) => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text);
  const input = cut(typeof test.input === 'string' ? test.input : Buffer.from(test.input).toString('hex'));
  const show = (value) => cut(inspect(value, { depth: 20, breakLength: 110 }));
  return `${test.kind} ${test.type.typeName} ${JSON.stringify(test.options)}
  ours:   ${show(ours)}
  theirs: ${show(theirs)}
  input:  ${input}
  fields:\n${describeType(test.type)}`;
}

// Looks for a smaller message that differs in the same kind of case, and throws with it.
async function shrink(testee, schema, seed, index, kind) {
  let last = '';
  const property = fc.asyncProperty(fc.gen(), async (draw) => {
    const test = drawCases(draw, schema)[KINDS.indexOf(kind)];
    const difference = judge(test, await testee.ask(requestOf(test)));
    if (difference === null) return true;
    last = report(test, difference);
    return false;
  });
  await fc.check(property, { seed, path: String(index), numRuns: 1, interruptAfterTimeLimit: SHRINK_MS });
  throw new Error(last);
}

async function runSchema(testee, schema, seed, counts) {
  await testee.load(schema.set);
  const draws = fc.sample(fc.gen(), { seed, numRuns: MESSAGES_A_SCHEMA });
  const tests = draws.map((draw) => drawCases(draw, schema));
  const answers = await testee.askAll(tests.flat().map(requestOf));
  for (const [i, test] of tests.flat().entries()) {
    const difference = judge(test, answers[i]);
    if (difference !== null) await shrink(testee, schema, seed, Math.floor(i / KINDS.length), test.kind);
    counts[test.kind]++;
    counts.refused += answers[i].ok ? 0 : 1;
  }
}

async function main() {
  console.log(`SEED=${SEED} CASES=${CASES}`);
  const testee = new Testee(process.argv[2]);
  const counts = { read: 0, write: 0, scrambled: 0, damaged: 0, refused: 0 };
  const schemas = fc.sample(fc.gen(), { seed: SEED, numRuns: Math.ceil(CASES / MESSAGES_A_SCHEMA / KINDS.length) });
  for (const [i, draw] of schemas.entries()) {
    const schema = drawSchema(draw);
    schema.anyTypes = [...schema.types, schema.registry.getMessage('google.protobuf.Duration')];
    try {
      await runSchema(testee, schema, SEED + i, counts);
    } catch (error) {
      throw new Error(`schema ${i} of SEED=${SEED}: ${error.message}`);
    }
  }
  if ((await testee.close()) !== 0) throw new Error('the testee did not end well');
  console.log(`${schemas.length} schemas, cases: ${inspect(counts)}`);
}

await main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
