// The many texts of one ProtoJSON value. What the reference writes (toJson) is rewritten at random without a change of
// meaning: other member order, either name of a field, null for what is unset, numbers as strings and with exponents,
// enums by number, the other base64, offsets in timestamps, escapes in strings, white space.
import { chance, nat, pick } from './draw.mjs';
import { fc, protobuf } from './packages.mjs';

const { ScalarType } = protobuf;


// A piece of JSON text as it shall stand, where JSON.stringify would write another.
export class Literal {
  constructor(text) {
    this.text = text;
  }
}

const WRAPPED = {
  'google.protobuf.BoolValue': ScalarType.BOOL, 'google.protobuf.BytesValue': ScalarType.BYTES,
  'google.protobuf.DoubleValue': ScalarType.DOUBLE, 'google.protobuf.FloatValue': ScalarType.FLOAT,
  'google.protobuf.Int32Value': ScalarType.INT32, 'google.protobuf.Int64Value': ScalarType.INT64,
  'google.protobuf.StringValue': ScalarType.STRING, 'google.protobuf.UInt32Value': ScalarType.UINT32,
  'google.protobuf.UInt64Value': ScalarType.UINT64,
};

const numberText = (value) => (Object.is(value, -0) ? '-0' : String(value));

// An integer's other forms: 120 is "120", 120.0, 12e1, 1.2E+2.
function spellInteger(draw, value) {
  const digits = String(value);
  const zeros = digits.match(/0*$/)[0].length;
  const forms = [digits, digits, `${digits}.0`, `${digits}e0`];
  if (digits !== '0') forms.push(`${digits}00E-2`);
  if (digits !== '0' && zeros > 0) forms.push(`${digits.slice(0, -zeros)}e${zeros}`);
  const text = pick(draw, forms);
  return chance(draw, 2) ? text : new Literal(text);
}

function spellReal(draw, value) {
  if (typeof value === 'string') return value; // NaN and the infinities
  const text = numberText(value);
  const forms = [text, text, value.toExponential().replace('e', pick(draw, ['e', 'E']))];
  if (Object.is(value, -0)) forms.pop();
  if (/^-?\d+$/.test(text)) forms.push(`${text}.000`);
  const form = pick(draw, forms);
  return chance(draw, 4) ? form : new Literal(form);
}

function spellBase64(draw, value) {
  let text = value;
  if (chance(draw, 2)) text = text.replaceAll('+', '-').replaceAll('/', '_');
  if (chance(draw, 2)) text = text.replaceAll('=', '');
  return text;
}

function spellScalar(draw, type, value) {
  switch (type) {
    case ScalarType.BOOL:
    case ScalarType.STRING:
      return value;
    case ScalarType.BYTES:
      return spellBase64(draw, value);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return spellReal(draw, value);
    default:
      return spellInteger(draw, value);
  }
}

function spellEnum(draw, desc, value) {
  if (value === null) return chance(draw, 2) ? null : 'NULL_VALUE';
  const known = desc.values.find((candidate) => candidate.name === value);
  if (known === undefined || chance(draw, 3)) return new Literal(String(known?.number ?? value));
  const alike = desc.values.filter((candidate) => candidate.number === known.number);
  return pick(draw, alike).name;
}

// The same instant an hour and a half away from Greenwich, where the year stays one of four digits.
function spellTimestamp(draw, value) {
  if (!chance(draw, 3)) return value;
  const [, seconds, fraction] = value.match(/^(.{19})(.*)Z$/);
  const moved = new Date(Date.parse(`${seconds}Z`) + 90 * 60_000);
  const text = moved.toISOString();
  return text.length === 24 ? `${text.slice(0, 19)}${fraction}+01:30` : value;
}

function spellDuration(draw, value) {
  return chance(draw, 3) && !value.includes('.') ? value.replace('s', '.000000000s') : value;
}

function spellAny(draw, value, registry) {
  const { '@type': url, ...members } = value;
  if (url === undefined) return value;
  const desc = registry.getMessage(url.slice(url.lastIndexOf('/') + 1));
  const isSpecial = desc.typeName.startsWith('google.protobuf.') && desc.name !== 'Empty';
  const spelled = isSpecial
    ? { value: spellMessage(draw, desc, members.value, registry) }
    : Object.fromEntries(spellMembers(draw, desc, members, registry));
  const entries = [['@type', url], ...Object.entries(spelled)];
  return new Map(chance(draw, 2) ? entries : entries.reverse());
}

