"""How Home Assistant finds the doorbell: one retained message that describes all of it.

Device discovery of Home Assistant's MQTT integration (2026.11). Names are written in full, so
that whoever looks at the broker can read them. The lock is shown and cannot be operated, unless
the household's admins allow it.
"""

from __future__ import annotations

from typing import Any, get_args

from device.services.mqtt_topics import (
    CHIME_PRESS,
    LIGHT_OFF,
    LIGHT_ON,
    LONG_PRESS,
    MOTION_OFF,
    MOTION_ON,
    OFFLINE,
    ONLINE,
    QUICK_REPLIES,
    UNAVAILABLE,
    UPDATE_INSTALL,
    Topics,
)
from device.services.mqtt_unlock import ResultKind

Component = dict[str, Any]

# `entity_id` is the lock itself, whatever its owner has renamed it to; the nonce is an attribute
# of it. What comes out is what mqtt_unlock.LockCommand reads.
UNLOCK_TEMPLATE = '{"action":"{{ value }}","nonce":"{{ state_attr(entity_id, \'nonce\') }}"}'


def discovery_topic(prefix: str, device_id: str) -> str:
    return f"{prefix}/device/{device_id}/config"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says that it (re)started."""
    return f"{prefix}/status"


def descriptions(
    topics: Topics,
    device_id: str,
    name: str,
    software: str,
    *,
    unlock: bool,
    updates: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two messages, in this order: Home Assistant drops a component that is named without content.

    The first does so with those of the other rule, the second is the description that stays.
    """
    stays = discovery(topics, device_id, name, software, unlock=unlock, updates=updates)
    dropped = {} if updates else {"update": {"platform": "update"}}
    dropped |= {
        key: {"platform": component["platform"]}
        for key, component in _lock_parts(topics, device_id, unlock=not unlock).items()
    }
    return {**stays, "components": {**stays["components"], **dropped}}, stays


def discovery(
    topics: Topics,
    device_id: str,
    name: str,
    software: str,
    *,
    unlock: bool = False,
    updates: bool = False,
) -> dict[str, Any]:
    """The description; its parts inherit the device's availability."""
    components = {
        "ring": _ring(topics),
        "long_press": _long_press(topics),
        "motion": _motion(topics),
        "visitor": _visitor(topics),
        "last_visit": _last_visit(topics),
        "light": _light(topics),
        "chime": _button("Chime", "mdi:bell-ring", topics.chime_set, CHIME_PRESS),
        **_lock_parts(topics, device_id, unlock=unlock),
        "problem": _problem(topics),
        **({"update": _update(topics)} if updates else {}),
    } | {f"reply_{reply}": _reply(topics, reply) for reply in QUICK_REPLIES}
    return {
        "device": {
            "identifiers": [f"doorstep_{device_id}"],
            "manufacturer": "Doorstep",
            "model": "Video doorbell",
            "name": name,
            "serial_number": device_id,
            "sw_version": software,
        },
        "origin": {"name": "doorstep", "sw_version": software},
        "availability": [_online(topics)],
        "qos": 1,
        "components": {
            key: {"unique_id": f"doorstep_{device_id}_{key}", **component}
            for key, component in components.items()
        },
    }


def _online(topics: Topics) -> dict[str, str]:
    return {
        "topic": topics.availability,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        # A clean stop is told apart from a lost connection; for Home Assistant both are away.
        "value_template": f"{{{{ '{ONLINE}' if value == '{ONLINE}' else '{OFFLINE}' }}}}",
    }


def _part(topics: Topics, state_topic: str) -> dict[str, Any]:
    """Availability of a part that can fail while the doorbell is online."""
    working = {
        "topic": state_topic,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "value_template": f"{{{{ '{OFFLINE}' if value == '{UNAVAILABLE}' else '{ONLINE}' }}}}",
    }
    return {"availability": [_online(topics), working], "availability_mode": "all"}


def _ring(topics: Topics) -> Component:
    return {
        "platform": "event",
        "name": "Ring",
        "device_class": "doorbell",
        "event_types": ["ring"],
        "state_topic": topics.event,
    }


