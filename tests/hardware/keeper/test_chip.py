"""The kernel's own header says whether our structures and numbers are right."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from hardware.keeper import chip
from hardware.keeper.chip import LineRelay, line_request
from hardware.keeper.relay import RelayError

HEADER = Path("/usr/include/linux/gpio.h")
PROGRAM = r"""
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
int main(int count, char **arguments) {
    struct gpio_v2_line_request request;
    memset(&request, 0, sizeof request);
    request.offsets[0] = 6;
    strcpy(request.consumer, "doorstep-lock");
    request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
    if (count > 1)
        request.config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
    else
        request.config.flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN;
    request.config.num_attrs = 1;
    request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    request.config.attrs[0].mask = 1;
    request.num_lines = 1;
    unsigned numbers[5] = {
        GPIO_GET_CHIPINFO_IOCTL, GPIO_V2_GET_LINE_IOCTL, GPIO_V2_LINE_SET_VALUES_IOCTL,
        sizeof(struct gpiochip_info), sizeof(struct gpio_v2_line_values),
    };
    fwrite(numbers, sizeof numbers, 1, stdout);
    fwrite(&request, sizeof request, 1, stdout);
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None or not HEADER.exists():
        pytest.skip("A C compiler and linux/gpio.h are needed to ask the kernel's header.")
    built = tmp_path_factory.mktemp("header") / "ask"
    source = built.with_suffix(".c")
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-o", built, source], check=True)
    return built


@pytest.mark.parametrize("inverted", [False, True])
def test_a_line_is_asked_for_as_the_kernel_has_it(program: Path, inverted: bool) -> None:
    command = [str(program), *(["inverted"] if inverted else [])]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    assert struct.unpack("=5I", said[:20]) == (
        chip.GET_CHIP_INFO, chip.GET_LINE, chip.SET_VALUES,
        chip.CHIP_INFO.size, chip.LINE_VALUES.size,
    )  # fmt: skip
    assert said[20:] == line_request(6, inverted=inverted)


@pytest.mark.skipif(bool(list(Path("/dev").glob("gpiochip*"))), reason="This machine has GPIO.")
def test_without_a_chip_it_says_where_to_run() -> None:
    with pytest.raises(RelayError, match=r"Run on a Raspberry Pi\."), LineRelay(22, False):
        pass
