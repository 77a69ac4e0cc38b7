#!/usr/bin/env python3
"""Slack's own Python SDK against the workspace in a box.

Usage: python.py path/to/breakglass
Starts `breakglass sandbox`, signs in, talks to it over the Web API and Socket
Mode, and exits 0 only if every step came true. Needs the package slack_sdk.
"""

import http.server
import json
import subprocess
import sys
import threading
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse


def main(binary):
    sandbox = subprocess.Popen([binary, "sandbox"], stdout=subprocess.PIPE, text=True)
    try:
        talk(json.loads(sandbox.stdout.readline()))
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=10)


def serve(verifier, signed):
    """Takes deliveries over HTTP and notes whether each is rightly signed."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            signed.append(verifier.is_valid_request(body, dict(self.headers)))
            challenge = json.loads(body)["challenge"] if self.path.endswith("/events") else ""
            self.send_response(200)
            self.send_header("content-length", str(len(challenge)))
            self.end_headers()
            self.wfile.write(challenge.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def talk(room):
    def act(route, **body):
        request = urllib.request.Request(
            f"{room['control']}/{route}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        return json.load(urllib.request.urlopen(request, timeout=10))

    base = room["slack_api_url"] + "/"
    web = WebClient(token=room["bot_token"], base_url=base)
    done = 0

    def holds(what, truth):
        nonlocal done
        if not truth:
            sys.exit(f"not true: {what}")
        done += 1
        print(f"ok {done} - {what}")

    holds("auth.test says who we are", web.auth_test()["team"] == "Northwind")
    posted = web.chat_postMessage(channel="C0INCAUTH1", text="hello")
    holds("a message is posted", posted["ok"] and posted["ts"])
    web.chat_update(channel=posted["channel"], ts=posted["ts"], text="hello again")
    history = web.conversations_history(channel="C0INCAUTH1")
    holds("history shows the edit", history["messages"][0]["text"] == "hello again")
    web.chat_postMessage(channel="C0INCAUTH1", text="below", thread_ts=posted["ts"])
    replies = web.conversations_replies(channel="C0INCAUTH1", ts=posted["ts"])
    holds("the thread has its reply", [m["text"] for m in replies["messages"]] == ["hello again", "below"])
    holds("a person has a zone", web.users_info(user="U0DANA0001")["user"]["tz"] == "Europe/Berlin")
    members = web.usergroups_users_list(usergroup="S0ENGMGRS1")["users"]
    holds("a group has its members", "U0MORGAN01" in members)
    direct = web.conversations_open(users=["U0DANA0001"])["channel"]["id"]
    holds("a direct conversation opens", direct.startswith("D"))
    pages = [c for page in web.conversations_list(limit=2, types="public_channel") for c in page["channels"]]
    holds("pages follow their cursors", {"inc-auth-outage", "engineering"} <= {c["name"] for c in pages})
    try:
        web.chat_postMessage(channel="C0GENERAL1", text="not here")
        holds("a channel without the bot is refused", False)
    except SlackApiError as error:
        holds("a channel without the bot is refused", error.response["error"] == "not_in_channel")
    try:
        web.api_call("no.such.method")
        holds("an unknown method is refused", False)
    except SlackApiError as error:
        holds("an unknown method is refused", error.response["error"] == "unknown_method")

    heard, arrived = [], threading.Event()
    socket = SocketModeClient(app_token=room["app_token"], web_client=WebClient(base_url=base))

    def listen(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.append(request)
        arrived.set()

    socket.socket_mode_request_listeners.append(listen)
    socket.connect()
    answer = act("slash", **{"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency", "text": "Roll back @morgan"})
    arrived.wait(timeout=10)
    holds("a command arrives over the socket", heard and heard[0].type == "slash_commands")
    holds("its mention is escaped", heard[0].payload["text"] == "Roll back <@U0MORGAN01|morgan>")
    holds("its acknowledgement is taken", answer["status"] == "acknowledged")
    socket.close()

    signed = []
    address = serve(SignatureVerifier(room["signing_secret"]), signed)
    holds("the request URL answers its challenge", act("app", request_url=address)["ok"])
    act("slash", **{"as": "dana", "channel": "#inc-auth-outage", "command": "/emergency", "text": "help"})
    holds("what comes over HTTP is signed as Slack signs", len(signed) == 2 and all(signed))
    print(f"{done} passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
