"""The discovery message against the rules of Home Assistant 2026.11."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from device.services.home_assistant import birth_topic, descriptions, discovery, discovery_topic
from device.services.mqtt_topics import Topics, update_message
from device.services.mqtt_unlock import Unlocking, UnlockNonce, nonce_message
from protocol.updates import SoftwareView

DEVICE = "a" * 26
TOPICS = Topics(DEVICE)
PAYLOAD = discovery(TOPICS, DEVICE, "Front door", "0.1.0")
COMPONENTS: dict[str, dict[str, Any]] = PAYLOAD["components"]
# With the household's rule that automation may open the door.
OPENABLE: dict[str, dict[str, Any]] = discovery(TOPICS, DEVICE, "Front door", "1", unlock=True)[
    "components"
]

# Where updates come from somewhere.
UPDATABLE: dict[str, dict[str, Any]] = discovery(TOPICS, DEVICE, "Front door", "1", unlock=True,
                                                 updates=True)["components"]  # fmt: skip

# What Home Assistant's schema accepts at each level; anything else voids the whole message.
TOP_LEVEL = {"device", "origin", "components", "child_devices", "availability", "availability_mode",
             "availability_template", "availability_topic", "command_topic", "state_topic",
             "encoding", "payload_available", "payload_not_available", "qos",
             "message_expiry_interval"}  # fmt: skip
DEVICE_KEYS = {"identifiers", "connections", "manufacturer", "model", "model_id", "name",
               "hw_version", "sw_version", "serial_number", "via_device", "suggested_area",
               "configuration_url"}  # fmt: skip
ORIGIN_KEYS = {"name", "sw_version", "support_url"}
AVAILABILITY_KEYS = {"topic", "payload_available", "payload_not_available", "value_template"}
COMMON = {"platform", "unique_id", "name", "icon", "entity_category", "default_entity_id",
          "visible_by_default", "entity_picture", "availability", "availability_mode", "qos",
          "json_attributes_topic", "json_attributes_template"}  # fmt: skip
OF_PLATFORM: dict[str, tuple[set[str], set[str]]] = {
    # platform: (required, also allowed)
    "event": ({"state_topic", "event_types"}, {"device_class", "value_template"}),
    "binary_sensor": (
        {"state_topic"},
        {"device_class", "payload_on", "payload_off", "off_delay", "expire_after",
         "value_template"},
    ),
    "image": ({"image_topic"}, {"content_type", "image_encoding"}),
    "sensor": ({"state_topic"}, {"device_class", "value_template", "unit_of_measurement"}),
    "light": ({"command_topic"}, {"state_topic", "payload_on", "payload_off"}),
    "button": ({"command_topic"}, {"payload_press", "device_class"}),
    "update": (
        {"state_topic", "command_topic", "payload_install"},
        {"device_class", "retain", "latest_version_topic", "latest_version_template",
         "value_template", "title", "release_summary", "release_url", "display_precision"},
    ),
    "lock": (
        {"command_topic", "state_topic"},
        {"command_template", "payload_lock", "payload_unlock", "payload_open", "payload_reset",
         "state_locked", "state_unlocked", "state_locking", "state_unlocking", "state_jammed",
         "value_template", "code_format", "optimistic", "retain"},
    ),
}  # fmt: skip


def test_nothing_stands_in_it_that_the_schema_does_not_know() -> None:
    assert set(PAYLOAD) <= TOP_LEVEL
    assert set(PAYLOAD["device"]) <= DEVICE_KEYS
    assert set(PAYLOAD["origin"]) <= ORIGIN_KEYS


def test_what_is_required_is_there() -> None:
    assert PAYLOAD["device"]["identifiers"]
    assert PAYLOAD["origin"]["name"]
    assert COMPONENTS


@pytest.mark.parametrize("key", COMPONENTS | UPDATABLE)
def test_a_component_fits_its_platform(key: str) -> None:
    component = (COMPONENTS | UPDATABLE)[key]
    required, allowed = OF_PLATFORM[component["platform"]]
    assert required <= set(component)
    assert set(component) <= COMMON | required | allowed


def test_unique_ids_are_unique_and_of_this_doorbell() -> None:
    ids = [component["unique_id"] for component in (COMPONENTS | UPDATABLE).values()]
    assert len(set(ids)) == len(ids)
    assert all(DEVICE in each for each in ids)


def test_the_doorbell_rings_as_home_assistant_asks() -> None:
    ring = COMPONENTS["ring"]
    assert (ring["platform"], ring["device_class"]) == ("event", "doorbell")
    assert ring["event_types"] == ["ring"]


def test_a_long_press_disturbs_nothing_that_waits_for_a_ring() -> None:
    button, ring = COMPONENTS["long_press"], COMPONENTS["ring"]
    assert (button["platform"], button["device_class"]) == ("event", "button")
    assert button["event_types"] == ["long_press"]
    assert button["state_topic"] != ring["state_topic"]


def test_nothing_unlocks() -> None:
    lock = COMPONENTS["lock"]
    assert (lock["platform"], lock["device_class"]) == ("binary_sensor", "lock")
    assert (lock["payload_on"], lock["payload_off"]) == ("unlocked", "locked")
    assert not any("lock" in each.get("command_topic", "") for each in COMPONENTS.values())
    assert "lock" not in {each["platform"] for each in COMPONENTS.values()}


def test_when_allowed_it_is_a_lock_that_waits_for_the_doorbell() -> None:
    lock = OPENABLE["door_lock"]
    assert lock["platform"] == "lock"
    assert lock["optimistic"] is False
    assert lock["retain"] is False
    assert lock["qos"] == 0
    assert lock["state_topic"] == TOPICS.lock_state
    assert (lock["state_unlocked"], lock["state_locked"]) == ("unlocked", "locked")
    assert re.fullmatch(r"lock\.[a-z0-9_]+", lock["default_entity_id"])
    assert DEVICE in lock["default_entity_id"]
    assert "lock" not in OPENABLE


def rendered(value: str, attributes: dict[str, str]) -> bytes:
    """What Home Assistant sends: its templates know the entity's id and all states."""
    entity = "lock.renamed_by_its_owner"
    states = {entity: attributes}
    environment = ImmutableSandboxedEnvironment()
    environment.globals["state_attr"] = lambda of, name: states.get(of, {}).get(name)
    template = environment.from_string(OPENABLE["door_lock"]["command_template"])
    text: str = template.render(value=value, entity_id=entity)
    return text.encode()


