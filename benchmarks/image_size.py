"""Size of each built image, and how long it takes to answer `spec`: `make image`, then `make image-size`."""

from __future__ import annotations

import statistics
import sys

from images import built_images

__all__ = ["main"]

RUNS = 5
MEGABYTE = 1_000_000


def main() -> int:
    """Print a Markdown table; the exit code is 1 where no image is there."""
    images = built_images()
    if not images:
        print("No images are here: run `make image` first.", file=sys.stderr)
        return 1
    print("| image | size, MB | of which the connector, MB | `spec`, median of 5, s |\n|---|---|---|---|")
    for image in images:
        own = int(image.sh("du -sb /opt/connector").split()[0])
        seconds = statistics.median(image.run("spec").seconds for _ in range(RUNS))
        size = image.inspect()["Size"]
        print(f"| {image} | {size / MEGABYTE:.0f} | {own / MEGABYTE:.0f} | {seconds:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
