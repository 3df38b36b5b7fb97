#!/bin/sh
# The doorbell's command line, as the user and with the settings that the service has.
set -eu

usage() {
	cat <<-'END'
	sudo doorstep COMMAND
	  pair             print a fresh pairing link for one phone, as text and as QR code
	  status           say how the doorbell is
	  check            say what was found and what is missing, and how to get it
	  phones           list the phones and their rights; phones remove ID-OR-NAME takes one out
	  audit            audit verify, audit export: the log of who opened and who changed what
	  reset            take all phones out, when none is left that manages the household
	  show-config      print the settings in force, with their meaning
	  update COMMAND   of the software: check, install FILE, status, rollback
	  logs             what doorbell, lock, server and updates said; logs -f goes on
	  server COMMAND   of the server: check, show-config, version
	  version          print the version
	Settings: /etc/doorstep/device.toml and /etc/doorstep/cloud.toml
	END
}

# Carries out a command as a user of this system; the shell of that user is never started.
as() { # USER COMMAND…
	user=$1
	shift
	if [ "$(id -un)" = "$user" ]; then
		exec "$@"
	elif [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid "$user" --regid "$user" --init-groups --reset-env "$@"
	fi
	echo "This needs the doorbell's own rights. Try: sudo doorstep $said" >&2
	exit 2
}

said=$*
command=${1:-help}
# lgpio leaves a FIFO in the current directory, which has to be one of the doorbell's.
cd /run/doorstep 2>/dev/null || cd /
case $command in
help | -h | --help) usage ;;
version) exec /usr/lib/doorstep/launch device version ;;
logs)
	shift
	exec journalctl -o short -u doorstep-device -u doorstep-lock -u doorstep-cloud -u doorstep-update "$@"
	;;
update)
	shift
	# The package's own tree: what goes back must not be what has failed.
	exec /usr/lib/doorstep/venv/bin/python -P -s -m updater "${@:-status}"
	;;
server)
	shift
	[ -e /etc/doorstep/cloud.toml ] || {
		echo "The server is not installed here. Install the package doorstep-server." >&2
		exit 2
	}
	[ $# -gt 0 ] || set -- version
	as doorstep-cloud /usr/lib/doorstep/launch cloud "$@" \
		--config /etc/doorstep/cloud.toml --state-directory /var/lib/doorstep-cloud
	;;
*)
	as doorstep env DOORSTEP_PROGRAM="sudo doorstep" /usr/lib/doorstep/launch device "$@" \
		--config /etc/doorstep/device.toml --state /var/lib/doorstep
	;;
esac
