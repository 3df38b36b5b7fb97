import { useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

// Far enough that a wet screen or a pocket does not do it by chance.
const ENOUGH = 0.85;

interface SlideProps {
	/** What sliding does, for the eye. */
	label: string;
	/** What pressing does, for keyboards and screen readers. */
	press: string;
	disabled: boolean;
	onConfirm: () => void;
}

/**
 * Slide to confirm. A finger has to slide; a mouse may click, and a keyboard or screen reader
 * presses: none of them happens by chance.
 */
export function Slide({ label, press, disabled, onConfirm }: SlideProps) {
	const track = useRef<HTMLDivElement>(null);
	const start = useRef<{ x: number; touch: boolean } | null>(null);
	const [share, setShare] = useState(0);

	const reach = (thumb: HTMLElement) => (track.current?.clientWidth ?? 0) - thumb.offsetWidth;
	const move = (event: PointerEvent) => {
		if (!start.current) return;
		const room = reach(event.currentTarget as HTMLElement);
		setShare(Math.min(1, Math.max(0, (event.clientX - start.current.x) / room)));
	};
	const down = (event: PointerEvent) => {
		if (disabled) return;
		(event.currentTarget as Element).setPointerCapture?.(event.pointerId);
		start.current = { x: event.clientX, touch: event.pointerType === "touch" };
	};
	const end = () => {
		const slid = start.current !== null && share >= ENOUGH;
		if (slid) onConfirm();
		setShare(slid ? 1 : 0);
	};
	const click = () => {
		const touch = start.current?.touch ?? false;
		start.current = null;
		if (!touch && share === 0 && !disabled) onConfirm();
	};
	const offset = `calc((100% - var(--thumb) - 2 * var(--edge)) * ${share})`;
	return (
		<div class="slide" ref={track}>
			<span class="slide-label" aria-hidden="true">
				{label}
			</span>
			<span class="slide-done" style={{ width: `calc(${offset} + var(--thumb))` }} />
			<button
				type="button"
				class="slide-thumb"
				data-testid="unlock-confirm"
				aria-label={press}
				disabled={disabled}
				style={{ left: offset }}
				onPointerDown={down}
				onPointerMove={move}
				onPointerUp={end}
				onPointerCancel={() => {
					start.current = null;
					setShare(0);
				}}
				onClick={click}
			>
				<Icon name="unlock" />
			</button>
		</div>
	);
}
