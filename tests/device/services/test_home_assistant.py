"""The discovery message against the rules of Home Assistant 2026.11."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from device.services.home_assistant import birth_topic, discovery, discovery_topic
from device.services.mqtt_topics import Topics

DEVICE = "a" * 26
TOPICS = Topics(DEVICE)
PAYLOAD = discovery(TOPICS, DEVICE, "Front door", "0.1.0")
COMPONENTS: dict[str, dict[str, Any]] = PAYLOAD["components"]

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
}  # fmt: skip


def test_nothing_stands_in_it_that_the_schema_does_not_know() -> None:
    assert set(PAYLOAD) <= TOP_LEVEL
    assert set(PAYLOAD["device"]) <= DEVICE_KEYS
    assert set(PAYLOAD["origin"]) <= ORIGIN_KEYS


def test_what_is_required_is_there() -> None:
    assert PAYLOAD["device"]["identifiers"]
    assert PAYLOAD["origin"]["name"]
    assert COMPONENTS


@pytest.mark.parametrize("key", COMPONENTS)
def test_a_component_fits_its_platform(key: str) -> None:
    component = COMPONENTS[key]
    required, allowed = OF_PLATFORM[component["platform"]]
    assert required <= set(component)
    assert set(component) <= COMMON | required | allowed


def test_unique_ids_are_unique_and_of_this_doorbell() -> None:
    ids = [component["unique_id"] for component in COMPONENTS.values()]
    assert len(set(ids)) == len(ids)
    assert all(DEVICE in each for each in ids)


def test_the_doorbell_rings_as_home_assistant_asks() -> None:
    ring = COMPONENTS["ring"]
    assert (ring["platform"], ring["device_class"]) == ("event", "doorbell")
    assert ring["event_types"] == ["ring"]


def test_nothing_unlocks() -> None:
    lock = COMPONENTS["lock"]
    assert (lock["platform"], lock["device_class"]) == ("binary_sensor", "lock")
    assert (lock["payload_on"], lock["payload_off"]) == ("unlocked", "locked")
    assert not any("lock" in each.get("command_topic", "") for each in COMPONENTS.values())
    assert "lock" not in {each["platform"] for each in COMPONENTS.values()}


def test_every_command_topic_is_one_that_the_doorbell_hears() -> None:
    commanded = {each["command_topic"] for each in COMPONENTS.values() if "command_topic" in each}
    assert commanded == set(TOPICS.commands)


def test_availability_is_one_list_wherever_it_stands() -> None:
    # Home Assistant refuses `availability` and `availability_topic` in the same component.
    for holder in (PAYLOAD, *COMPONENTS.values()):
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
