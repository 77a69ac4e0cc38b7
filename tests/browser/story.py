"""Plays the story on the page as a person would, by clicking and typing, in a real browser; then what else a Slack
user would try (`scenes.py`).

    python3 tests/browser/story.py target/release/breakglass AXE.min.js target/page

Takes a picture of each step in light, in dark and as a phone shows it; asks axe-core for faults of accessibility at
each. Ends with 1 if the story breaks, if the page complained on its console, if it met a block that it can't show, or
if a newcomer would need five minutes or longer. Needs chromium and chromedriver, and nothing but Python beside them.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import scenes
from relay import Relay
from webdriver import ENTER, ESCAPE, TAB, Browser, Fault

LIMIT = 300  # A newcomer gives it five minutes.
# What a newcomer takes, in seconds: nobody types, looks and reads as fast as this script.
PER_CLICK, PER_KEY, PER_WORD = 2, 0.3, 0.25
# What axe calls serious or worse keeps somebody from using the page.
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(found => done(found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.target.join(" ")).join(" | ")}`)));
"""
# What there is to read: the tour and the newest message. A form that the tour fills in is glanced at,
# and so is the message that says it again.
NEWS = """
const newest = [...document.querySelectorAll(".main .message .text")].pop();
return [document.querySelector(".tour-words"), document.querySelector(".modal") ? null : newest].map((one) => one?.innerText ?? "").join("\\n");
"""


