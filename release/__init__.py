"""Builds and checks what a tag publishes: `make release-check` here, `.github/workflows/release.yml` for the world."""
