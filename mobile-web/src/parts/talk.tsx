import { useRef } from "preact/hooks";
import { words } from "../words";
import { Icon } from "./icons";

// Shorter is a tap, which keeps the microphone open; longer was a hold, which ends with the finger.
const HOLD_MS = 350;

interface TalkProps {
	talking: boolean;
	disabled: boolean;
	/** Called at every change, with the new wish. */
	onTalk: (on: boolean) => void;
}

/** One button for both habits: hold to talk, or tap to keep the microphone open. */
export function Talk({ talking, disabled, onTalk }: TalkProps) {
	const pressed = useRef<{ atMs: number; wasTalking: boolean } | null>(null);
	const { call } = words.value;

	const down = (event: PointerEvent) => {
		if (disabled || event.button !== 0) return;
		(event.currentTarget as Element).setPointerCapture?.(event.pointerId);
		pressed.current = { atMs: performance.now(), wasTalking: talking };
		if (!talking) onTalk(true);
	};
	const up = () => {
		const press = pressed.current;
		pressed.current = null;
		if (!press) return;
		const held = performance.now() - press.atMs >= HOLD_MS;
		if (held || press.wasTalking) onTalk(false);
	};
	// A keyboard or a screen reader clicks without a pointer.
	const click = (event: MouseEvent) => {
		if (event.detail === 0 && !disabled) onTalk(!talking);
	};
	return (
		<button
			type="button"
			class={talking ? "talk on" : "talk"}
			data-testid="talk"
			aria-pressed={talking}
			aria-label={talking ? call.talking : call.talkHint}
			disabled={disabled}
			onPointerDown={down}
			onPointerUp={up}
			onPointerCancel={up}
			onClick={click}
			onContextMenu={(event) => event.preventDefault()}
		>
			<span class="talk-disc">
				<Icon name="mic" />
			</span>
			<span class="control-label">{talking ? call.talking : call.talk}</span>
		</button>
	);
}
