"""A wire between the browser and the workspace that can be cut and mended, as a laptop's is when it sleeps."""

import socket
import threading


class Relay:
    """Carries connections to `host:port` from an address of its own, `.address`."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.whole = True
        self.ends = set()
        self.lock = threading.Lock()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:{}/".format(self.door.getsockname()[1])
        threading.Thread(target=self._welcome, daemon=True).start()

    def _welcome(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return  # The relay was closed.
            with self.lock:
                if not self.whole:
                    near.close()
                    continue
                far = socket.create_connection(self.target)
                self.ends |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass  # It was cut.
        finally:
            with self.lock:
                for end in (one, other):
                    self._end(end)

    def _end(self, end):
        self.ends.discard(end)
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was first.
        end.close()

    def cut(self):
        """Ends every connection, and takes none until `mend`."""
        with self.lock:
            self.whole = False
            for end in list(self.ends):
                self._end(end)

    def mend(self):
        with self.lock:
            self.whole = True

    def close(self):
        self.door.close()
        self.cut()