function spellElement(draw, field, value, registry) {
  const kind = field.listKind ?? field.mapKind ?? field.fieldKind;
  if (kind === 'enum') return spellEnum(draw, field.enum, value);
  if (kind === 'scalar') return spellScalar(draw, field.scalar, value);
  return spellMessage(draw, field.message, value, registry);
}

function spellField(draw, field, value, registry) {
  if (field.fieldKind === 'list') return value.map((item) => spellElement(draw, field, item, registry));
  if (field.fieldKind !== 'map') return spellElement(draw, field, value, registry);
  return new Map(Object.entries(value).map(([key, item]) => [key, spellElement(draw, field, item, registry)]));
}

const takesNull = (field) =>
  field.message?.typeName === 'google.protobuf.Value' || field.enum?.typeName === 'google.protobuf.NullValue';

function spellMembers(draw, desc, value, registry) {
  const entries = [];
  for (const field of desc.fields) {
    const name = chance(draw, 4) ? field.name : field.jsonName;
    if (Object.hasOwn(value, field.jsonName)) {
      entries.push([name, spellField(draw, field, value[field.jsonName], registry)]);
    } else if (chance(draw, 8) && !(takesNull(field) && !['list', 'map'].includes(field.fieldKind))) {
      entries.push([name, null]);
    }
  }
  return draw(fc.boolean) ? entries : entries.reverse();
}

// `value` is what toJson made of a message of `desc`; returns a tree for `write`.
function spellMessage(draw, desc, value, registry) {
  switch (desc.typeName) {
    case 'google.protobuf.Any':
      return spellAny(draw, value, registry);
    case 'google.protobuf.Timestamp':
      return spellTimestamp(draw, value);
    case 'google.protobuf.Duration':
      return spellDuration(draw, value);
    case 'google.protobuf.FieldMask':
    case 'google.protobuf.ListValue':
    case 'google.protobuf.Struct':
    case 'google.protobuf.Value':
      return value;
    default:
      return WRAPPED[desc.typeName] === undefined
        ? new Map(spellMembers(draw, desc, value, registry))
        : spellScalar(draw, WRAPPED[desc.typeName], value);
  }
}

const SPACES = ['', '', '', '', ' ', '\n', '\t\r\n  '];

function escapeAll(text) {
  return [...Array(text.length).keys()]
    .map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');
}

function writeString(draw, text) {
  if (!chance(draw, 5)) return JSON.stringify(text);
  const at = nat(draw, text.length);
  const to = at + nat(draw, 3);
  // JSON.stringify escapes half a surrogate pair, so a cut anywhere is whole again in the text.
  const quoted = (part) => JSON.stringify(part).slice(1, -1).replaceAll('/', '\\/');
  return `"${quoted(text.slice(0, at))}${escapeAll(text.slice(at, to))}${quoted(text.slice(to))}"`;
}

// A writer of trees (null, booleans, numbers, strings, Literals, arrays, Maps, objects) with white space from `space`.
function writer(draw, space) {
  const list = (open, items, close) => open + space() + items.join(`${space()},${space()}`) + space() + close;
  const member = ([key, value]) => `${writeString(draw, key)}${space()}:${space()}${write(value)}`;
  function write(tree) {
    if (tree instanceof Literal) return tree.text;
    if (typeof tree === 'string') return writeString(draw, tree);
    if (typeof tree === 'number') return numberText(tree);
    if (Array.isArray(tree)) return list('[', tree.map(write), ']');
    if (tree instanceof Map) return list('{', [...tree].map(member), '}');
    if (tree !== null && typeof tree === 'object') return list('{', Object.entries(tree).map(member), '}');
    return String(tree);
  }
  return write;
}

// Returns a tree as JSON text.
export function write(draw, tree) {
  const isSpaced = chance(draw, 3);
  return writer(draw, isSpaced ? () => pick(draw, SPACES) : () => '')(tree);
}

// Returns a tree that says what `json`, the reference's own JSON of a message of `desc`, says.
export const spell = spellMessage;
