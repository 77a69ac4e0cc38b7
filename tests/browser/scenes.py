"""What else somebody who knows Slack would try on the page; each scene begins in a channel and leaves nothing open."""

from webdriver import BACKSPACE, CONTROL, ENTER, ESCAPE, F6, SHIFT, TAB

INCIDENT, SECRET = "inc-auth-outage", "inc-secret"
WRITES = ".main .compose-input"


def all_of_them(story):
    for scene in (ephemeral, shortcut, thread, reaction, theme, required, confirm, overdue, home, ci, side_by_side, guest, keyboard, trouble, reconnect, phone):
        scene(story)


def goes_to(story, channel):
    story.browser.click(".side-row", channel)
    story.browser.wait(".main h1", channel)


def writes(story, words, into=WRITES):
    """Types and sends; a space before the end lets no completion take the Enter."""
    story.browser.click(into)
    story.browser.type(words + " " + ENTER)


def ephemeral(story):
    """What only one sees says so, and can be dismissed."""
    story.be("dana")
    goes_to(story, INCIDENT)
    writes(story, "/emergency help")
    story.browser.wait(".message.ephemeral", "Only visible to you")
    story.step("only-visible-to-you")
    story.browser.click(".message.ephemeral .dismiss")
    story.browser.until(lambda: not story.browser.shown(".message.ephemeral"), "what was dismissed still stands")


def shortcut(story):
    """A question and its answer in plain words become a record by a message shortcut."""
    browser = story.browser
    writes(story, "@morgan restarting the payment workers, the queue is stuck. Authorization?")
    browser.wait(".message", "queue is stuck")
    story.be("morgan")
    goes_to(story, INCIDENT)
    writes(story, "approved. Go.")
    browser.wait(".message", "approved. Go.")
    browser.hover(".message .author", "Morgan Reyes")
    browser.click(".message:hover .tool-more")
    browser.wait("[role=menu]", "Record authorization")
    story.step("message-shortcut")
    browser.click("[role=menuitem]", "Record authorization")
    browser.wait(".modal", "approved. Go.")
    story.step("which-messages")
    browser.click(".modal [data-action=submit]")
    browser.wait(".message", "restarting the payment workers, the queue is stuck\n")
    story.step("recorded-from-words")


def thread(story):
    """A thread opens beside its channel, is answered, and is read when it was seen."""
    browser = story.browser
    browser.click("[data-action=replies]")
    browser.wait(".thread .message")
    writes(story, "The workers are back; watching them.", ".thread .compose-input")
    browser.wait(".thread .message", "watching them")
    story.step("thread")
    browser.click(".thread .head-close")
    browser.until(lambda: not browser.shown(".thread"), "the thread stays open")


def reaction(story):
    """An emoji is one click, and a second one takes it back; one's own words can be edited in place."""
    browser = story.browser
    browser.hover(".message .author", "Morgan Reyes")
    browser.click(".message:hover [aria-label='React with raised hands']")
    browser.wait(".reaction.mine", "1")
    browser.hover(".message .author", "Morgan Reyes")
    browser.click(".message:hover .tool-more")
    browser.click("[role=menuitem]", "Edit message")
    browser.wait(".editor textarea")
    browser.type(" Thank you.")
    story.step("editing")
    browser.type(ENTER)
    browser.wait(".message", "Thank you. (edited)")
    browser.click(".reaction.mine")
    browser.until(lambda: not browser.shown(".reaction.mine"), "the reaction stays")


def theme(story):
    """Light or dark is as the system has it, or as one chooses; the choice outlives the page, as does where one sits."""
    browser = story.browser
    ground = "return getComputedStyle(document.querySelector('.main')).backgroundColor"
    light = browser.script(ground)
    browser.click("[data-action=stage-theme]")
    browser.click("[role=menuitem]", "Dark")
    browser.until(lambda: browser.script(ground) != light, "the switch doesn't make it dark")
    browser.script("location.reload()")
    browser.wait(".face.current", "Morgan")
    if browser.script(ground) == light:
        story.faults.append("theme: what was chosen is forgotten")
    browser.click("[data-action=stage-theme]")
    browser.click("[role=menuitem]", "As the system has it")
    browser.until(lambda: browser.script(ground) == light, "it doesn't follow the system again")


