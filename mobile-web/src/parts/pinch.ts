import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { Look } from "../call/latest";
import { clampLook, pan, type Room, zoomAt } from "./zoom";

const WHEEL_STEP = 1.0022;
const KEY_STEP = 1.35;
const KEY_PAN_PX = 60;
const DOUBLE_TAP_MS = 320;
const DOUBLE_TAP_PX = 32;
const TAP_MOVES_PX = 10;
// Near enough for a close-up to show more than the whole picture does.
const TAP_ZOOM = 3;

export interface PinchNeeds {
	/** The part of the screen whose middle is the middle of the look. */
	place: () => DOMRect;
	room: () => Room;
	look: () => Look;
	/** A new look; `glide` when no finger holds the picture, so that it may get there softly. */
	looked: (look: Look, glide: boolean) => void;
}

/** Zoom with two fingers, the wheel, a double tap or keys, and move the picture about. */
export function usePinch(target: RefObject<HTMLElement | null>, needs: PinchNeeds): void {
	useEffect(() => {
		const element = target.current;
		if (!element) return;
		const over = new AbortController();
		new Gestures(element, needs, over.signal);
		return () => over.abort();
	}, [target]);
}

interface Point {
	x: number;
	y: number;
}

class Gestures {
	readonly #fingers = new Map<number, Point>();
	#tap: (Point & { atMs: number }) | undefined;
	#moved = 0;

	constructor(
		element: HTMLElement,
		private readonly needs: PinchNeeds,
		signal: AbortSignal,
	) {
		const on = <K extends keyof HTMLElementEventMap>(
			type: K,
			listener: (event: HTMLElementEventMap[K]) => void,
			passive = true,
		) => element.addEventListener(type, listener, { signal, passive });
		on("pointerdown", (event) => this.#down(event));
		on("pointermove", (event) => this.#move(event));
		on("pointerup", (event) => this.#up(event));
		for (const type of ["pointercancel", "pointerleave"] as const) {
			on(type, (event) => this.#fingers.delete(event.pointerId));
		}
		// Pinching a trackpad arrives as a wheel; the browser would enlarge the whole page.
		on("wheel", (event) => this.#wheel(event), false);
		on("keydown", (event) => this.#key(event), false);
	}

	#down(event: PointerEvent): void {
		if (event.button !== 0) return;
		if (this.#fingers.size === 0) this.#moved = 0;
		this.#fingers.set(event.pointerId, pointOf(event));
	}

	#move(event: PointerEvent): void {
		const before = this.#fingers.get(event.pointerId);
		if (!before) return;
		const now = pointOf(event);
		const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
		this.#fingers.set(event.pointerId, now);
		this.#moved += distance(before, now);
		const room = this.needs.room();
		let look = this.needs.look();
		if (other) {
			const middle = this.#offset({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
			const factor = distance(now, other) / Math.max(1, distance(before, other));
			look = zoomAt(look, room, factor, middle.x, middle.y);
		}
		// Of two fingers, each moves the middle half as far.
		const share = other ? 0.5 : 1;
		const [dx, dy] = [(now.x - before.x) * share, (now.y - before.y) * share];
		this.needs.looked(pan(look, room, dx, dy), false);
	}

	#up(event: PointerEvent): void {
		if (!this.#fingers.delete(event.pointerId) || this.#moved > TAP_MOVES_PX) return;
		const at = pointOf(event);
		const before = this.#tap;
		this.#tap = { ...at, atMs: event.timeStamp };
		if (!before || event.timeStamp - before.atMs > DOUBLE_TAP_MS) return;
		if (distance(before, at) > DOUBLE_TAP_PX) return;
		this.#tap = undefined;
		this.#doubleTap(at);
	}

	#doubleTap(at: Point): void {
		const room = this.needs.room();
		const look = this.needs.look();
		const { x, y } = this.#offset(at);
		const next =
			look.zoom > 1.05 ? clampLook({ ...look, zoom: 1 }, room) : zoomAt(look, room, TAP_ZOOM, x, y);
		this.needs.looked(next, true);
	}

	#wheel(event: WheelEvent): void {
		event.preventDefault();
		const { x, y } = this.#offset(pointOf(event));
		const factor = WHEEL_STEP ** -event.deltaY;
		this.needs.looked(zoomAt(this.needs.look(), this.needs.room(), factor, x, y), false);
	}

	#key(event: KeyboardEvent): void {
		const room = this.needs.room();
		const look = this.needs.look();
		const moves: Record<string, () => Look> = {
			"+": () => zoomAt(look, room, KEY_STEP, 0, 0),
			"=": () => zoomAt(look, room, KEY_STEP, 0, 0),
			"-": () => zoomAt(look, room, 1 / KEY_STEP, 0, 0),
			"0": () => clampLook({ ...look, zoom: 1 }, room),
			ArrowLeft: () => pan(look, room, KEY_PAN_PX, 0),
			ArrowRight: () => pan(look, room, -KEY_PAN_PX, 0),
			ArrowUp: () => pan(look, room, 0, KEY_PAN_PX),
			ArrowDown: () => pan(look, room, 0, -KEY_PAN_PX),
		};
		const next = moves[event.key];
		if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
		event.preventDefault();
		this.needs.looked(next(), true);
	}

	/** From the middle of the room. */
	#offset(point: Point): Point {
		const { left, top, width, height } = this.needs.place();
		return { x: point.x - left - width / 2, y: point.y - top - height / 2 };
	}
}

function pointOf(event: MouseEvent): Point {
	return { x: event.clientX, y: event.clientY };
}

function distance(one: Point, other: Point): number {
	return Math.hypot(one.x - other.x, one.y - other.y);
}
