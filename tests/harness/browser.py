"""Drives a browser for tests: reads one JSON command a line, and answers each with one JSON line.

browser.py CHROMIUM
  {"tab": name, "open": url}        {"tab": name, "reload": true}
  {"tab": name, "click": [selector, selector of the text that changes]}
  {"tab": name, "text": selector}   {"tab": name, "evaluate": script}     {"tab": name, "picture": path}
Each answer holds `value`, and the `problems` of the tab since the last answer: failed requests, console errors.
"""

import json
import sys

from playwright.sync_api import sync_playwright

SIZE = {"width": 460, "height": 300}


class Tab:
    def __init__(self, context):
        self.page = context.new_page()
        self.problems = []
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("response", self.note_response)
        self.page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url} {request.failure}"))

    def note_console(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def note_response(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def do(self, command):
        page = self.page
        if "open" in command:
            page.goto(command["open"], wait_until="networkidle")
        elif "reload" in command:
            page.reload(wait_until="networkidle")
        elif "click" in command:
            button, text = command["click"]
            before = page.inner_text(text)
            page.click(button)
            changed = "([text, before]) => document.querySelector(text).innerText !== before"
            page.wait_for_function(changed, arg=[text, before])
        elif "text" in command:
            return page.inner_text(command["text"])
        elif "evaluate" in command:
            return page.evaluate(command["evaluate"])
        elif "picture" in command:
            page.screenshot(path=command["picture"])
        return None


def main():
    with sync_playwright() as playwright:
        # Containers run as root, where Chromium's own sandbox can't.
        chromium = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
        context = chromium.new_context(viewport=SIZE)
        context.set_default_timeout(20_000)
        tabs = {}
        for line in sys.stdin:
            command = json.loads(line)
            name = command.pop("tab")
            tab = tabs[name] = tabs.get(name) or Tab(context)
            value = tab.do(command)
            problems, tab.problems = tab.problems, []
            print(json.dumps({"value": value, "problems": problems}), flush=True)
        chromium.close()


main()
