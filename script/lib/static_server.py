"""Stands for the CDN: serves a store's folder on a loopback port, as a public bucket would."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(SimpleHTTPRequestHandler):
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".avif": "image/avif",
        ".css": "text/css",
        ".ico": "image/x-icon",
        ".js": "text/javascript",
        ".json": "application/json",
        ".map": "application/json",
        ".mjs": "text/javascript",
        ".svg": "image/svg+xml",
        ".webp": "image/webp",
        ".woff": "font/woff",
        ".woff2": "font/woff2",
    }

    def send_head(self):
        # A bucket has no listings, and a public one keeps the markers to itself.
        if self.path.endswith("/") or "/.static-assets/" in self.path:
            self.send_error(404)
            return None
        return super().send_head()

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        super().end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder):
    """The base URL, with a trailing slash."""
    with listening(lambda *args: Handler(*args, directory=folder)) as url:
        yield url


@contextlib.contextmanager
def page(html):
    """The URL of a server that has this page and nothing else."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = html.encode()
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with listening(Page) as url:
        yield url


@contextlib.contextmanager
def listening(handler):
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
