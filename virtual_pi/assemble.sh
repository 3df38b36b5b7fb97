# Puts a virtual Pi together out of layers, for the time of one run. Sourced by the lanes.

# Mount tree, product and a layer that is thrown away afterwards at RUN/root. In a mount namespace
# of its own, so that nothing stays behind.
assemble() { # RUN BASE LAYER
	mkdir -p "$1/root" "$1/upper" "$1/work" "$1/share"
	mount -t overlay overlay -o "lowerdir=$3/upper:$2,upperdir=$1/upper,workdir=$1/work" "$1/root" ||
		fail "This machine cannot mount an overlay, which the virtual Pi is put together by."
	install_job "$1/root"
}

install_job() { # TREE: tests, shim and units
	local tree=$1 home=$1/opt/virtual-pi units=$1/etc/systemd/system
	mkdir -p "$home/tests" "$units" "$tree/mnt/share"
	cp -r "$HERE/shim" "$HERE/pins" "$HERE/job" "$home/"
	# A Pi has kms++ for picamera2; Debian has none.
	install -m 0644 "$HERE/stubs/pykms.py" "$tree"/usr/local/lib/python3.*/dist-packages/
	# libcamera looks for the virtual camera's description only here.
	install -D -m 0644 "$HERE/units/camera.yaml" "$tree/usr/share/libcamera/pipeline/virtual/virtual.yaml"
	(cd "$ROOT" && tar c --exclude=__pycache__ tests/hil tests/support tests/conftest.py scripts pyproject.toml) | tar x -C "$home/tests"
	cp "$HERE"/units/virtual-*.service "$units/"
	# Elsewhere than on a Pi the packages leave them off.
	in_tree "$tree" systemctl --quiet enable virtual-pi.service virtual-pins.service doorstep-lock doorstep-device
	in_tree "$tree" systemctl --quiet mask console-getty.service getty.target systemd-networkd-wait-online.service \
		apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
}

drop_in() { # TREE UNIT FILE
	install -D -m 0644 "$HERE/units/$3" "$1/etc/systemd/system/$2.service.d/virtual-pi.conf"
}

sound_server() { # TREE: PulseAudio in place of a card
	install -m 0644 "$HERE/units/asound.conf" "$1/etc/asound.conf"
	install -m 0644 "$HERE/units/pulse-client.conf" "$1/etc/pulse/client.conf"
	in_tree "$1" systemctl --quiet enable virtual-sound.service virtual-air.service
}

# Without libcamera's chatter and what is of this run or machine only.
trimmed() {
	sed -E '/\.cpp:[0-9]+ /d; s/this doorbell is [a-z2-7]{26}/this doorbell has one/; s/, [0-9.]+ GB are free//'
}

# What a run has said.
report() { # RUN TRANSCRIPT
	[ -s "$1/share/output.txt" ] || fail "The virtual Pi said nothing. Its console: $(tail -n 3 "$1/console.txt")"
	trimmed <"$1/share/output.txt" | tee "$2"
	exit "$(cat "$1/share/status" 2>/dev/null || echo 1)"
}
