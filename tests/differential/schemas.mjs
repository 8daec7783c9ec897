// Random schemas: a proto3 and a proto2 file of everything that can be declared but extensions, as one descriptor set.
import { chance, nat, pick, times } from './draw.mjs';
import { fc, protobuf, wkt } from './packages.mjs';

const { FieldDescriptorProto_Label: Label, FieldDescriptorProto_Type: Type } = wkt;

const WELL_KNOWN_FILES = [
  wkt.file_google_protobuf_any,
  wkt.file_google_protobuf_duration,
  wkt.file_google_protobuf_empty,
  wkt.file_google_protobuf_field_mask,
  wkt.file_google_protobuf_struct,
  wkt.file_google_protobuf_timestamp,
  wkt.file_google_protobuf_wrappers,
];
const WELL_KNOWN_TYPES = [
  'Any', 'Duration', 'Empty', 'FieldMask', 'ListValue', 'Struct', 'Timestamp', 'Value', 'BoolValue', 'BytesValue',
  'DoubleValue', 'FloatValue', 'Int32Value', 'Int64Value', 'StringValue', 'UInt32Value', 'UInt64Value',
].map((name) => `.google.protobuf.${name}`);

const SCALARS = Object.values(Type).filter(
  (type) => typeof type === 'number' && ![Type.GROUP, Type.MESSAGE, Type.ENUM].includes(type),
);
const MAP_KEYS = SCALARS.filter((type) => ![Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(type));
const PACKABLE = (type) => ![Type.STRING, Type.BYTES, Type.MESSAGE, Type.GROUP].includes(type);

// An index behind the stem keeps names apart, also as JSON names.
const STEMS = ['a', 'note_id', 'lower', 'Upper', 'camelCase', 'two__bars', '_bar', 'bar_', 'class', 'constructor'];
const JSON_NAMES = ['j', 'with space', '@at', 'qu"ote', 'back\\slash', 'new\nline', 'größe', '名前', '😀', 'a.b', '_'];

const DEFAULTS = {
  [Type.DOUBLE]: '1.5e10', [Type.FLOAT]: '-inf', [Type.INT64]: '-9223372036854775808', [Type.BOOL]: 'true',
  [Type.UINT64]: '18446744073709551615', [Type.INT32]: '-7', [Type.FIXED64]: '1', [Type.FIXED32]: '4294967295',
  [Type.STRING]: 'say "hi"\n', [Type.BYTES]: '\\000\\377x', [Type.UINT32]: '42', [Type.SFIXED32]: '-1',
  [Type.SFIXED64]: '9', [Type.SINT32]: '-2147483648', [Type.SINT64]: '12',
};


// Arbitraries made once, as draw wants what makes them.
const always = (arbitrary) => () => arbitrary;

const NUMBER = fc.oneof(fc.integer({ min: -5, max: 200 }), fc.integer());
const ENUM_NUMBER = always(NUMBER);
const ENUM_NUMBERS = always(fc.array(NUMBER, { maxLength: 5 }));

function drawEnum(draw, name, isProto2) {
  const first = isProto2 ? draw(ENUM_NUMBER) : 0;
  const all = [...new Set([first, ...draw(ENUM_NUMBERS)])];
  const hasAlias = chance(draw, 4);
  const value = all.map((number, i) => ({ name: `${name.toUpperCase()}_${i}`, number }));
  if (hasAlias) value.push({ name: `${name.toUpperCase()}_ALIAS`, number: all[all.length - 1] });
  return { name, value, options: hasAlias ? { allowAlias: true } : undefined };
}

// What a field can be of: a scalar, an enum or a message of its file, a well-known type.
function drawType(draw, context) {
  const roll = nat(draw, 11);
  if (roll < 6) return { type: pick(draw, SCALARS) };
  if (roll === 6) return { type: Type.ENUM, typeName: pick(draw, context.enums) };
  if (roll === 7) return { type: Type.ENUM, typeName: '.google.protobuf.NullValue' };
  if (roll < 10) return { type: Type.MESSAGE, typeName: pick(draw, context.messages) };
  return { type: Type.MESSAGE, typeName: pick(draw, WELL_KNOWN_TYPES) };
}

// lowerCamelCase as protoc derives it.
const jsonNameOf = (name) => name.replace(/_+([a-z]?)/g, (_, letter) => letter.toUpperCase());

function drawName(draw, index) {
  const name = `${pick(draw, STEMS)}${index}`;
  return { name, jsonName: chance(draw, 4) ? `${pick(draw, JSON_NAMES)}${index}` : jsonNameOf(name) };
}

// The entry type of a map, nested in its message as protoc makes it.
function mapEntry(name, keyType, valueType) {
  const field = (fieldName, number, type) => ({
    name: fieldName, jsonName: fieldName, number, label: Label.OPTIONAL, ...type,
  });
  return {
    name,
    options: { mapEntry: true },
    field: [field('key', 1, { type: keyType }), field('value', 2, valueType)],
  };
}

function drawMap(draw, field, message, context) {
  const entryName = `Entry${field.number}`;
  message.nestedType.push(mapEntry(entryName, pick(draw, MAP_KEYS), drawType(draw, context)));
  return { ...field, label: Label.REPEATED, type: Type.MESSAGE, typeName: `${message.fullName}.${entryName}` };
}

function drawRepeated(draw, field, context) {
  const type = drawType(draw, context);
  const packed = PACKABLE(type.type) && chance(draw, 2) ? draw(fc.boolean) : undefined;
  return { ...field, ...type, label: Label.REPEATED, options: packed === undefined ? undefined : { packed } };
}

// proto2's: a group is a nested message whose lower-cased name is the field's.
function drawGroup(draw, field, message, context) {
  const { number } = field;
  const type = `Group${number}`;
  const name = type.toLowerCase();
  const inner = { name: 'inner', jsonName: 'inner', number, label: Label.OPTIONAL, type: pick(draw, SCALARS) };
  message.nestedType.push({ name: type, field: [inner] });
  const label = chance(draw, 2) ? Label.OPTIONAL : Label.REPEATED;
  return { number, name, jsonName: name, label, type: Type.GROUP, typeName: `${message.fullName}.${type}` };
}

function drawSingular(draw, field, context) {
  const type = drawType(draw, context);
  const isScalar = type.typeName === undefined;
  if (!context.isProto2) {
    const proto3Optional = (isScalar || type.type === Type.ENUM) && chance(draw, 3) ? true : undefined;
    return { ...field, ...type, label: Label.OPTIONAL, proto3Optional };
  }
  const isRequired = isScalar && chance(draw, 4);
  const defaultValue = isScalar && chance(draw, 3) ? DEFAULTS[type.type] : undefined;
  return { ...field, ...type, label: isRequired ? Label.REQUIRED : Label.OPTIONAL, defaultValue };
}

function drawField(draw, field, message, context) {
  const roll = nat(draw, 9);
  if (roll < 2) return drawRepeated(draw, field, context);
  if (roll === 2) return drawMap(draw, field, message, context);
  if (roll === 3) return { ...field, ...drawType(draw, context), label: Label.OPTIONAL, oneofIndex: 0 };
  if (roll === 4 && context.isProto2) return drawGroup(draw, field, message, context);
  return drawSingular(draw, field, context);
}

const NUMBER_STEP = always(fc.oneof(
  { weight: 12, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.integer({ min: 2, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1000, max: 30_000_000 }) },
));
const RESERVED = (number) => number >= 19000 && number <= 19999;

// Real oneofs stand before those that proto3's optional makes.
function addOptionalOneofs(message) {
  message.field.forEach((field) => {
    if (!field.proto3Optional) return;
    field.oneofIndex = message.oneofDecl.length;
    message.oneofDecl.push({ name: `_${field.name}` });
  });
}

function drawMessage(draw, name, context) {
  const message = { name, fullName: `.${context.package}.${name}`, field: [], nestedType: [], oneofDecl: [] };
  let number = 0;
  for (let index = draw(fc.integer, { min: 0, max: 9 }); index > 0; index--) {
    number += draw(NUMBER_STEP);
    if (RESERVED(number)) number = 20000;
    message.field.push(drawField(draw, { ...drawName(draw, index), number }, message, context));
  }
  if (message.field.some((field) => field.oneofIndex === 0)) message.oneofDecl.push({ name: 'choice' });
  addOptionalOneofs(message);
  if (chance(draw, 2)) message.field.reverse(); // order of declaration is not order of numbers
  return message;
}

function drawFile(draw, syntax, imports) {
  const pkg = `random.${syntax}`;
  const messageNames = times(draw(fc.integer, { min: 1, max: 4 }), (i) => `Message${i}`);
  const enumNames = times(draw(fc.integer, { min: 1, max: 2 }), (i) => `Enum${i}`);
  const context = {
    package: pkg,
    isProto2: syntax === 'proto2',
    enums: enumNames.map((name) => `.${pkg}.${name}`),
    messages: [...messageNames.map((name) => `.${pkg}.${name}`), ...imports.messages],
  };
  const file = protobuf.create(wkt.FileDescriptorProtoSchema, {
    name: `random/${syntax}.proto`,
    package: pkg,
    syntax: context.isProto2 ? undefined : syntax,
    dependency: [...WELL_KNOWN_FILES.map((known) => known.proto.name), ...imports.files],
    enumType: enumNames.map((name) => drawEnum(draw, name, context.isProto2)),
    messageType: messageNames.map((name) => drawMessage(draw, name, context)),
  });
  return { file, messages: messageNames.map((name) => `.${pkg}.${name}`) };
}

// Returns {set, registry, types}: the packed FileDescriptorSet, the reference's view of it, and its random types.
export function drawSchema(draw) {
  const proto3 = drawFile(draw, 'proto3', { files: [], messages: [] });
  const proto2 = drawFile(draw, 'proto2', { files: [proto3.file.name], messages: proto3.messages });
  const message = protobuf.create(wkt.FileDescriptorSetSchema, {
    file: [...WELL_KNOWN_FILES.map((known) => known.proto), proto3.file, proto2.file],
  });
  const registry = protobuf.createFileRegistry(message);
  const types = [...proto3.messages, ...proto2.messages].map((name) => registry.getMessage(name.slice(1)));
  return { set: protobuf.toBinary(wkt.FileDescriptorSetSchema, message), registry, types };
}