def test_what_home_assistant_makes_of_the_template_opens_once() -> None:
    names = (f"nonce-{number}" for number in range(9))
    nonce = UnlockNonce(lambda: next(names))
    nonce.switch(on=True)
    attributes = json.loads(nonce_message(nonce.current, TOPICS).payload)
    lock = OPENABLE["door_lock"]
    assert lock["json_attributes_topic"] == nonce_message(nonce.current, TOPICS).topic
    closing = rendered(lock["payload_lock"], attributes)
    assert not isinstance(nonce.judge(closing, retained=False), Unlocking)
    opening = rendered(lock["payload_unlock"], attributes)
    assert isinstance(nonce.judge(opening, retained=False), Unlocking)
    assert not isinstance(nonce.judge(opening, retained=False), Unlocking)
    unknown = rendered(lock["payload_unlock"], {})
    assert not isinstance(nonce.judge(unknown, retained=False), Unlocking)


@pytest.mark.parametrize("unlock", [True, False])
def test_a_switched_rule_takes_the_other_components_away(unlock: bool) -> None:
    first, stays = descriptions(TOPICS, DEVICE, "Front door", "0.1.0", unlock=unlock)
    others, own = (COMPONENTS, OPENABLE) if unlock else (OPENABLE, COMPONENTS)
    assert stays["components"].keys() == own.keys()
    gone = others.keys() - own.keys()
    assert gone
    assert first["components"]["update"] == {"platform": "update"}
    for key in gone:
        assert first["components"][key] == {"platform": others[key]["platform"]}
    assert {key: first["components"][key] for key in own} == stays["components"]


def test_every_command_topic_is_one_that_the_doorbell_hears() -> None:
    commanded = {each["command_topic"] for each in COMPONENTS.values() if "command_topic" in each}
    assert commanded == set(TOPICS.commands)
    opening = {each["command_topic"] for each in OPENABLE.values() if "command_topic" in each}
    assert opening == {*TOPICS.commands, TOPICS.lock_set}


def test_where_nothing_is_updated_there_is_no_entity() -> None:
    assert "update" not in COMPONENTS
    update = UPDATABLE["update"]
    assert (update["state_topic"], update["command_topic"]) == (
        TOPICS.update_state, TOPICS.update_set,
    )  # fmt: skip
    first, stays = descriptions(TOPICS, DEVICE, "Front door", "1", unlock=False, updates=True)
    assert first["components"]["update"] == stays["components"]["update"]


def test_the_state_of_an_update_fits_the_entity() -> None:
    view = SoftwareView(
        id=0, enabled=True, installed="1.0.0", latest="1.2.0", notes="n" * 2000,
        step="downloading", percent=40,
    )  # fmt: skip
    told = json.loads(update_message(view, TOPICS).payload)
    assert (told["installed_version"], told["latest_version"]) == ("1.0.0", "1.2.0")
    assert (told["in_progress"], told["update_percentage"]) == (True, 40)
    # Home Assistant refuses a longer one.
    assert len(told["release_summary"]) == 255


def test_without_an_offer_the_newest_version_is_the_one_that_runs() -> None:
    told = json.loads(
        update_message(SoftwareView(id=0, enabled=True, installed="1.0.0"), TOPICS).payload
    )
    assert told["latest_version"] == told["installed_version"] == "1.0.0"
    assert told["in_progress"] is False


def test_availability_is_one_list_wherever_it_stands() -> None:
    # Home Assistant refuses `availability` and `availability_topic` in the same component.
    for holder in (PAYLOAD, *COMPONENTS.values(), *OPENABLE.values()):
        assert "availability_topic" not in holder
        for each in holder.get("availability", []):
            assert set(each) <= AVAILABILITY_KEYS
            assert each["topic"].startswith(f"doorstep/{DEVICE}/")


def test_ids_fit_into_a_discovery_topic() -> None:
    assert re.fullmatch(
        r"homeassistant/device/[a-zA-Z0-9_-]+/config", discovery_topic("homeassistant", DEVICE)
    )
    assert birth_topic("homeassistant") == "homeassistant/status"


def test_it_is_json_of_a_size_that_brokers_take() -> None:
    assert len(json.dumps(PAYLOAD).encode()) < 16 * 1024
