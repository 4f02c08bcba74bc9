"""A page on a real screen: it fits its width, no words meet or break, and the browser complains of nothing."""

import shutil
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_COLLISIONS = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const words = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  const frame = svg.getBoundingClientRect(), found = [];
  words.forEach(([word, a], at) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1) found.push(word + ' leaves its picture');
    words.slice(at + 1).forEach(([other, b]) => {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 1 && y > 3) found.push(word + ' meets ' + other);
    });
  });
  return found;
})"""

# A column that is too narrow breaks short words; long names may break, at their underscores for example.
_BROKEN = """() => {
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT), found = [];
  for (let node; (node = walker.nextNode());) {
    for (const word of node.data.matchAll(/(?<!\\w)[\\p{L}\\d:.%]{2,14}(?!\\w)/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
}"""


def collisions(page) -> list[str]:
    """Return the words of pictures that meet others or leave their picture."""
    return page.evaluate(_COLLISIONS)


def broken_words(page) -> list[str]:
    """Return the short words that begin on one line and end on another."""
    return page.evaluate(_BROKEN)


def on_every_screen(test):
    """Run a test on a desktop and on a phone; skip it where no browser is."""
    sizes = pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")], ids=["desktop", "phone"])
    lacking = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
    return pytest.mark.browser(lacking(sizes(test)))


def assert_fits(html: str, folder: Path, *, width: int, scheme: str) -> None:
    """Open a page, every part of it unfolded, and assert that nothing sticks out or collides."""
    from playwright.sync_api import sync_playwright

    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    messages = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: messages.append(message.text))
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert collisions(page) == []
        assert broken_words(page) == []
        browser.close()
    assert messages == []
