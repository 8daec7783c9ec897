// Random damage: JSON and wire bytes that are wrong, or right in an unusual way; the reference decides which.
import { chance, nat, pick, shuffled } from './draw.mjs';
import { fc, protobuf, wire } from './packages.mjs';
import { Literal, write } from './spelling.mjs';

const { ScalarType } = protobuf;
const { WireType } = wire;


const NUMBERS = [
  '0', '-0', '1', '-1', '0.5', '1e2', '1e-2', '1.50', '1e400', '-1e400', '3.5e38', '4294967295', '4294967296',
  '-2147483648', '-2147483649', '2147483648', '9223372036854775807', '9223372036854775808', '-9223372036854775809',
  '18446744073709551615', '18446744073709551616', '0e999999999999', '1e19', '100000000000000000000e-2',
];
// The reference reads number tokens as doubles: past 2^53 it is no judge of integers.
const isExact = (text) => Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER || text.includes('e400');

const TEXTS = [
  '', ' ', 'a', 'true', 'false', 'null', 'NaN', 'nan', 'Infinity', '-Infinity', '+Infinity', 'inf', ' 1', '1 ', '1\n',
  '+1', '1.', '.5', '1e', '1e+', '-', '--1', '01', '-01', '1_0', '1,0', 'ENUM0_0', 'enum0_0', 'NULL_VALUE', 'AA',
  'AA==', 'AA=', 'A', 'A===', 'AAA', 'AAAA=', '-_-_', '+/+/', 'A-+A', '!!!!', 'AA\n==',
  '2024-02-29T12:00:00Z', '2023-02-29T12:00:00Z', '2024-01-01t00:00:00z', '2024-01-01T00:00:00', '2024-01-01T24:00:00Z',
  '2024-01-01T00:00:60Z', '2024-01-01T00:00:00.Z', '2024-01-01T00:00:00.1234567891Z', '2024-01-01T00:00:00+23:59',
  '0000-12-31T23:59:59Z', '9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59-00:01', '0001-01-01T00:00:00+00:01',
  '2024-13-01T00:00:00Z', '2024-1-01T00:00:00Z', '10000-01-01T00:00:00Z', '1s', '-1s', '-0.5s', '1.5S', '1', 's', '-s',
  '315576000000s', '315576000001s', '-315576000001s', '.5s', '1.s', '1.123456789s', 'a,b', 'aB.cD', 'a_b', 'A', 'a,',
];
const ODD = [
  null, true, false, ...TEXTS, ...NUMBERS, ...NUMBERS.filter(isExact).map((text) => new Literal(text)),
  [], [null], [[]], [1], new Map(), new Map([['a', 1]]),
  new Map([['@type', '']]), new Map([['@type', 'x/no.such.Type']]),
];

// Every place of a tree where a value stands, as functions that put another there.
function places(tree, put, found) {
  found.push(put);
  if (Array.isArray(tree)) {
    tree.forEach((item, i) => places(item, (value) => (tree[i] = value), found));
  } else if (tree instanceof Map) {
    for (const [key, item] of tree) places(item, (value) => tree.set(key, value), found);
  }
  return found;
}

function objects(tree, found = []) {
  if (tree instanceof Map) found.push(tree);
  const items = Array.isArray(tree) ? tree : tree instanceof Map ? [...tree.values()] : [];
  items.forEach((item) => objects(item, found));
  return found;
}

// Changes one value, or adds a member that nobody knows; returns the tree.
function damageTree(draw, tree) {
  const maps = objects(tree);
  if (maps.length > 0 && chance(draw, 5)) {
    pick(draw, maps).set('noSuchField', pick(draw, ODD));
    return tree;
  }
  const holder = [tree];
  const put = pick(draw, places(tree, (value) => (holder[0] = value), []));
  put(pick(draw, ODD));
  return holder[0];
}

const PIECES = [...'{}[],:"\\0-.eE \n\0', 'null', '\\ud800', '\\udc00', '//', '\\u12', '\u00a0', '\ufeff'];

