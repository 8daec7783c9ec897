// The shop, served by grpc-js with the reflection of @grpc/reflection:  node node_server.mjs MODULES PROTO_FOLDER...
//
// Prints "listening PORT". What it tells by reflection has passed through protobufjs: without the options of methods,
// and with names of types that are not complete.
import { createRequire } from "node:module";

const [modules, ...includeDirs] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const { ReflectionService } = require("@grpc/reflection");

const definition = loader.loadSync("shop/v1/shop.proto", { includeDirs, longs: String, keepCase: true });
const { service } = grpc.loadPackageDefinition(definition).shop.v1.Shop;

const handlers = {};
for (const name of Object.keys(service)) {
  handlers[name] = (call, done) => done(null, { rpc: name, order: call.request });
}

const server = new grpc.Server();
server.addService(service, handlers);
new ReflectionService(definition).addToServer(server);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening ${port}`);
});
