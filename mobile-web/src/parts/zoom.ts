import type { Look } from "../call/latest";

// What the protocol allows; beyond it there are only larger dots.
export const CLOSEST = 8;

/** Sizes in CSS pixels: of the part of the screen that is looked at, and of the picture on it. */
export interface Room {
	readonly width: number;
	readonly height: number;
	readonly worldWidth: number;
	readonly worldHeight: number;
}

/** The nearest look at which the picture fills as much of the room as it can. */
export function clampLook({ zoom, x, y }: Look, room: Room): Look {
	const near = Math.min(CLOSEST, Math.max(1, zoom));
	return {
		zoom: near,
		x: clampCentre(x, room.width / (room.worldWidth * near)),
		y: clampCentre(y, room.height / (room.worldHeight * near)),
	};
}

/** Zoom by `factor`, so that what lies at (`dx`, `dy`) from the room's middle stays there. */
export function zoomAt(look: Look, room: Room, factor: number, dx: number, dy: number): Look {
	const zoom = Math.min(CLOSEST, Math.max(1, look.zoom * factor));
	const kept = 1 / look.zoom - 1 / zoom;
	return clampLook(
		{
			zoom,
			x: look.x + (dx / room.worldWidth) * kept,
			y: look.y + (dy / room.worldHeight) * kept,
		},
		room,
	);
}

/** Move the picture with the finger. */
export function pan(look: Look, room: Room, dx: number, dy: number): Look {
	return clampLook(
		{
			zoom: look.zoom,
			x: look.x - dx / (room.worldWidth * look.zoom),
			y: look.y - dy / (room.worldHeight * look.zoom),
		},
		room,
	);
}

/** As a CSS transform of the picture, which lies in the middle of the room. */
export function transformOf({ zoom, x, y }: Look, room: Room): string {
	const left = (0.5 - x) * room.worldWidth * zoom;
	const top = (0.5 - y) * room.worldHeight * zoom;
	return `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px) scale(${zoom.toFixed(4)})`;
}

/** The part of the whole picture that can be seen, as shares of it. */
export function seenPart(look: Look, room: Room): { x: number; y: number; w: number; h: number } {
	const w = Math.min(1, room.width / (room.worldWidth * look.zoom));
	const h = Math.min(1, room.height / (room.worldHeight * look.zoom));
	return { x: look.x - w / 2, y: look.y - h / 2, w, h };
}

/** What to ask the doorbell for: the smallest window of the picture's shape with all that is seen. */
export function windowOf(look: Look, room: Room): Look {
	const { w, h } = seenPart(look, room);
	const zoom = Math.min(CLOSEST, 1 / Math.max(w, h));
	const half = 0.5 / zoom;
	const inside = (centre: number) => Math.min(1 - half, Math.max(half, centre));
	return { zoom, x: inside(look.x), y: inside(look.y) };
}

function clampCentre(centre: number, share: number): number {
	if (share >= 1) return 0.5;
	return Math.min(1 - share / 2, Math.max(share / 2, centre));
}
