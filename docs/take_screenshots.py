"""The README's pictures, taken from a running product.

Make a home with `leadscore --home HOME demo`, start `leadscore --home HOME ui` beside this program, then run
`python docs/take_screenshots.py --browser /path/to/chromium --home HOME`. The live page is taken from an endpoint with
a canary in progress and some traffic: add `--live http://127.0.0.1:8321/`, alone or beside `--home`.
"""

from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, expect, sync_playwright

from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.judging import page_path

WIDTH, MARGIN = 1400, 12
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
GRAPH_NODES = "svg foreignObject"
PAGE_PARTS = "header.verdict, figure:nth-child(-n+4)"


@click.command()
@click.option("--browser", type=click.Path(exists=True), required=True, help="The path of Chromium or Chrome.")
@click.option("--home", type=click.Path(exists=True), help="A home whose UI is running.")
@click.option("--live", help="The address of an endpoint with a canary.")
def take(browser: str, home: str | None, live: str | None) -> None:
    """Write docs/asset_graph.png and docs/evaluation_page.png of a home, docs/live_page.png of an endpoint."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=SWITCHES)
        if home:
            take_home(opened, home)
        if live:
            save("live_page.png", live_page(opened, live), colours=128)


def take_home(opened: Browser, home: str) -> None:
    """Take the pictures of a home."""
    settings = load_settings(home)
    platform = open_platform(settings)
    champion = platform.registry.production()
    if champion is None:
        raise click.ClickException(f"{home} has no champion; run 'leadscore --home {home} demo' first")
    report = platform.lake.local_path(page_path(champion.week))
    save("asset_graph.png", asset_graph(opened, f"http://127.0.0.1:{settings.values.ui.port}"))
    save("evaluation_page.png", evaluation_page(opened, Path(report)), colours=256)


def asset_graph(browser: Browser, address: str) -> bytes:
    """Return the whole graph with every group open, large enough that the nodes show what they know."""
    page = browser.new_page(viewport={"width": 2600, "height": 2000})
    page.goto(f"{address}/asset-groups")
    page.get_by_text("release", exact=True).last.wait_for()
    page.keyboard.press("Alt+e")
    page.get_by_text("% filled").first.wait_for()
    expect(page.get_by_text("Loading...")).to_have_count(0)
    return page.screenshot(clip=around(page, GRAPH_NODES))


def evaluation_page(browser: Browser, report: Path) -> bytes:
    """Return the page from its verdict to its fourth picture."""
    page = browser.new_page(viewport={"width": 1160, "height": 900}, device_scale_factor=1.25)
    page.goto(report.as_uri())
    return page.screenshot(full_page=True, clip=around(page, PAGE_PARTS))


def live_page(browser: Browser, address: str) -> bytes:
    """Return the endpoint's page with its charts drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.25)
    page.goto(address)
    page.locator("#p99 svg").wait_for()
    return page.screenshot(full_page=True)


def around(page: Page, selector: str) -> FloatRect:
    """Return the rectangle that holds every element of a selector, with a margin."""
    boxes = [box for item in page.locator(selector).all() if (box := item.bounding_box())]
    left, top = min(box["x"] for box in boxes) - MARGIN, min(box["y"] for box in boxes) - MARGIN
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def save(name: str, content: bytes, *, colours: int | None = None) -> None:
    """Write a picture beside this file, at the README's width, with fewer colours where that saves much."""
    image = Image.open(BytesIO(content)).convert("RGB")
    size = (WIDTH, round(image.height * WIDTH / image.width))
    image = image.resize(size, Image.Resampling.LANCZOS)
    # Small spots of colour keep theirs: a state is told by it.
    image = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=2) if colours else image
    image.save(Path(__file__).parent / name, optimize=True)


if __name__ == "__main__":
    take()
