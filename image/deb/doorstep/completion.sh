# Completion of `doorstep` for bash.
_doorstep() {
	local word=${COMP_WORDS[COMP_CWORD]} words="pair status check phones audit reset show-config update logs server version help"
	case ${COMP_WORDS[1]} in
	phones) [ "$COMP_CWORD" = 2 ] && words=remove || words= ;;
	audit) [ "$COMP_CWORD" = 2 ] && words="verify export" || words=--out ;;
	update) words="check install status rollback confirm" ;;
	server) words="check show-config version" ;;
	reset) words=--yes ;;
	logs) words="-f -b -n --since" ;;
	*) [ "$COMP_CWORD" = 1 ] || words= ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _doorstep doorstep
