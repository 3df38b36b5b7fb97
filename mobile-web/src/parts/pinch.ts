import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

const DEEPEST = 5;
const WHEEL_STEP = 1.0015;

/** Zoom into an element with two fingers or the wheel, and move it about; a double tap resets. */
export function usePinch(target: RefObject<HTMLElement | null>): void {
	useEffect(() => {
		const element = target.current;
		if (!element) return;
		const fingers = new Map<number, PointerEvent>();
		const view = { scale: 1, x: 0, y: 0 };
		const apply = () => {
			const room = (view.scale - 1) / 2;
			const { clientWidth, clientHeight } = element;
			view.x = clamp(view.x, room * clientWidth);
			view.y = clamp(view.y, room * clientHeight);
			element.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
		};
		const zoom = (factor: number) => {
			view.scale = Math.min(DEEPEST, Math.max(1, view.scale * factor));
			apply();
		};
		const over = new AbortController();
		const options = { signal: over.signal };
		element.addEventListener(
			"pointerdown",
			(event) => fingers.set(event.pointerId, event),
			options,
		);
		element.addEventListener(
			"pointermove",
			(event) => {
				const before = fingers.get(event.pointerId);
				if (!before) return;
				const other = [...fingers.values()].find((each) => each.pointerId !== event.pointerId);
				if (other) zoom(distance(event, other) / Math.max(1, distance(before, other)));
				else if (view.scale > 1) {
					view.x += event.clientX - before.clientX;
					view.y += event.clientY - before.clientY;
					apply();
				}
				fingers.set(event.pointerId, event);
			},
			options,
		);
		const lift = (event: PointerEvent) => fingers.delete(event.pointerId);
		element.addEventListener("pointerup", lift, options);
		element.addEventListener("pointercancel", lift, options);
		element.addEventListener("pointerleave", lift, options);
		element.addEventListener("wheel", ({ deltaY }) => zoom(WHEEL_STEP ** -deltaY), {
			...options,
			passive: true,
		});
		element.addEventListener(
			"dblclick",
			() => {
				view.scale = view.scale > 1 ? 1 : 2;
				view.x = 0;
				view.y = 0;
				apply();
			},
			options,
		);
		return () => over.abort();
	}, [target]);
}

function clamp(value: number, limit: number): number {
	return Math.min(limit, Math.max(-limit, value));
}

function distance(one: PointerEvent, other: PointerEvent): number {
	return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}
