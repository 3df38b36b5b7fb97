"""Cards for tests, made as a person would make them: on the command line."""

from __future__ import annotations

from pathlib import Path

from image.first_run.__main__ import main

PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDoorstepDoorstepDoorstepDoorstepDoorstep0 anna@desk"
)
PASSPHRASE = "correct horse battery"


def made_card(out: Path, *more: str, person: bool = True) -> Path:
    """A folder with card files; exit code 0 is checked."""
    arguments = ["--out", str(out), "--server", "https://door.example.org", *more]
    if person:
        key = out.parent / "id.pub"
        key.write_text(PUBLIC_KEY + "\n", "utf-8")
        arguments += ["--user", "anna", "--ssh-key", str(key)]
    if main(arguments) != 0:
        raise RuntimeError("the card could not be made")
    return out


def with_wifi(folder: Path, name: str = "Home") -> tuple[str, ...]:
    """Arguments for a network whose password stands in a file."""
    secret = folder / "wifi-password"
    secret.write_text(PASSPHRASE + "\n", "utf-8")
    return "--wifi", name, "--wifi-country", "DE", "--wifi-password-file", str(secret)


def as_boot_partition(folder: Path) -> Path:
    """What Raspberry Pi OS has there before anybody changes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cmdline.txt").write_text(
        "console=serial0,115200 console=tty1 root=PARTUUID=1234-02 rootfstype=ext4 rootwait\n"
    )
    (folder / "config.txt").write_text("dtparam=audio=on\n\n[cm5]\ndtoverlay=dwc2\n\n[all]\n")
    return folder
