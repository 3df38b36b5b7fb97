"""From settings to the things that services are built of."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from device.core.policy import Policy, QuietHours
from device.errors import StartError
from device.services.audit_book import AuditBook
from device.services.audit_rows import Stamp, StampNow
from device.services.clock import Clock
from device.services.clock_trust import ClockTrust
from device.services.household import Household
from device.services.ledger import Ledger
from device.services.reset import obey_reset_files
from device.services.update_mailbox import UpdateMailbox, this_system, trusted_keys
from device.services.update_source import UpdateSource
from device.services.updates import Updates
from device.settings import CameraSettings, PinSettings, Settings
from hardware.board import Board
from hardware.errors import HardwareError
from hardware.registry import BoardOptions, Optics, PictureMotion, Pins, open_board
from protocol.door import Layer, Part
from protocol.identity import Identity

__all__ = ["Part", "board_of", "identity_in", "options_of", "policy_of", "state_folder"]

TWIN_SOCKET_NAME = "twin.sock"
PHONES_NAME = "phones.json"
IDENTITY_NAME = "identity.pem"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def state_folder(settings: Settings) -> Path:
    """The absolute state folder, made if need be. StartError when that fails."""
    folder = settings.state.directory.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StartError(
            f"The state folder {folder} cannot be made: {error.strerror}."
            " Name another with --state."
        ) from error
    return folder


def identity_in(state: Path) -> Identity:
    """The doorbell's key, made at first start. StartError when the file is no key."""
    path = state / IDENTITY_NAME
    try:
        return Identity.load_or_create(path)
    except OSError as error:
        raise StartError(
            f"The key in {path} cannot be read or written: {error.strerror}."
            " Give its folder to this user, or name another with --state."
        ) from error
    except ValueError as error:
        raise StartError(
            f"{path} does not hold the doorbell's key. Restore it from a copy, or remove it:"
            " the doorbell then gets a new key, and phones have to be paired again."
        ) from error


def audit_book(state: Path, identity: Identity) -> AuditBook:
    """The audit log in the state folder, not yet opened."""
    try:
        boot = BOOT_ID.read_text("ascii").strip()
    except OSError:
        # Where the kernel has no name for its run, this process gets one.
        boot = secrets.token_hex(16)
    return AuditBook(state, identity, boot)


def stamp_of(clock: Clock) -> StampNow:
    """Moments for the audit log."""

    def stamp() -> Stamp:
        local = clock.local()
        return Stamp(round(clock.monotonic() * 1000), local.epoch_ms, local.trusted)

    return stamp


def trust_of(settings: Settings) -> ClockTrust:
    """Who tells whether the wall clock can be believed."""
    return ClockTrust(state_folder(settings) / "clock", settings.clock.trusted, Clock().wall)


def household_in(settings: Settings, clock: Clock, ledger: Ledger) -> Household:
    """Phones and rights, wiped first if a file asks for it. StartError when they are damaged."""
    state = state_folder(settings)
    household = Household(state / PHONES_NAME, clock.local, ledger)
    obey_reset_files(household, (state, settings.state.reset_folder))
    return household


def policy_of(settings: Settings) -> Policy:
    """The household's choices for the machine."""
    visits, quiet = settings.visits, settings.quiet_hours.minutes
    return Policy(
        ring_timeout_s=visits.ring_timeout_s,
        post_roll_s=visits.post_roll_s,
        motion_cooldown_s=visits.motion_cooldown_s,
        visit_limit_s=visits.longest_s,
        pulse_s=settings.lock.pulse_s,
        long_press_s=settings.button.long_press_s,
        quiet_hours=QuietHours(*quiet) if quiet else None,
        unanswered_reply=visits.unanswered_reply,
    )


def options_of(settings: Settings) -> BoardOptions:
    """How the board is to be opened."""
    state, camera = state_folder(settings), settings.camera
    return BoardOptions(
        camera=camera.source,
        sound=settings.sound.source,
        language=settings.doorbell.language,
        control_socket=state / TWIN_SOCKET_NAME,
        cache_dir=state / "cache",
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        bitrate_bps=camera.bitrate_bps,
        low_bitrate_bps=camera.low_bitrate_bps,
        close_bitrate_bps=camera.close_bitrate_bps,
        time_code=camera.time_code,
        echo=settings.sound.echo,
        audio_device=settings.sound.device,
        audio_output=settings.sound.output,
        optics=_optics_of(camera),
        motion=settings.motion.source,
        picture_motion=PictureMotion(settings.motion.sensitivity, settings.motion.zone_shares),
        lock_socket=settings.lock.keeper,
        pins=_pins_of(settings.pins),
    )


def _optics_of(camera: CameraSettings) -> Optics:
    return Optics(
        number=camera.number,
        rotation=camera.rotation,
        focus=camera.focus,
        focus_distance_m=camera.focus_distance_m,
        exposure=camera.exposure,
        night=camera.night,
        dusk_lux=camera.dusk_lux,
    )


def _pins_of(pins: PinSettings) -> Pins:
    return Pins(**pins.numbers, inverted=frozenset(pins.inverted))


def floors_of(settings: Settings) -> dict[Layer, int]:
    """How far each encoder's rate may be lowered, in bits per second."""
    camera = settings.camera
    return {
        "high": camera.bitrate_floor_bps or camera.bitrate_bps,
        "low": camera.low_bitrate_floor_bps,
        "close": camera.close_bitrate_floor_bps,
    }


def board_of(settings: Settings) -> Board:
    """The board, not yet entered. StartError in one sentence when a part is not there."""
    try:
        return open_board(settings.doorbell.board, options_of(settings))
    except (HardwareError, ValueError) as error:
        raise StartError(str(error)) from error


def updates_of(
    settings: Settings, clock: Clock, ledger: Ledger, busy: Callable[[], bool]
) -> Updates:
    """What looks after the doorbell's own software."""
    chosen, system = settings.updates, this_system()
    return Updates(
        UpdateSource(chosen.url, system) if chosen.url else None,
        trusted_keys(chosen.keys),
        UpdateMailbox(chosen.mailbox, chosen.slots),
        system.package,
        busy=busy,
        local=clock.local,
        ledger=ledger,
        automatic=chosen.automatic,
    )


def software() -> str:
    """Name and version, as the server may see it."""
    try:
        return f"doorstep {version('doorstep')}"
    except PackageNotFoundError:
        return "doorstep from source"
