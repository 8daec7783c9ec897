// Random messages of any type, as the reference holds them.
import { chance, nat, pick, times } from './draw.mjs';
import { fc, protobuf, reflection, wkt } from './packages.mjs';

const { ScalarType } = protobuf;
const DEPTH_MAX = 4; // deeper, messages are left unset
const ITEMS_MAX = 4;


// Half of all integers are small or next to a limit, where mistakes live.
function integer(draw, bits, isSigned) {
  const limit = 1n << BigInt(isSigned ? bits - 1 : bits);
  const min = isSigned ? -limit : 0n;
  if (chance(draw, 2)) return draw(fc.bigInt, { min, max: limit - 1n });
  const near = pick(draw, [0n, min, limit - 1n, limit >> 1n, 1n << 53n]);
  const value = near + BigInt(draw(fc.integer, { min: -2, max: 130 }));
  return value < min ? min : value >= limit ? limit - 1n : value;
}

const INTEGERS = {
  [ScalarType.INT32]: [32, true], [ScalarType.SINT32]: [32, true], [ScalarType.SFIXED32]: [32, true],
  [ScalarType.UINT32]: [32, false], [ScalarType.FIXED32]: [32, false],
  [ScalarType.INT64]: [64, true], [ScalarType.SINT64]: [64, true], [ScalarType.SFIXED64]: [64, true],
  [ScalarType.UINT64]: [64, false], [ScalarType.FIXED64]: [64, false],
};

function real(draw, arbitrary) {
  if (chance(draw, 3)) return pick(draw, [0, -0, 1, -1.5, 1e21, 1e-7, NaN, Infinity, -Infinity, 2 ** 24]);
  if (chance(draw, 3)) return draw(fc.integer, { min: -100000, max: 100000 }) / 8;
  return draw(arbitrary);
}

function text(draw) {
  const unit = chance(draw, 2) ? 'grapheme-ascii' : 'binary'; // binary: every code point
  return draw(fc.string, { unit, maxLength: chance(draw, 8) ? 200 : 12 });
}

function scalar(draw, type) {
  switch (type) {
    case ScalarType.BOOL:
      return draw(fc.boolean);
    case ScalarType.STRING:
      return text(draw);
    case ScalarType.BYTES:
      return draw(fc.uint8Array, { maxLength: 20 });
    case ScalarType.DOUBLE:
      return real(draw, fc.double);
    case ScalarType.FLOAT:
      return Math.fround(real(draw, fc.float));
    default: {
      const [bits, isSigned] = INTEGERS[type];
      const value = integer(draw, bits, isSigned);
      return bits === 64 ? value : Number(value);
    }
  }
}

// An open enum may hold a number that has no name.
function enumNumber(draw, desc) {
  if (desc.open && desc.typeName !== 'google.protobuf.NullValue' && chance(draw, 6)) {
    return Number(integer(draw, 32, true));
  }
  return pick(draw, desc.values).number;
}

// What ProtoJSON can say of a Value: finite numbers.
function jsonValue(draw, depth) {
  switch (nat(draw, depth === 0 ? 3 : 5)) {
    case 0:
      return null;
    case 1:
      return draw(fc.boolean);
    case 2:
      return draw(fc.double, { noNaN: true, noDefaultInfinity: true });
    case 3:
      return text(draw);
    case 4:
      return times(nat(draw, 3), () => jsonValue(draw, depth - 1));
    default:
      return jsonObject(draw, depth - 1);
  }
}

function jsonObject(draw, depth) {
  return Object.fromEntries(times(nat(draw, 3), () => [text(draw), jsonValue(draw, depth)]));
}

const TIMESTAMP_SECONDS = { min: -62135596800n, max: 253402300799n };
const DURATION_SECONDS = { min: -315576000000n, max: 315576000000n };

const ANY_NANOS = () => fc.nat(999_999_999);

function nanos(draw) {
  return pick(draw, [0, 1, 1000, 500_000_000, 120_000, 999_999_999, draw(ANY_NANOS)]);
}

const FIELD_PATH_ARBITRARY = fc.stringMatching(/^[a-z]{1,5}(_[a-z]{1,4}){0,2}(\.[a-z]{1,4}){0,2}$/);
const FIELD_PATH = () => FIELD_PATH_ARBITRARY;

const WELL_KNOWN = {
  Any(draw, desc, context, depth) {
    if (context.anyTypes.length === 0 || chance(draw, 6)) return protobuf.create(wkt.AnySchema);
    const type = pick(draw, context.anyTypes);
    return wkt.anyPack(type, drawMessage(draw, type, context, depth + 1));
  },
  Duration(draw) {
    const seconds = draw(fc.bigInt, DURATION_SECONDS);
    const fraction = nanos(draw);
    const isAtLimit = seconds === DURATION_SECONDS.min || seconds === DURATION_SECONDS.max;
    return protobuf.create(wkt.DurationSchema, {
      seconds,
      nanos: isAtLimit ? 0 : seconds < 0n ? -fraction : fraction,
    });
  },
  FieldMask(draw) {
    const name = () => draw(FIELD_PATH);
    return protobuf.create(wkt.FieldMaskSchema, { paths: times(nat(draw, 3), name) });
  },
  ListValue: (draw) =>
    protobuf.fromJson(wkt.ListValueSchema, times(nat(draw, 3), () => jsonValue(draw, 2))),
  Struct: (draw) => protobuf.fromJson(wkt.StructSchema, jsonObject(draw, 2)),
  Timestamp: (draw) =>
    protobuf.create(wkt.TimestampSchema, { seconds: draw(fc.bigInt, TIMESTAMP_SECONDS), nanos: nanos(draw) }),
  Value: (draw) => protobuf.fromJson(wkt.ValueSchema, jsonValue(draw, 2)),
};

function element(draw, field, context, depth) {
  const kind = field.listKind ?? field.mapKind ?? field.fieldKind;
  if (kind === 'enum') return enumNumber(draw, field.enum);
  if (kind === 'scalar') return scalar(draw, field.scalar);
  return reflection.reflect(field.message, drawMessage(draw, field.message, context, depth + 1), false);
}

function fill(draw, message, field, context, depth) {
  const items = nat(draw, ITEMS_MAX);
  if (field.fieldKind === 'list') {
    for (let i = 0; i < items; i++) message.get(field).add(element(draw, field, context, depth));
  } else if (field.fieldKind === 'map') {
    for (let i = 0; i < items; i++) {
      message.get(field).set(scalar(draw, field.mapKey), element(draw, field, context, depth));
    }
  } else {
    message.set(field, element(draw, field, context, depth));
  }
}

const holdsMessages = (field) => field.message !== undefined;
const isRequired = (field) => field.presence === wkt.FeatureSet_FieldPresence.LEGACY_REQUIRED;

// Returns a message of `desc`. `context.anyTypes` are what an Any may hold; `depth` is how deep this one stands.
export function drawMessage(draw, desc, context, depth = 0) {
  const wellKnown = desc.typeName.startsWith('google.protobuf.') && WELL_KNOWN[desc.name];
  if (wellKnown) return wellKnown(draw, desc, context, depth);
  const message = reflection.reflect(desc, undefined, false);
  for (const member of desc.members) {
    const field = member.kind === 'oneof' ? pick(draw, member.fields) : member;
    const isSet = isRequired(field) || (!chance(draw, 3) && !(depth >= DEPTH_MAX && holdsMessages(field)));
    if (isSet) fill(draw, message, field, context, depth);
  }
  return message.message;
}