// Cuts a piece out of the text, or puts one of JSON's own characters in.
function damageText(draw, text) {
  const characters = [...text];
  const at = nat(draw, characters.length);
  if (chance(draw, 2)) characters.splice(at, 1 + nat(draw, 2));
  else characters.splice(at, 0, pick(draw, PIECES));
  return characters.join('');
}

// A tree of Maps, which keep the order of their keys.
function toTree(json) {
  if (Array.isArray(json)) return json.map(toTree);
  if (json === null || typeof json !== 'object') return json;
  return new Map(Object.entries(json).map(([key, value]) => [key, toTree(value)]));
}

// Returns a text near that of `json` that may be refused.
export function damagedJson(draw, json) {
  const tree = toTree(json);
  if (chance(draw, 4)) return damageText(draw, write(draw, tree));
  return write(draw, damageTree(draw, tree));
}

// The records of wire bytes: [number, type, bytes with their tag].
function split(bytes) {
  const reader = new wire.BinaryReader(bytes);
  const records = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    reader.skip(type, number);
    records.push({ number, type, bytes: bytes.subarray(start, reader.pos) });
  }
  return records;
}

const WRITERS = {
  [ScalarType.DOUBLE]: 'double', [ScalarType.FLOAT]: 'float', [ScalarType.INT64]: 'int64', [ScalarType.BOOL]: 'bool',
  [ScalarType.INT32]: 'int32', [ScalarType.FIXED64]: 'fixed64', [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.UINT64]: 'uint64',
  [ScalarType.UINT32]: 'uint32', [ScalarType.SFIXED32]: 'sfixed32', [ScalarType.SFIXED64]: 'sfixed64',
  [ScalarType.SINT32]: 'sint32', [ScalarType.SINT64]: 'sint64',
};
const WIRE_TYPES = { double: 1, fixed64: 1, sfixed64: 1, float: 5, fixed32: 5, sfixed32: 5 };

// A packed list as one record an element.
function unpack(record, field) {
  const method = field.listKind === 'enum' ? 'int32' : WRITERS[field.scalar];
  const reader = new wire.BinaryReader(record.bytes);
  reader.tag();
  const end = reader.uint32() + reader.pos;
  const records = [];
  while (reader.pos < end) {
    const writer = new wire.BinaryWriter().tag(field.number, WIRE_TYPES[method] ?? 0);
    records.push({ ...record, bytes: writer[method](reader[method]()).finish() });
  }
  return records;
}

const isPacked = (record, field) =>
  record.type === WireType.LengthDelimited && field?.fieldKind === 'list' && field.packed;

// Records of a field that no message here has.
function unknownRecord(draw) {
  const writer = new wire.BinaryWriter();
  const number = 536_870_000 + nat(draw, 900);
  switch (nat(draw, 4)) {
    case 0:
      return writer.tag(number, WireType.Varint).uint64(draw(fc.bigInt, { min: 0n, max: (1n << 64n) - 1n })).finish();
    case 1:
      return writer.tag(number, WireType.Bit64).double(draw(fc.double)).finish();
    case 2:
      return writer.tag(number, WireType.LengthDelimited).bytes(draw(fc.uint8Array, { maxLength: 9 })).finish();
    case 3:
      return writer.tag(number, WireType.Bit32).fixed32(7).finish();
    default:
      return writer.tag(number, WireType.StartGroup).tag(1, WireType.Varint).int32(1)
        .tag(number, WireType.EndGroup).finish();
  }
}

// Wire bytes of two messages of `desc` as one, in any order, lists unpacked: what a decoder must make one message of.
export function scrambledWire(draw, desc, first, second) {
  const fields = new Map(desc.fields.map((field) => [field.number, field]));
  const records = [...split(first), ...split(second)].flatMap((record) => {
    const field = fields.get(record.number);
    return isPacked(record, field) && chance(draw, 2) ? unpack(record, field) : [record];
  });
  const all = [...records.map((record) => record.bytes), ...(chance(draw, 3) ? [unknownRecord(draw)] : [])];
  return Buffer.concat(shuffled(draw, all));
}
