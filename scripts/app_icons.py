"""Draw static/icons/, the pictures of the installed site, from static/favicon.svg by Chromium.

Run it by `.venv/bin/python -m scripts.app_icons` after a change of the picture.
"""

import re
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts import check

STATIC = Path(__file__).resolve().parents[1] / "static"
# Name, pixels, and the part of the width that the picture takes. A maskable one fills the ground: systems cut it to their
# own shapes and promise to leave a circle of four fifths. So does Apple's.
ICONS = [("any-192", 192, 1.0), ("any-512", 512, 1.0), ("maskable-512", 512, 0.75), ("touch-180", 180, 0.85)]


def main() -> None:
    svg = (STATIC / "favicon.svg").read_text()
    ground = re.findall(r'fill="(#\w{6})"', svg)[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=check.browser(), args=["--no-sandbox"])
        page = browser.new_page()
        for name, pixels, share in ICONS:
            page.set_viewport_size({"width": pixels, "height": pixels})
            picture = svg.replace("<svg ", f'<svg width="{round(pixels * share)}" ', 1)
            whole = "transparent" if share == 1 else ground
            style = f"margin:0;height:100vh;display:grid;place-items:center;background:{whole}"
            page.set_content(f'<body style="{style}">{picture}')
            page.screenshot(path=STATIC / "icons" / f"{name}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
