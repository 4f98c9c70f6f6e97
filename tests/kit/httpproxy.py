"""HttpProxy: a small HTTP proxy that knows CONNECT, with a user and a password or without."""

import base64
import contextlib
import selectors
import socket
import threading


class HttpProxy:
    """Use as a context manager. `answer`: what it says instead of opening a tunnel, as bytes. `only`: the one port that it
    opens tunnels to. `requests`: what it was asked, without what opened it."""

    def __init__(self, *, credentials: str = "", answer: bytes = b"", only: int = 0, names: dict[str, str] | None = None) -> None:
        self.credentials = credentials
        self.answer = answer
        self.only = only
        self.names = names or {}
        self.requests: list[str] = []
        self.opened = 0
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, credentials: str = "") -> str:
        return f"http://{credentials + '@' if credentials else ''}127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Ends all tunnels."""
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def __enter__(self) -> "HttpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            held = b""
            while b"\r\n\r\n" not in held:
                more = client.recv(4096)
                if not more:
                    return
                held += more
            head, early = held.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            self.requests.append(lines[0])
            wanted = "Proxy-Authorization: Basic " + base64.b64encode(self.credentials.encode()).decode()
            host, _, port = lines[0].split(" ")[1].rpartition(":")
            if self.answer:
                client.sendall(self.answer)
            elif self.credentials and wanted not in lines:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
            elif self.only and int(port) != self.only:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            else:
                host = self.names.get(host, host)
                with socket.create_connection((host.strip("[]"), int(port))) as server:
                    with self._lock:
                        self._sockets += [client, server]
                    self.opened += 1
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    server.sendall(early)
                    self._carry(client, server)

    @staticmethod
    def _carry(a: socket.socket, b: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(a, selectors.EVENT_READ, b)
            ready.register(b, selectors.EVENT_READ, a)
            while ready.get_map():
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if data:
                        key.data.sendall(data)
                    else:
                        key.data.shutdown(socket.SHUT_WR)
                        ready.unregister(key.fileobj)
