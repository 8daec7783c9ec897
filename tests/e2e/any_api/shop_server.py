"""A gRPC server for shop.v1.Shop, on grpcio alone: no code is generated, messages come from descriptors.

Every method answers its own name and the Order it got. Reflection is served over the same descriptors, in the version
and with the faults that a test asks for.
"""
import concurrent.futures
import os
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOS = ["shop/v1/shop.proto", "grpc/reflection/v1/reflection.proto", "google/rpc/status.proto",
          "google/rpc/error_details.proto"]


# A second service, beside that of the shop and importing what that imports.
TILL = descriptor_pb2.FileDescriptorProto(name="shop/v1/till.proto", package="shop.v1", syntax="proto3",
                                          dependency=["shop/v1/item.proto"])
TILL.service.add(name="Till").method.add(name="Weigh", input_type=".shop.v1.Item", output_type=".shop.v1.Item")


def compile_set(out, proto_folder, protos, *folders):
    """Writes the descriptor set that a user's protoc would make."""
    include = [f"-I{folder}" for folder in (*folders, HERE, proto_folder, "/usr/include")]
    status = protoc.main(["protoc", *include, "--include_imports", f"--descriptor_set_out={out}", *protos])
    if status != 0:
        raise RuntimeError("protoc failed")
    return out


class Schema:
    """Messages of a descriptor set."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
        self.pool = descriptor_pool.DescriptorPool()
        for file in self.files.file:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def type(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    def of_json(self, name, value):
        return json_format.ParseDict(value, self.type(name)(), descriptor_pool=self.pool)


class ShopServer:
    """Serves until stop(), on a free port unless one is given; `reflection` is a Reflection, or None."""

    def __init__(self, schema, reflection=None, port=0):
        self.schema = schema
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8),
                                  options=[("grpc.max_receive_message_length", -1)])
        service = schema.pool.FindServiceByName("shop.v1.Shop")
        handlers = {method.name: self.handler(method.name) for method in service.methods}
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Shop", handlers)])
        if reflection is not None:
            self.server.add_generic_rpc_handlers(reflection.handlers())
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def handler(self, name):
        def echo(order, context):
            if name == "FailOrder":
                self.fail(order, context)
            return self.schema.type("shop.v1.Receipt")(rpc=name, order=order)

        return grpc.unary_unary_rpc_method_handler(
            echo, request_deserializer=self.schema.type("shop.v1.Order").FromString,
            response_serializer=lambda message: message.SerializeToString())

    def fail(self, order, context):
        """With a detail whose type only this API knows."""
        status = self.schema.type("google.rpc.Status")(code=9, message="sold out")
        status.details.add().Pack(order.item)
        context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "sold out")

    def stop(self):
        self.server.stop(None).wait()


class Reflection:
    """grpc.reflection over the files of `path`. `fault` names what is wrong with it, or is None."""

    def __init__(self, schema, path, version="v1"):
        self.schema = schema
        self.version = version
        self.fault = None
        self.asked = []
        self.calls = 0
        self.load(path)

    def load(self, path):
        with open(path, "rb") as file:
            self.files = {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file}

    def handlers(self):
        handler = grpc.stream_stream_rpc_method_handler(
            self.answer_all, request_deserializer=self.type("Request").FromString,
            response_serializer=lambda message: message.SerializeToString())
        return [grpc.method_handlers_generic_handler(f"grpc.reflection.{self.version}.ServerReflection",
                                                     {"ServerReflectionInfo": handler})]

    def type(self, kind):
        return self.schema.type(f"grpc.reflection.v1.ServerReflection{kind}")

    def answer_all(self, requests, context):
        for request in requests:
            self.calls += 1
            while self.fault == "silence" and context.is_active():
                time.sleep(0.05)
            yield self.answer(request)
            if self.fault == "two answers":
                yield self.answer(request)

    def answer(self, request):
        kind = request.WhichOneof("message_request")
        text = getattr(request, kind)
        self.asked.append((kind, text))
        response = self.type("Response")(valid_host=request.host, original_request=request)
        if kind == "list_services":
            self.list_services(response)
        elif self.fault == "another answer":
            response.list_services_response.service.add(name="x")
        elif self.fault == "an error":
            response.error_response.error_code = 5
            response.error_response.error_message = "no such symbol"
        elif self.fault == "two services" and kind == "file_containing_symbol":
            self.put(response, self.files["shop/v1/item.proto"])
            self.put(response, self.files["shop/v1/shop.proto"] if text == "shop.v1.Shop" else TILL)
        elif kind == "file_containing_symbol":
            self.put(response, self.files["shop/v1/shop.proto"])
        elif self.fault == "endless imports":
            self.put(response, descriptor_pb2.FileDescriptorProto(name=text, dependency=[text + "a", text + "b"]))
        elif self.fault == "huge files":
            huge = descriptor_pb2.FileDescriptorProto(name=text, dependency=[text + "a"])
            huge.source_code_info.location.add(leading_comments="x" * 12_000_000)
            self.put(response, huge)
        elif self.fault == "another file":
            self.put(response, descriptor_pb2.FileDescriptorProto(name="another.proto"))
        elif text in self.files and not (self.fault == "a missing file" and text == "shop/v1/item.proto"):
            self.put(response, self.files[text])
        else:
            response.error_response.error_code = 5
            response.error_response.error_message = f"File not found: {text}"
        return response

    def list_services(self, response):
        names = ["grpc.health.v1.Health", f"grpc.reflection.{self.version}.ServerReflection"]
        if self.fault == "too many services":
            names += [f"s.S{i}" for i in range(2001)]
        elif self.fault != "no services":
            names.append("shop.v1.Shop")
        if self.fault == "two services":
            names.append("shop.v1.Till")
        for name in names:
            response.list_services_response.service.add(name=name)

    def put(self, response, file):
        damaged = {"a damaged file": b"\xff", "a file without a name": b""}
        packed = damaged.get(self.fault, file.SerializeToString())
        response.file_descriptor_response.file_descriptor_proto.append(packed)
