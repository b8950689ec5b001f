"""Origins for the edge's tests, on the lab's host `cloud`: `python3 -c PROGRAM FOLDER`, until its stdin is closed.

Each answers with what it was asked, as JSON, in words of its own. The last part of the path says how: `status-503`,
`slow` (3 s), `drop` (the connection ends), `policy` (with headers that a policy may override). `/count/X` tells how
often a path that ends in X was asked.
"""

import json
import ssl
import sys
import threading
import time
from collections import Counter
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Port: the name of the certificate, in the folder.
LISTENERS = {9101: None, 9102: "good", 9103: "other-name", 9104: "other-ca"}
counts: Counter[str] = Counter()


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        super().setup()
        Origin.connections += 1

    def answer(self) -> None:
        word = self.path.partition("?")[0].rpartition("/")[2]
        if self.path.startswith("/count/"):
            return self.send(200, {"times": counts[word]})
        counts[word] += 1
        body = self.body()
        if word.startswith("slow"):
            time.sleep(3)
        if word.startswith("drop"):
            self.close_connection = True
            return None
        status = int(word.removeprefix("status-")) if word.startswith("status-") else 200
        seen = {
            "port": self.server.server_address[1],
            "connections": Origin.connections,
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "length": len(body),
            "sha256": sha256(body).hexdigest(),
        }
        return self.send(status, seen, [("X-Frame-Options", "SAMEORIGIN"), ("X-Powered-By", "an origin")])

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def send(self, status, document, headers=()) -> None:
        content = json.dumps(document).encode()
        self.send_response_only(status, "As It Is")
        for name, value in [("Server", "tiny"), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), *headers]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_) -> None:
        """Whoever waited for a slow answer has left."""


def serve(port, certificate) -> None:
    server = Server(("", port), Origin)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{sys.argv[1]}/{certificate}.pem", f"{sys.argv[1]}/{certificate}.key")
        # The handshake belongs to the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for port, certificate in LISTENERS.items():
    serve(port, certificate)
print("ready", flush=True)
sys.stdin.read()