class Story:
    def __init__(self, browser, address, relay, axe, pictures):
        self.browser, self.address, self.relay, self.axe, self.pictures = browser, address, relay, axe, pictures
        self.n, self.n_pictures, self.faults, self.looking, self.read = 0, 0, [], 0.0, set()

    def step(self, name, glance=False):
        """Looks at the page from all sides; what that takes isn't the newcomer's time. Nobody reads at a `glance`."""
        began = time.monotonic()
        self.n += 1
        browser = self.browser
        if not glance:
            self.read |= set(browser.script(NEWS).splitlines())
        for look, scheme, phone in (("light", "light", False), ("dark", "dark", False), ("phone", "light", True)):
            browser.scheme(scheme)
            browser.size(*((390, 844, True) if phone else (1280, 800)))
            self.shot(f"{self.n:02}-{name}-{look}")
        browser.scheme("light")
        browser.size(1280, 800)
        for one in browser.all(".unknown"):
            self.faults.append(f"{name}: {one.text()}")
        self.faults += [f"{name}: {one}" for one in self.complaints()]
        print(f"  {self.n:2}. {name}", flush=True)
        self.looking += time.monotonic() - began

    def photograph(self, name):
        """Looks at the page as it is."""
        self.n += 1
        self.shot(f"{self.n:02}-{name}")
        print(f"  {self.n:2}. {name}", flush=True)

    def shot(self, name):
        browser = self.browser
        self.n_pictures += 1
        browser.photograph(self.pictures / f"{name}.png")
        wide = browser.script("return document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.faults.append(f"{name}: {wide} pixels too wide")
        if not browser.script("return typeof axe !== 'undefined'"):
            browser.script(self.axe)
        self.faults += [f"{name}: {fault}" for fault in browser.script_later(AXE)]

    def complaints(self):
        return [entry["message"] for entry in self.browser.console()]

    def elsewhere(self, route, body):
        """Does something without the page, as another program would."""
        request = urllib.request.Request(f"{self.address}sandbox/{route}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def settle(self):
        """Waits until nothing is under way between the workspace and the bot."""
        self.elsewhere("clock/settle", {})

    def be(self, handle):
        self.browser.click(f"[data-action=be-{handle}]")
        self.browser.wait(".face.current", handle.capitalize())

    def heading(self, words):
        self.browser.wait(".tour h2", words)

    def told(self):
        """The story of the README, with the page's own tour as the guide."""
        browser = self.browser
        self.step("begin")
        browser.click("[data-action=tour-next]")
        self.heading("Ask")
        browser.wait(".clock-now", "02:14")
        browser.wait(".message", "as soon as there is a yes")
        browser.click(".main .compose-input")
        browser.type("/eme")
        browser.wait(".complete .option", "/emergency")
        self.step("command-completed")
        browser.type(TAB)
        browser.type("Deploy WAF rule to block SQL injection @mor")
        browser.wait(".complete .option", "Morgan")
        self.step("name-completed")
        browser.type("g" + ENTER)
        browser.type(ENTER)
        browser.wait("[data-action=authorize]")
        self.step("card")
        browser.click(".message .overflow")
        browser.wait("[role=menu]")
        self.step("overflow")
        browser.type(ESCAPE)
        browser.until(lambda: not browser.shown("[role=menu]"), "Escape doesn't close a menu")
        browser.click("[data-action='criterion:production_down']")
        self.heading("Morgan authorizes")
        self.be("morgan")
        browser.click("[data-action=authorize]")
        self.heading("Riley")
        self.step("authorized")
        self.be("riley")
        browser.click("[data-action=take_command]")
        self.heading("Dana deploys")
        self.be("dana")
        browser.wait(".clock-now", "02:19")
        browser.click("[data-action=deployed]")
        browser.wait(".section-text", "Deployed by")
        self.step("deployed")
        self.heading("Later that day")
        browser.click(".stage-move-reminder")
        self.heading("Document it")
        self.step("reminder")
        browser.click(".main .message:last-child [data-action=document]")
        browser.wait(".modal")
        self.heading("Fill the ticket in")
        self.step("ticket")
        browser.click("[data-action=tour-act]")
        browser.click(".modal [data-action=submit]")
        self.heading("Morgan decides")
        self.step("documented")
        self.be("morgan")
        browser.wait(".main .message:last-child [data-action=approve]")
        self.step("to-decide", glance=True)
        browser.click(".main .message:last-child [data-action=approve]")
        browser.wait(".modal")
        browser.click(".modal [data-action=submit]")
        browser.wait(".modal .wrong .error")
        self.step("error-under-its-field")
        browser.click("[data-action=tour-act]")
        browser.click(".modal [data-action=submit]")
        self.heading("The week's other changes")
        self.step("approved")
        browser.click("[data-action=tour-act]")
        self.heading("Monday's report")
        browser.wait(".image img")
        browser.until(lambda: browser.script("return [...document.querySelectorAll('.image img')].every(one => one.naturalWidth > 0)"), "the chart isn't shown")
        self.step("report")
        browser.click("[data-action=tour-next]")
        self.heading("The auditor asks")
        self.be("sam")
        browser.click("[data-action=tour-act]")
        browser.type(ENTER)
        self.heading("Now break something")
        browser.wait(".main .file")
        opened = browser.script_later("const done = arguments[0]; fetch(document.querySelector('.main .file').href).then(answer => done([answer.status, answer.headers.get('content-type')]))")
        if opened != [200, "application/zip"]:
            self.faults.append(f"the pack doesn't open: {opened}")
        self.step("the-auditors-pack")
        browser.click("[data-action=tour-next]")
        browser.until(lambda: not browser.shown(".tour"), "the tour doesn't end")


def main(program, axe, pictures):
    pictures = pathlib.Path(pictures)
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    demo = subprocess.Popen([program, "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = demo.stdout.readline().strip()
        relay = Relay("127.0.0.1", urllib.parse.urlsplit(address).port)
        with Browser(shutil.which("chromedriver"), shutil.which("chromium")) as browser:
            return play(Story(browser, address, relay, pathlib.Path(axe).read_text(), pictures))
    finally:
        demo.terminate()
        demo.wait()


def play(story):
    browser = story.browser
    browser.size(1280, 800)
    browser.scheme("light")
    began = time.monotonic()
    browser.go(story.relay.address)
    took = newcomer = None
    try:
        browser.wait(".side-row")
        browser.script("console.error('Is this heard?')")
        if not any("Is this heard?" in one for one in story.complaints()):
            story.faults.append("what the page complains of isn't heard")
        story.told()
        took = time.monotonic() - began - story.looking
        newcomer = took + browser.n_clicks * PER_CLICK + browser.n_keys * PER_KEY + sum(len(line.split()) for line in story.read) * PER_WORD
        scenes.all_of_them(story)
    except Fault as fault:
        browser.photograph(story.pictures / "broken.png")
        story.faults.append(f"the story breaks: {fault}")
    if newcomer is not None:
        print(f"The story took {took:.0f} s; at the pace of somebody new to it, who reads as they go, {newcomer:.0f} s.")
        if newcomer >= LIMIT:
            story.faults.append(f"a newcomer needs {newcomer:.0f} s, and gives it {LIMIT} s")
    for fault in dict.fromkeys(story.faults):
        print(f"FAULT {fault}")
    print(f"{story.n} steps, {story.n_pictures} pictures in {story.pictures}, {len(story.faults)} faults")
    return 1 if story.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
