#!/usr/bin/env python3
"""Slack's own Python SDK against the workspace in a box.

Usage: python.py path/to/breakglass
Does what script.json says, once over Socket Mode and once over HTTP, each time
against a fresh `breakglass sandbox`, and exits 0 only if all of it came true.
Needs the package slack_sdk. Its counterpart in JavaScript is bolt.mjs.
"""

import contextlib
import functools
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

HERE = pathlib.Path(__file__).parent
# Longer than any step takes on a slow machine; only what never comes waits so long.
PATIENCE_S = 20

said = 0


def holds(what, truth, instead=None):
    """States a fact, or ends the run."""
    global said
    if not truth:
        sys.exit(f"not true: {what}" + (f"; instead: {json.dumps(instead)}" if instead is not None else ""))
    said += 1
    print(f"ok {said} - {what}")


def has(actual, wanted):
    """Whether all that is wanted is there; script.json says how lists are meant."""
    if isinstance(wanted, list):
        same = isinstance(actual, list) and len(actual) == len(wanted)
        return same and all(map(has, actual, wanted))
    if isinstance(actual, list):
        return any(has(element, wanted) for element in actual)
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(key in actual and has(actual[key], wanted[key]) for key in wanted)
    return actual == wanted


def resolved(wanted, kept):
    """Puts what was kept in the place of its names."""
    if isinstance(wanted, dict):
        return {key: resolved(value, kept) for key, value in wanted.items()}
    if isinstance(wanted, list):
        return [resolved(value, kept) for value in wanted]
    if not (isinstance(wanted, str) and wanted.startswith("$")):
        return wanted
    part = kept
    for name in wanted[1:].split("."):
        part = part[int(name)] if isinstance(part, list) else part[name]
    return part


class App:
    """What the app hears, and what it answers to the step under way."""

    def __init__(self):
        self.heard, self.answer, self.news = [], None, threading.Condition()

    def take(self, payload):
        with self.news:
            self.heard.append(payload)
            self.news.notify_all()
            return self.answer if payload.get("type") != "event_callback" else None

    def hears(self, wanted):
        """The first of what is wanted that was heard since the step began; None if it doesn't come."""

        def found():
            return next((payload for payload in self.heard if has(payload, wanted)), None)

        with self.news:
            self.news.wait_for(found, PATIENCE_S)
            return found()


@contextlib.contextmanager
def sandbox(binary):
    command = [binary, "sandbox", "--manifest", str(HERE / "manifest.yml")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(running.stdout.readline())
    finally:
        running.terminate()
        running.wait(timeout=PATIENCE_S)


def control(room, route, body=None):
    """The control interface: a GET without a body, else a POST; its refusals are answers, too."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"{room['control']}/{route}", data=data, timeout=PATIENCE_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


class Sockets:
    """The app's Socket Mode client."""

    def __init__(self, room, app):
        base = room["slack_api_url"] + "/"
        self.n_hellos, self.hello = 0, threading.Condition()
        self.client = SocketModeClient(app_token=room["app_token"], web_client=WebClient(base_url=base))
        self.client.message_listeners.append(self.listen)
        self.client.socket_mode_request_listeners.append(
            lambda client, request: client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=app.take(request.payload))
            )
        )
        self.client.connect()
        holds("the SDK connects and is greeted", self.greeted(1))
        self.first = control(room, "sockets")["sockets"]
        holds("the workspace counts its socket", len(self.first) == 1, self.first)

    def listen(self, _client, message, _raw):
        if message.get("type") == "hello":
            with self.hello:
                self.n_hellos += 1
                self.hello.notify_all()

    def greeted(self, times):
        with self.hello:
            return self.hello.wait_for(lambda: self.n_hellos >= times, PATIENCE_S)

    def changed(self, room):
        control(room, "sockets/farewell", {"reason": "refresh_requested"})
        holds("told that its socket ends, the SDK opens another", self.greeted(2))
        second = control(room, "sockets")["sockets"]
        holds("the workspace counts that one, too", any(socket not in self.first for socket in second), second)

    def close(self):
        self.client.close()