def required(story):
    """What is wrong stands under its field, whether Slack or the app found it, and nothing typed is lost."""
    browser = story.browser
    story.be("dana")
    goes_to(story, INCIDENT)
    writes(story, "/emergency")
    browser.wait(".modal")
    browser.click(".modal .select")
    browser.wait(".options .option", "Riley")
    story.step("choosing")
    browser.click(".options .option", "Riley")
    browser.click(".modal [data-block=when] input")
    browser.type("sometime")
    browser.click(".modal [data-action=submit]")
    browser.wait(".modal [data-block=what].wrong .error")
    browser.click(".modal [data-block=what] textarea")
    browser.type("Block one address range at the edge")
    browser.click(".modal [data-action=submit]")
    browser.wait(".modal [data-block=when].wrong .error")
    kept = browser.script("return [...document.querySelectorAll('.modal textarea, .modal input')].map(one => one.value)")
    if "Block one address range at the edge" not in kept or "Riley" not in browser.wait(".modal .select").text():
        story.faults.append(f"what was typed is lost when something else is wrong: {kept}")
    story.step("what-was-typed-stays")
    browser.click(".modal [data-block=when] input")
    browser.chord(CONTROL + "a")
    browser.type(BACKSPACE)
    browser.click(".modal [data-action=submit]")
    browser.until(lambda: not browser.shown(".modal"), "the modal stays open")
    browser.wait(".message", "Block one address range")


def confirm(story):
    """What can't be undone asks first; Escape means no."""
    browser = story.browser
    writes(story, "/emergency Fail the database over to the second region @morgan")
    browser.wait(".message", "Fail the database over")
    moves(story, "hour")
    browser.wait(".message [data-action=go_ahead]")
    browser.click(".message [data-action=go_ahead]")
    browser.wait(".confirm")
    story.step("confirm")
    browser.type(ESCAPE)
    browser.until(lambda: not browser.shown(".confirm"), "Escape doesn't close it")
    browser.wait(".message [data-action=go_ahead]")
    browser.click(".message [data-action=go_ahead]")
    browser.click("[data-action=confirm-yes]")

    def card():
        return browser.wait(".message", "Fail the database over").text()

    browser.until(lambda: "went ahead" in card(), "the card doesn't say who went ahead")
    browser.click(".message [data-action=deployed]")
    browser.until(lambda: "Deployed by @dana" in card(), "the card doesn't say that it was deployed")


def moves(story, name):
    """Moves the clock by a button of the stage, and waits until it has arrived."""
    browser = story.browser
    before = browser.wait(".clock-now").text()
    browser.click(f"[data-action=stage-move-{name}]")
    browser.until(lambda: browser.wait(".clock-now").text() != before and not browser.shown(".stage.moving"), f"the clock doesn't move: {name}", 60)


def overdue(story):
    """The deadline passes, and that stands on the card."""
    moves(story, "deadline")
    story.browser.wait(".message", "and is overdue")
    story.step("overdue")


def home(story):
    """The app's Home says what one owes; its tabs can be gone through."""
    browser = story.browser
    browser.click(".side-row", "Breakglass")
    browser.click("[data-action=tab-home]")
    browser.wait(".home .blocks")
    story.step("app-home")
    browser.click("[data-action=tab-about]")
    browser.wait(".about", "/emergency")
    story.step("about")
    browser.click("[data-action=tab-messages]")
    browser.wait(".main .message")
    story.step("direct-messages")


def ci(story):
    """CI deploys what nobody declared; the bot asks its author."""
    browser = story.browser
    moves(story, "monday")
    browser.click("[data-action=stage-ci]")
    browser.wait("[role=menu]")
    story.step("ci")
    browser.click("[role=menuitem]", "hotfix")
    browser.wait(".toast", "CI said so")
    moves(story, "hour")
    browser.click(".side-row", "Breakglass")
    browser.click("[data-action=tab-messages]")
    browser.wait(".main .message", "stuck payments")
    story.step("undeclared")


def side_by_side(story):
    """Two people at once: what the one says is unread to the other, who looks elsewhere."""
    browser = story.browser
    goes_to(story, INCIDENT)
    browser.click("[data-action=stage-pair]")
    browser.wait(".desk:nth-child(2) .face.current")
    browser.click(".desk:nth-child(2) [data-action=be-morgan]")
    browser.click(".desk:nth-child(2) .side-row", "general")
    browser.wait(".desk:nth-child(2) .main h1", "general")
    writes(story, "@morgan all quiet again since ten minutes.", ".desk:nth-child(1) .main .compose-input")
    unread = ".desk:nth-child(2) .side-row.fresh"
    browser.wait(unread, f"{INCIDENT}\n1")
    below = browser.script("const list = document.querySelector('.main .messages'); return list.scrollHeight - list.scrollTop - list.clientHeight")
    if below > 2:
        story.faults.append(f"whoever writes doesn't see it: {below} pixels are below")
    story.step("side-by-side")
    browser.click(unread, INCIDENT)
    browser.wait(".desk:nth-child(2) .new-line")
    browser.until(lambda: not any(INCIDENT in one.text() for one in browser.shown(unread)), "what was read stays unread")
    story.step("new-messages")
    browser.click("[data-action=stage-pair]")
    browser.until(lambda: not browser.shown(".desk:nth-child(2)"), "the second desk stays")


