"""What changes in files that Raspberry Pi OS itself keeps on the boot partition."""

from __future__ import annotations

from image.first_run.errors import CardError
from image.first_run.wishes import Sound

BLOCK_MARK = "# Doorstep"
FIRST_RUN_HOOK = (
    "systemd.run=/boot/firmware/firstrun.sh",
    "systemd.run_success_action=reboot",
    "systemd.unit=kernel-command-line.target",
)

_BLOCK = """\
{mark}
[all]
# A pin that nobody holds any more becomes an input, so that no relay stays closed.
dtparam=strict_gpiod
"""
_SOUND: dict[Sound, str] = {
    "usb": "",
    "i2s": "dtparam=i2s=on\ndtoverlay=googlevoicehat-soundcard\n",
}


def config_block(sound: Sound) -> str:
    """Lines for the end of config.txt."""
    return _BLOCK.format(mark=BLOCK_MARK) + _SOUND[sound]


def with_block(config: str, sound: Sound) -> str:
    """config.txt with our lines at its end; an earlier version of them is replaced."""
    kept = config.partition(BLOCK_MARK)[0].rstrip("\n")
    return f"{kept}\n\n{config_block(sound)}".lstrip("\n")


def with_hook(cmdline: str) -> str:
    """cmdline.txt (one line) that runs firstrun.sh once. CardError when it is none."""
    words = cmdline.split()
    if not any(word.startswith("root=") for word in words) or "\n" in cmdline.strip():
        raise CardError("cmdline.txt on this card is not one line with root=: flash it again.")
    kept = [word for word in words if not word.startswith("systemd.")]
    return " ".join([*kept, *FIRST_RUN_HOOK]) + "\n"
