"""A MongoDB, as far as a driver goes to log in: it is a primary, and takes nobody's credentials.

The engine of the other tests knows no users. This is the wire protocol by hand: messages of OP_QUERY, with which a
driver begins, and OP_MSG.
"""

import socketserver
import struct
import threading

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013


def bson(document):
    """A document of texts, numbers and truth values."""
    out = b""
    for name, value in document.items():
        key = name.encode() + b"\0"
        if isinstance(value, bool):
            out += b"\x08" + key + bytes([value])
        elif isinstance(value, int):
            out += b"\x10" + key + struct.pack("<i", value)
        elif isinstance(value, float):
            out += b"\x01" + key + struct.pack("<d", value)
        else:
            text = value.encode() + b"\0"
            out += b"\x02" + key + struct.pack("<i", len(text)) + text
    return struct.pack("<i", len(out) + 5) + out + b"\0"


HELLO = bson({"ok": 1.0, "ismaster": True, "isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": 21,
              "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000})
REFUSAL = bson({"ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed"})


class Connection(socketserver.BaseRequestHandler):
    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.request.recv(count - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def answer(self, request_id, opcode, body):
        if opcode == OP_QUERY:
            opcode, head = OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1)
        else:
            head = struct.pack("<ib", 0, 0)
        self.request.sendall(struct.pack("<iiii", 16 + len(head) + len(body), 1, request_id, opcode) + head + body)

    def handle(self):
        try:
            while True:
                length, request_id, _, opcode = struct.unpack("<iiii", self.read(16))
                message = self.read(length - 16)
                logs_in = b"saslStart\0" in message and b"ismaster\0" not in message.lower()
                if logs_in:
                    self.server.logins += 1
                self.answer(request_id, opcode, REFUSAL if logs_in else HELLO)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Connection)
        self.port = self.server_address[1]
        self.logins = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
