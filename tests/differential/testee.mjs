// The transcoder under test, another process: requests go in, answers come out in their order (transcode_testee.c).
import { spawn } from 'node:child_process';

const OPTION_BITS = { ignoreUnknownFields: 1, alwaysEmitImplicit: 2, useProtoFieldName: 4, enumAsInteger: 8 };

function optionByte(options) {
  return Object.entries(OPTION_BITS).reduce((bits, [name, bit]) => bits | (options[name] ? bit : 0), 0);
}

function frame(...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(body.length);
  return Buffer.concat([prefix, body]);
}

export const readRequest = (typeName, json, options = {}) =>
  frame('r', [optionByte(options)], `${typeName}\0`, json);
export const writeRequest = (typeName, wire, options = {}) =>
  frame('w', [optionByte(options)], `${typeName}\0`, wire);

export class Testee {
  #process;
  #waiting = []; // who waits for an answer, in order
  #chunks = Buffer.alloc(0);

  constructor(program) {
    this.#process = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.on('data', (chunk) => this.#take(chunk));
    this.#process.on('close', (code, signal) => this.#closed(code ?? signal));
    this.#process.stdin.on('error', () => {}); // 'close' tells
  }

  // Resolves to {ok, bytes}: a refusal's bytes are its message.
  ask(request) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin.write(request);
    });
  }

  // Sends many requests in one piece; resolves to their answers.
  askAll(requests) {
    const answers = requests.map(
      () => new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })),
    );
    this.#process.stdin.write(Buffer.concat(requests));
    return Promise.all(answers);
  }

  async load(fileDescriptorSet) {
    const answer = await this.ask(frame('s', fileDescriptorSet));
    if (!answer.ok) throw new Error(`the schema was refused: ${answer.bytes}`);
  }

  // Ends the program; resolves to its exit status.
  close() {
    return new Promise((resolve) => {
      this.#process.on('close', resolve);
      this.#process.stdin.end();
    });
  }

  #take(chunk) {
    let bytes = this.#chunks.length === 0 ? chunk : Buffer.concat([this.#chunks, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
      const body = bytes.subarray(4, 4 + bytes.readUInt32LE());
      bytes = bytes.subarray(4 + body.length);
      this.#waiting.shift().resolve({ ok: body[0] === 0x2b, bytes: body.subarray(1) });
    }
    this.#chunks = bytes;
  }

  #closed(status) {
    for (const { reject } of this.#waiting) reject(new Error(`the testee ended with ${status}`));
  }
}
