"""Render public/icons/*.png out of mark.svg; run it after changing the mark.

python mobile-web/scripts/render-icons.py [path of chromium]
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parents[1] / "public" / "icons"
ROUNDED = 'rx="116"'
SQUARE = 'rx="0"'
# Launchers cut maskable icons to any shape; only the inner 80 % is safe, the ground bleeds out.
SAFE = (
    '<g transform="translate(256 256) scale(0.8) translate(-256 -256)">',
    "</g>",
)


def main(chromium: str) -> None:
    """Write the four pictures."""
    mark = (ICONS / "mark.svg").read_text(encoding="utf-8")
    square = mark.replace(ROUNDED, SQUARE)
    ground, drawing = square.split('fill="url(#night)"/>', 1)
    maskable = (
        f'{ground}fill="url(#night)"/>{SAFE[0]}{drawing.replace("</svg>", SAFE[1] + "</svg>")}'
    )
    pictures = {
        "icon-192.png": (mark, 192),
        "icon-512.png": (mark, 512),
        "maskable-512.png": (maskable, 512),
        "apple-touch-icon.png": (square, 180),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (svg, size) in pictures.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                f"<style>body{{margin:0}}svg{{display:block;width:{size}px}}</style>{svg}"
            )
            page.screenshot(path=ICONS / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium")
