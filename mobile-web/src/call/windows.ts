import type { Shown } from "../protocol.gen";
import type { Look } from "./latest";

export const WHOLE: Look = { zoom: 1, x: 0.5, y: 0.5 };
const RTP_CYCLE = 2 ** 32;
// A window whose first picture has not come by then was told with a wrong time.
const PATIENCE_MS = 1_500;

/**
 * Which part of the whole picture the frame on the screen shows. The doorbell says so beforehand,
 * with the RTP timestamp of the first frame for which it holds.
 */
export class Windows {
	#now: Look = WHOLE;
	#coming: { shown: Shown; atMs: number }[] = [];

	/** The doorbell says what it shows; null when a new connection begins. */
	tell(shown: Shown | null): void {
		if (shown) this.#coming.push({ shown, atMs: performance.now() });
		else {
			this.#coming = [];
			this.#now = WHOLE;
		}
	}

	/** What the frame with this timestamp shows; undefined when the browser does not know it. */
	at(rtpTimestamp: number | undefined): Look {
		const now = performance.now();
		while (this.#coming[0] && holds(this.#coming[0], rtpTimestamp, now)) {
			const { zoom, x, y } = (this.#coming.shift() as { shown: Shown }).shown;
			this.#now = insideOf({ zoom, x, y });
		}
		return this.#now;
	}
}

function holds(
	{ shown, atMs }: { shown: Shown; atMs: number },
	rtpTimestamp: number | undefined,
	now: number,
): boolean {
	const from = shown.from_rtp ?? undefined;
	if (from === undefined || rtpTimestamp === undefined) return true;
	// Timestamps wrap around after half a day.
	const ahead = (rtpTimestamp - from + RTP_CYCLE) % RTP_CYCLE;
	return ahead < RTP_CYCLE / 2 || now - atMs > PATIENCE_MS;
}

/** A window that would reach beyond the picture is moved inside, as the camera does it. */
export function insideOf({ zoom, x, y }: Look): Look {
	const half = 0.5 / zoom;
	const inside = (centre: number) => Math.min(1 - half, Math.max(half, centre));
	return { zoom, x: inside(x), y: inside(y) };
}

/** Where a window lies on the whole picture, in shares of its width and height. */
export function placeOf({ zoom, x, y }: Look): { left: number; top: number; size: number } {
	return { left: x - 0.5 / zoom, top: y - 0.5 / zoom, size: 1 / zoom };
}
