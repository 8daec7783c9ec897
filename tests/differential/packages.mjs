// What npm brings, out of the folder that tests/npm_modules.sh installs it into.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = execFileSync(`${here}../npm_modules.sh`, [here], { encoding: 'utf8' }).trim();
const require = createRequire(`${folder}/`);

export const protobuf = require('@bufbuild/protobuf');
export const reflection = require('@bufbuild/protobuf/reflect');
export const wire = require('@bufbuild/protobuf/wire');
export const wkt = require('@bufbuild/protobuf/wkt');
export const fc = require('fast-check');
