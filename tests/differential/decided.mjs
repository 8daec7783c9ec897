// Where the reference is not the judge: differences that the specification, or a decision of ours, settles.
import { isDeepStrictEqual } from 'node:util';

const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/;
const FIELD_PATHS = /^[a-z]\w*(\.[a-z]\w*)*(,[a-z]\w*(\.[a-z]\w*)*)*$/i;
const BASE64 = /^(?:[-+/\w]{4})*(?:[-+/\w]{2}(?:==)?|[-+/\w]{3}=?)?$/;
const DURATION = /^-?\d+(\.\d{1,9})?s$/;

// Whether a timestamp names a day that its month has not, or the hour 24.
function isNoTime(text) {
  const parts = text?.match(/^(\d{4})-(\d\d)-(\d\d)T(\d\d):/);
  if (!parts) return false;
  const [, year, month, day, hour] = parts.map(Number);
  return hour > 23 || new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day;
}

// Our refusals of what the reference takes, by our message and the options.
const REFUSED_BY_US = [
  // RFC 8259 section 8.2: such text has no meaning; the reference takes it in names that it ignores.
  (error) => /half of a surrogate pair/.test(error),
  // A number in quotes is a JSON number in quotes; the reference takes what JavaScript's Number does: +1, 01, .5, 1.
  (error) => {
    const text = error.match(/expected an? \w+, found "(.*)"$/s)?.[1];
    return text !== undefined && !JSON_NUMBER.test(text) && Number.isFinite(Number(text));
  },
  // A special type in an Any is "@type" and "value"; the reference passes over what else stands there.
  (error, options) => !options.ignoreUnknownFields && /unknown field "noSuchField"$/.test(error),
  // A FieldMask is of paths, none of them empty; the reference takes anything between commas.
  (error) => /expected field paths with commas between, found "(.*)"$/s.exec(error)?.[1].match(FIELD_PATHS) === null,
  // A day and an hour that do not exist; the reference counts on: February the 29th of 2023 is the 1st of March.
  (error) => isNoTime(error.match(/expected an RFC 3339 timestamp, found "(.*)"$/s)?.[1]),
  // A Duration ends with its s; the reference does not look behind it.
  (error) => /expected a duration in seconds like "1.5s", found "(.*)"$/s.exec(error)?.[1].match(DURATION) === null,
  // RFC 4648 sections 3.2 and 3.3: padding fills up a group of four or is left out, and nothing else stands between;
  // the reference takes any padding, and space.
  (error) => /expected base64 text, found "(.*)"$/s.exec(error)?.[1].match(BASE64) === null,
  // A map's key is of its type also where its value is an enum's unknown name, for which the entry is passed over.
  (error, options) =>
    options.ignoreUnknownFields && /\[".*"\]: expected [\w ]+, found "(noSuchField|@type)"$/.test(error),
];

// The whole number that a JSON number says, or null.
function wholeNumber(text) {
  const match = text.match(/^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/);
  if (match === null) return null;
  const [, sign, digits, fraction = '', exponent = '0'] = match;
  const shift = BigInt(exponent) - BigInt(fraction.length);
  const value = BigInt(digits + fraction);
  if (value === 0n) return 0n;
  if (shift > 30n || shift < -30n) return null;
  const scaled = shift < 0n ? value / 10n ** -shift : value * 10n ** shift;
  return shift < 0n && value % 10n ** -shift !== 0n ? null : sign === '-' ? -scaled : scaled;
}

// A 64-bit integer in quotes may have a point or an exponent, as any other (the conformance suite asks for it); the
// reference hands such text to BigInt, which does not.
function isWhole64(error) {
  const match = error.match(/expected bigint \((u?)(?:int|fixed|sfixed|sint)64\): (\S+) out of range/);
  const value = match === null ? null : wholeNumber(match[2]);
  if (value === null) return false;
  return match[1] === 'u' ? BigInt.asUintN(64, value) === value : BigInt.asIntN(64, value) === value;
}

// Any's type URL is kept as it came; the reference puts its own in front of the name.
const nameOfUrl = (key, value) => (key === '@type' && typeof value === 'string' ? value.replace(/^.*\//s, '') : value);
const withNames = (value) => JSON.parse(JSON.stringify(value), nameOfUrl);

export function isDecided(options, { ours, theirs }) {
  if (ours.error === undefined && theirs.error === undefined) {
    return isDeepStrictEqual(withNames(ours.value), withNames(theirs.value));
  }
  if (theirs.error === undefined) return REFUSED_BY_US.some((isOne) => isOne(ours.error ?? '', options));
  return ours.error === undefined && isWhole64(theirs.error);
}
