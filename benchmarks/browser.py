"""A headless Chromium that a script drives: pages are opened, looked at and clicked, without a network.

Commands go through a pipe (`--remote-debugging-pipe`), so that the standard library is enough and no port is opened.
"""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = ("gpu", "quic", "background-networking", "component-update", "sync", "extensions", "default-apps")

#: The browser reads commands from descriptor 3 and answers on 4, whatever the ends of the pipes are called here.
_START = """
import fcntl, os, sys
given = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(given[0], 3)
os.dup2(given[1], 4)
os.closerange(5, 64)
os.execv(sys.argv[3], sys.argv[3:])
"""


def browser_path() -> str | None:
    """Return the browser of this machine, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class BrowserError(Exception):
    """The browser refused a command, or a script of the page failed."""


class Browser:
    """One page of a browser that has neither window nor network.

    Attributes
    ----------
    messages : errors and warnings of the page's console, the security policy's among them.
    """

    def __init__(self, folder: Path, width: int = 1280, height: int = 900) -> None:
        """Start the browser with an empty profile in ``folder``; files that a page saves go to ``folder/saved``."""
        self.folder, self.messages = folder, []
        self.saved = folder / "saved"
        self.saved.mkdir(parents=True, exist_ok=True)
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        command = [browser_path(), "--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe"]
        command += [*(f"--disable-{name}" for name in _QUIET), "--host-resolver-rules=MAP * ~NOTFOUND"]
        command += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}", "about:blank"]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-I", "-S", "-c", _START, str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._numbers, self._buffer, self._session = itertools.count(1), b"", None
        self.events: list[dict[str, Any]] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.saved))
        self.resize(width, height)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        # The browser's other processes write into the profile until it has closed.
        with contextlib.suppress(BrowserError, OSError, subprocess.TimeoutExpired):
            self.call("Browser.close", timeout=5)
            self._process.wait(timeout=10)
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, *, timeout: float = 120, **params: Any) -> dict[str, Any]:
        """Give one command and return its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            answer = self._next(end - time.monotonic())
            if answer and answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]
        raise BrowserError(f"{method}: no answer in {timeout:g} s")

    def _next(self, timeout: float) -> dict[str, Any] | None:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(timeout, 0))[0]:
                return None
            read = os.read(self._in, 1 << 20)
            if not read:
                raise BrowserError("the browser has ended")
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        if "id" not in message:
            self.events.append(message)
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.messages.append(details.get("exception", {}).get("description") or details["text"])
        elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.messages.append(params["entry"]["text"])

    def open(self, page: Path, fragment: str = "", timeout: float = 60) -> None:
        """Open a file and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=page.resolve().as_uri() + fragment)
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'", timeout)

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, condition: str, timeout: float = 30) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.run(f"Boolean({condition})"):
                return
            time.sleep(0.02)
        raise BrowserError(f"not true after {timeout:g} s: {condition}")

    def resize(self, width: int, height: int, scale: float = 1, *, mobile: bool = False) -> None:
        """Give the page another size, in its own pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )

    def media(self, *, kind: str = "", scheme: str = "light") -> None:
        """Show the page as in print (``kind="print"``) or in a colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=kind, features=features)

    def click(self, x: float, y: float, **more: Any) -> None:
        """Click at a place of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, **more)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press or release the mouse at a place of the window."""
        pressed = {} if kind == "mouseMoved" and not more.pop("held", False) else {"button": "left", "buttons": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, clickCount=1, **pressed, **more)

    def drag(self, *places: tuple[float, float]) -> None:
        """Press at the first place, move over the others and release at the last."""
        self.mouse("mouseMoved", *places[0])
        self.mouse("mousePressed", *places[0])
        for place in places[1:]:
            self.mouse("mouseMoved", *place, held=True)
        self.mouse("mouseReleased", *places[-1])

    def type(self, text: str) -> None:
        """Type text into what has the focus."""
        self.call("Input.insertText", text=text)

    def key(self, key: str, code: int) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what the page looks like as PNG: the window, or the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self, path: Path) -> None:
        """Write the page as PDF."""
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF")["data"]))

    def download(self, name: str, timeout: float = 20) -> bytes:
        """Return a file that the page has saved, when it is there."""
        end = time.monotonic() + timeout
        path = self.saved / name
        while time.monotonic() < end:
            self.run("0")  # events of the browser are read on the way
            if path.is_file() and not path.with_name(f"{name}.crdownload").exists():
                return path.read_bytes()
            time.sleep(0.05)
        raise BrowserError(f"{name} was not saved; there are {sorted(p.name for p in self.saved.iterdir())}")
