"""A browser by its own protocol (W3C WebDriver), as far as the tests of the page need it: nothing but the standard library."""

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request

BACKSPACE, TAB, ENTER, SHIFT, CONTROL, ESCAPE = "\ue003", "\ue004", "\ue007", "\ue008", "\ue009", "\ue00c"
F6 = "\ue036"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Fault(Exception):
    """The browser says that something can't be done."""


class Browser:
    """One window of a headless chromium; ends with the `with` block."""

    def __init__(self, driver, binary=None):
        self.n_clicks = self.n_keys = 0
        self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if "started successfully on port" in line:
                self.base = f"http://127.0.0.1:{line.rstrip().rstrip('.').rsplit(' ', 1)[1]}"
                break
        else:
            raise Fault("chromedriver doesn't start")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-US"]}
        if binary:
            options["binary"] = binary
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        except Exception:
            self.process.terminate()
            raise
        self.session = f"/session/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        except Fault:
            pass  # What was to be seen was seen; the driver ends its browser when it ends.
        finally:
            self.process.terminate()
            self.process.wait()

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Fault(f"{value['error']}: {value['message'].splitlines()[0]}") from None

    def do(self, method, path, body=None):
        return self._call(method, self.session + path, body)

    def devtools(self, command, **params):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def go(self, url):
        self.do("POST", "/url", {"url": url})

    def size(self, width, height, touch=False):
        """Makes the page this large; `touch` makes it a phone's."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if touch else 1, mobile=touch)
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=touch)

    def scheme(self, scheme):
        """Light or dark, as the system has it."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def script(self, script, *args):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def script_later(self, script, *args):
        """Runs a script that calls its last argument when it is done."""
        return self.do("POST", "/execute/async", {"script": script, "args": list(args)})

    def all(self, css):
        found = self.do("POST", "/elements", {"using": "css selector", "value": css})
        return [Node(self, one[ELEMENT]) for one in found]

    def shown(self, css):
        return [one for one in self.all(css) if one.is_shown()]

    def wait(self, css, words=None, seconds=20):
        """The last shown element of that kind (with those words), once there is one."""
        def look():
            found = [one for one in self.shown(css) if words is None or words in one.text()]
            return found[-1] if found else None
        return self.until(look, f"nothing shows {css}" + (f" with “{words}”" if words else ""), seconds)

    def until(self, look, complaint, seconds=20):
        """Waits for something to be so; a page that draws at that very moment is asked again."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = look()
                if found:
                    return found
            except Fault as fault:
                if "stale" not in str(fault) and "no such" not in str(fault):
                    raise
            if time.monotonic() > end:
                raise Fault(complaint)
            time.sleep(0.05)

    def click(self, css, words=None, seconds=20):
        """Clicks as a hand does: on what is shown, and not covered by something else."""
        self.n_clicks += 1
        def attempt():
            found = [one for one in self.shown(css) if words is None or words in one.text()]
            if not found:
                return False
            try:
                found[-1].click()
            except Fault as fault:
                if "intercepted" in str(fault) or "stale" in str(fault) or "interactable" in str(fault):
                    return False
                raise
            return True
        self.until(attempt, f"{css}" + (f" with “{words}”" if words else "") + " can't be clicked", seconds)

    def hover(self, css, words=None):
        """Moves the pointer onto the last one shown, and leaves it there."""
        node = self.wait(css, words)
        origin = {ELEMENT: node.path.rsplit("/", 1)[1]}
        move = {"type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0}
        self.do("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def type(self, words):
        """Types on the keyboard, wherever the focus is. Keys have names, as in W3C WebDriver."""
        self.n_keys += len(words)
        actions = [{"type": kind, "value": letter} for letter in words for kind in ("keyDown", "keyUp")]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def chord(self, keys):
        """Presses keys together: Shift and Tab, say."""
        held = [{"type": "keyDown", "value": key} for key in keys] + [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": held}]})

    def photograph(self, path):
        path.write_bytes(base64.b64decode(self.do("GET", "/screenshot")))

    def console(self):
        """What the page complained of since the last look."""
        return [entry for entry in self.do("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]


class Node:
    """An element of the page."""

    def __init__(self, browser, number):
        self.browser = browser
        self.path = f"/element/{number}"

    def click(self):
        self.browser.do("POST", f"{self.path}/click", {})

    def text(self):
        return self.browser.do("GET", f"{self.path}/text")

    def is_shown(self):
        return self.browser.do("GET", f"{self.path}/displayed")

    def attribute(self, name):
        return self.browser.do("GET", f"{self.path}/attribute/{name}")

    def property(self, name):
        return self.browser.do("GET", f"{self.path}/property/{name}")