class Doors:
    """The app's HTTP server, which takes only what is signed with this secret."""

    def __init__(self, app, secret):
        verifier = SignatureVerifier(secret)

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                if not verifier.is_valid_request(body, dict(self.headers)):
                    return self.reply(401, None)
                if self.headers["content-type"] == "application/json":
                    payload = json.loads(body)
                else:
                    payload = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
                    payload = json.loads(payload["payload"]) if "payload" in payload else payload
                if payload.get("type") == "url_verification":
                    return self.reply(200, {"challenge": payload["challenge"]})
                return self.reply(200, app.take(payload))

            def reply(self, status, answer):
                body = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def do(step, web, room, app, kept):
    """What a step does; its answer, or its refusal."""
    given = resolved(step.get("with", {}), kept)
    if "act" in step:
        return control(room, step["act"], given)
    if "look" in step:
        return control(room, f"{step['look']}?{urllib.parse.urlencode(given)}")
    if "upload" in step:
        return web.files_upload_v2(**step["upload"]).data
    if "respond" in step:
        answered = WebhookClient(kept["heard"]["response_url"]).send_dict(step["respond"])
        return {"status": answered.status_code, "body": answered.body}
    name = step.get("call") or step["pages"]
    # What the SDK has no name for, it calls by Slack's.
    method = getattr(web, name.replace(".", "_"), functools.partial(web.api_call, name))
    if "call" in step:
        return method(**given).data
    pages = [page[step["of"]] for page in method(**given)]
    return {"n_pages": len(pages), step["of"]: [element for page in pages for element in page]}


def play(steps, web, room, app, door):
    kept = {}
    for step in steps:
        fact = f"{door}: {step['fact']}"
        app.heard, app.answer = [], resolved(step.get("ack"), kept)
        try:
            answer, refusal = do(step, web, room, app, kept), None
        except SlackApiError as error:
            answer, refusal = None, error.response.data
        true = has(refusal, step["fails"]) if "fails" in step else refusal is None
        true = true and (refusal is not None or has(answer, resolved(step.get("gives", {}), kept)))
        true = true and not ("lacks" in step and has(answer, resolved(step["lacks"], kept)))
        if true and "hears" in step:
            kept["heard"] = app.hears(resolved(step["hears"], kept))
            true = kept["heard"] is not None
        if "keep" in step:
            kept[step["keep"]] = answer
        holds(fact, true, {"answer": answer, "refusal": refusal, "heard": app.heard})


def talk(binary, steps, door):
    with sandbox(binary) as room:
        app = App()
        web = WebClient(token=room["bot_token"], base_url=room["slack_api_url"] + "/")
        web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
        if door == "HTTP":
            stranger = Doors(app, "0" * 32)
            refused = control(room, "app", {"request_url": stranger.url})
            holds("an app with another signing secret takes nothing", refused["ok"] is False, refused)
            stranger.close()
            open_door = Doors(app, room["signing_secret"])
            taken = control(room, "app", {"request_url": open_door.url})
            holds("the app's request URL answers its challenge", taken["ok"] is True, taken)
        else:
            open_door = Sockets(room, app)
        play(steps, web, room, app, door)
        if door == "Socket Mode":
            open_door.changed(room)
            # An event, because one that meets a socket on its way out is delivered again.
            again = [step for step in steps if step["fact"] == "a mention is heard"]
            play(again, web, room, app, f"{door}, on the other socket")
        open_door.close()
        calls = control(room, "calls")["calls"]
        n_calls = sum(re.fullmatch(r"[a-zA-Z]+\.[a-zA-Z.]+", call["method"]) is not None for call in calls)
        holds(f"{door}: the workspace counts {n_calls} calls of the Web API, at least 30", n_calls >= 30)


if __name__ == "__main__":
    script = json.loads((HERE / "script.json").read_text())["steps"]
    talk(sys.argv[1], script, "Socket Mode")
    talk(sys.argv[1], script, "HTTP")
    print(f"{said} passed, 0 failed")