def _long_press(topics: Topics) -> Component:
    return {
        "platform": "event",
        "name": "Button",
        "device_class": "button",
        "event_types": [LONG_PRESS],
        "state_topic": topics.button,
    }


def _motion(topics: Topics) -> Component:
    return {
        "platform": "binary_sensor",
        "name": "Motion",
        "device_class": "motion",
        "state_topic": topics.motion,
        "payload_on": MOTION_ON,
        "payload_off": MOTION_OFF,
    }


def _visitor(topics: Topics) -> Component:
    return {
        "platform": "image",
        "name": "Last visitor",
        "image_topic": topics.snapshot,
        "content_type": "image/jpeg",
    }


def _last_visit(topics: Topics) -> Component:
    return {
        "platform": "sensor",
        "name": "Last visit",
        "device_class": "timestamp",
        "state_topic": topics.visit,
        "value_template": "{{ (value_json.opened_ms / 1000) | as_datetime }}",
        "json_attributes_topic": topics.visit,
    }


def _light(topics: Topics) -> Component:
    return {
        "platform": "light",
        "name": "Light",
        "command_topic": topics.light_set,
        "state_topic": topics.light_state,
        "payload_on": LIGHT_ON,
        "payload_off": LIGHT_OFF,
        **_part(topics, topics.light_state),
    }


def _button(name: str, icon: str, command_topic: str, payload: str) -> Component:
    return {
        "platform": "button",
        "name": name,
        "icon": icon,
        "command_topic": command_topic,
        "payload_press": payload,
    }


def _reply(topics: Topics, reply: str) -> Component:
    return _button(QUICK_REPLIES[reply], "mdi:message-text", topics.quick_reply_set, reply)


def _lock_parts(topics: Topics, device_id: str, *, unlock: bool) -> dict[str, Component]:
    if not unlock:
        return {"lock": _lock_shown(topics)}
    return {"door_lock": _lock(topics, device_id), "unlocking": _unlocking(topics)}


def _lock_shown(topics: Topics) -> Component:
    # A sensor and no lock: who may write to the broker must not be able to open the door.
    return {
        "platform": "binary_sensor",
        "name": "Lock",
        "device_class": "lock",
        "state_topic": topics.lock_state,
        "payload_on": "unlocked",
        "payload_off": "locked",
        **_part(topics, topics.lock_state),
    }


def _lock(topics: Topics, device_id: str) -> Component:
    return {
        "platform": "lock",
        "name": "Lock",
        "default_entity_id": f"lock.doorstep_{device_id}",
        "command_topic": topics.lock_set,
        "command_template": UNLOCK_TEMPLATE,
        "payload_lock": "lock",
        "payload_unlock": "unlock",
        "state_topic": topics.lock_state,
        "state_locked": "locked",
        "state_unlocked": "unlocked",
        "json_attributes_topic": topics.lock_nonce,
        "optimistic": False,
        "retain": False,
        # Home Assistant keeps no command of this quality for when it is connected again.
        "qos": 0,
        **_part(topics, topics.lock_state),
    }


def _unlocking(topics: Topics) -> Component:
    return {
        "platform": "event",
        "name": "Unlocking",
        "event_types": list(get_args(ResultKind)),
        "state_topic": topics.lock_result,
    }


def _update(topics: Topics) -> Component:
    return {
        "platform": "update",
        "name": "Software",
        "device_class": "firmware",
        "entity_category": "config",
        "state_topic": topics.update_state,
        "command_topic": topics.update_set,
        # Home Assistant reads it without a default.
        "payload_install": UPDATE_INSTALL,
        # A command that waited at the broker would be of any time.
        "retain": False,
    }


def _problem(topics: Topics) -> Component:
    return {
        "platform": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topics.diagnostics,
        "value_template": "{{ 'ON' if value_json.faults else 'OFF' }}",
        "json_attributes_topic": topics.diagnostics,
    }