def guest(story):
    """A guest sees the channels that they are in, may ask, and is told what they may not do."""
    browser = story.browser
    story.be("gus")
    goes_to(story, INCIDENT)
    writes(story, "/emergency Restart the search cluster @morgan")
    browser.wait(".message", "search cluster")
    if browser.all(f".sidebar [aria-label='{SECRET}']"):
        story.faults.append("a guest sees a private channel")
    browser.click(".message [data-action=authorize]")
    browser.wait(".message.ephemeral")
    story.step("guest")


def keyboard(story):
    """A whole command without a mouse: to the composer, a name completed, sent, and a button of the card pressed."""
    browser = story.browser
    story.be("dana")
    goes_to(story, INCIDENT)
    browser.script("document.activeElement.blur()")
    presses(browser, F6, "return document.activeElement.matches('.main .compose-input')", "F6 doesn't reach the composer")
    browser.type("/eme")
    browser.wait(".complete .option", "/emergency")
    browser.type(ENTER)
    browser.type("Turn the new cache off @ril")
    browser.wait(".complete .option", "Riley")
    browser.type(ENTER)
    browser.type(ENTER)
    browser.wait(".message", "Turn the new cache off")
    reached = "const on = document.activeElement; return on.dataset.action === 'criterion:customer_impact' && on.closest('.message').textContent.includes('Turn the new cache off')"
    presses(browser, SHIFT + TAB, reached, "Shift+Tab doesn't reach the card's buttons")
    story.step("keyboard")
    browser.type(ENTER)
    browser.until(lambda: "not yet stated" not in browser.wait(".message", "Turn the new cache off").text(), "Enter doesn't press the button")


def presses(browser, keys, until, complaint):
    for _ in range(80):
        browser.chord(keys)
        if browser.script(until):
            return
    browser.until(lambda: browser.script(until), complaint, 0)


def trouble(story):
    """Slack refuses, drops and repeats; the card comes all the same, and once."""
    browser = story.browser
    browser.click("[data-action=stage-trouble]")
    browser.wait(".stage-trouble[aria-pressed=true]")
    writes(story, "/emergency Throttle sign-ups at the gateway @morgan")
    browser.wait(".message", "Throttle sign-ups", 60)
    story.step("misbehaving-slack")
    browser.click("[data-action=stage-trouble]")
    browser.wait(".stage-trouble[aria-pressed=false]")
    story.settle()
    cards = [one for one in browser.shown(".main .message") if "Throttle sign-ups" in one.text()]
    if len(cards) != 1:
        story.faults.append(f"misbehaving Slack: {len(cards)} cards for one request")


def reconnect(story):
    """The wire is cut; the page says so, keeps what couldn't be sent, and has everything again when it is mended."""
    browser = story.browser
    story.complaints()
    story.relay.cut()
    browser.wait(".line-down", "Reconnecting")
    unsent = "Typed while the wire was cut."
    writes(story, unsent)
    browser.wait(".toast.bad", "doesn't answer")
    browser.until(lambda: browser.wait(WRITES).property("value") == unsent, "what couldn't be sent is lost")
    story.photograph("cut-off")
    missed = "Said while the wire was cut."
    story.elsewhere("say", {"as": "riley", "channel": f"#{INCIDENT}", "text": missed})
    story.relay.mend()
    browser.wait(".message", missed)
    browser.until(lambda: not browser.shown(".line-down"), "the page thinks that it is still cut off")
    browser.click(WRITES)
    browser.type(ENTER)
    browser.wait(".message", unsent)
    # A browser says itself that a connection was lost; nothing else may be complained of.
    story.faults += [f"reconnect: {one}" for one in story.complaints() if "net::ERR_" not in one]


def phone(story):
    """On a phone one pane stands at a time, with a way back."""
    browser = story.browser
    browser.size(390, 844, True)
    browser.click(".main .back")
    browser.wait(".sidebar .side-row")
    story.photograph("phone-conversations")
    browser.click(".side-row", INCIDENT)
    browser.wait(WRITES)
    browser.click("[data-action=replies]")
    browser.wait(".thread .message")
    story.photograph("phone-thread")
    browser.click(".thread .head-close")
    browser.wait(WRITES)
    browser.click(".main .message:last-child .tool-more")
    browser.wait("[role=menu]")
    story.photograph("phone-menu")
    browser.type(ESCAPE)
    browser.click("[data-action=stage-clock]")
    browser.wait("[role=menu]", "To the next reminder")
    story.photograph("phone-clock")
    browser.click("[role=menuitem]", "Stop the clock")
    browser.wait(".clock-stopped", "stopped")
    story.photograph("phone-stopped")
    browser.size(1280, 800)
