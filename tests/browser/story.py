"""Plays the story on the page as a person would, by clicking and typing, in a real browser.

    python3 tests/browser/story.py target/release/breakglass AXE.min.js target/page

Takes a picture of each step in light, dark and as a phone shows it; asks axe-core for faults of accessibility at each;
ends with 1 if the story breaks, if the page complained on its console, if it met a block that it can't show, or if the
whole took five minutes or longer.
"""

import pathlib
import shutil
import subprocess
import sys
import time

from webdriver import Browser, Fault

LIMIT = 300  # A newcomer gives it five minutes.
TAB, ENTER, ESCAPE = "\ue004", "\ue007", "\ue00c"
# What axe calls serious or worse keeps somebody from using the page.
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(found => done(found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.target.join(" ")).join(" | ")}`)));
"""


class Story:
    def __init__(self, browser, axe, pictures):
        self.browser, self.axe, self.pictures = browser, axe, pictures
        self.n, self.faults, self.looking = 0, [], 0.0

    def step(self, name):
        """Looks at the page from all sides; what that takes isn't the newcomer's time."""
        began = time.monotonic()
        self.n += 1
        browser = self.browser
        for look, scheme, phone in (("light", "light", False), ("dark", "dark", False), ("phone", "light", True)):
            browser.scheme(scheme)
            browser.size(*((390, 844, True) if phone else (1280, 800)))
            browser.photograph(self.pictures / f"{self.n:02}-{name}-{look}.png")
            wide = browser.script("return document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                self.faults.append(f"{name}, {look}: {wide} pixels too wide")
            if not browser.script("return typeof axe !== 'undefined'"):
                browser.script(self.axe)
            self.faults += [f"{name}, {look}: {fault}" for fault in browser.script_later(AXE)]
        browser.scheme("light")
        browser.size(1280, 800)
        for one in browser.all(".unknown"):
            self.faults.append(f"{name}: {one.text()}")
        self.faults += [f"{name}: {entry['message']}" for entry in browser.console()]
        took = time.monotonic() - began
        self.looking += took
        print(f"  {self.n:2}. {name}", flush=True)

    def be(self, handle):
        self.browser.click(f"[data-action=be-{handle}]")
        self.browser.wait(".face.current", handle.capitalize())

    def heading(self, words):
        self.browser.wait(".tour h2", words)

    def play(self):
        browser = self.browser
        self.step("begin")
        browser.click("[data-action=tour-next]")
        self.heading("Ask")
        browser.wait(".clock-now", "02:14")
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
        browser.click("[data-action=overflow], .overflow")
        browser.wait("[role=menu]")
        self.step("overflow")
        if browser.shown("[role=menu]"):
            browser.type(ESCAPE)
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
        self.step("ticket")
        self.heading("Fill the ticket in")
        browser.click("[data-action=tour-act]")
        browser.click(".modal [data-action=submit]")
        self.heading("Morgan decides")
        self.step("documented")
        self.be("morgan")
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


def main(program, axe, pictures):
    pictures = pathlib.Path(pictures)
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    demo = subprocess.Popen([program, "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = demo.stdout.readline().strip()
        with Browser(shutil.which("chromedriver"), shutil.which("chromium")) as browser:
            browser.size(1280, 800)
            browser.scheme("light")
            began = time.monotonic()
            browser.go(address)
            browser.wait(".side-row")
            story = Story(browser, pathlib.Path(axe).read_text(), pictures)
            try:
                story.play()
            except Fault as fault:
                browser.photograph(pictures / "broken.png")
                story.faults.append(f"the story breaks: {fault}")
            took = time.monotonic() - began - story.looking
        if took >= LIMIT:
            story.faults.append(f"it took {took:.0f} s; a newcomer gives it {LIMIT} s")
        for fault in story.faults:
            print(f"FAULT {fault}")
        print(f"{story.n} steps in {took:.0f} s, {len(story.faults)} faults; pictures are in {pictures}")
        return 1 if story.faults else 0
    finally:
        demo.terminate()
        demo.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
