import { describe, expect, it } from "vitest";
import {
	CLOSEST,
	clampLook,
	pan,
	type Room,
	seenPart,
	transformOf,
	windowOf,
	zoomAt,
} from "../src/parts/zoom";

const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };
// A picture that fits exactly, and one of which a tall phone shows less than half.
const FITS: Room = { width: 1280, height: 720, worldWidth: 1280, worldHeight: 720 };
const TALL: Room = { width: 390, height: 490, worldWidth: 871, worldHeight: 490 };
const LETTER: Room = { width: 390, height: 490, worldWidth: 390, worldHeight: 219 };

describe("zooming", () => {
	it("keeps what lies under the fingers where it is", () => {
		const look = zoomAt(WHOLE, FITS, 2, 320, -180);
		const under = (at: typeof look, dx: number, dy: number) => ({
			x: at.x + dx / (FITS.worldWidth * at.zoom),
			y: at.y + dy / (FITS.worldHeight * at.zoom),
		});
		expect(under(look, 320, -180)).toEqual(under(WHOLE, 320, -180));
		const closer = zoomAt(look, FITS, 1.7, -100, 60);
		expect(under(closer, -100, 60).x).toBeCloseTo(under(look, -100, 60).x, 9);
		expect(under(closer, -100, 60).y).toBeCloseTo(under(look, -100, 60).y, 9);
	});

	it("stays between the whole picture and the closest look", () => {
		expect(zoomAt(WHOLE, FITS, 0.2, 0, 0)).toEqual(WHOLE);
		expect(zoomAt(WHOLE, FITS, 100, 0, 0).zoom).toBe(CLOSEST);
	});

	it("never shows beyond the picture's edge", () => {
		for (const room of [FITS, TALL, LETTER]) {
			for (const zoom of [1, 1.3, 3, 8]) {
				for (const [x, y] of [
					[0, 0],
					[1, 1],
					[0.4, 0.9],
				] as const) {
					const part = seenPart(clampLook({ zoom, x, y }, room), room);
					expect(part.x).toBeGreaterThanOrEqual(-1e-9);
					expect(part.y).toBeGreaterThanOrEqual(-1e-9);
					expect(part.x + part.w).toBeLessThanOrEqual(1 + 1e-9);
					expect(part.y + part.h).toBeLessThanOrEqual(1 + 1e-9);
				}
			}
		}
	});
});

describe("moving", () => {
	it("follows the finger", () => {
		const look = pan({ zoom: 2, x: 0.5, y: 0.5 }, FITS, 256, 0);
		expect(look).toEqual({ zoom: 2, x: 0.4, y: 0.5 });
	});

	it("also shows what a tall phone cuts off, without zooming", () => {
		expect(pan(WHOLE, TALL, 100, 50).x).toBeLessThan(0.5);
		expect(pan(WHOLE, TALL, 100, 50).y).toBe(0.5);
		expect(pan(WHOLE, FITS, 100, 50)).toEqual(WHOLE);
	});
});

describe("the transform", () => {
	it("brings what is looked at into the middle", () => {
		expect(transformOf(WHOLE, FITS)).toBe("translate(0.00px, 0.00px) scale(1.0000)");
		expect(transformOf({ zoom: 2, x: 0.25, y: 0.5 }, FITS)).toBe(
			"translate(640.00px, 0.00px) scale(2.0000)",
		);
	});
});

describe("the window that is asked for", () => {
	it("is what is seen, where the picture fits", () => {
		expect(windowOf({ zoom: 2, x: 0.3, y: 0.4 }, FITS)).toEqual({ zoom: 2, x: 0.3, y: 0.4 });
	});

	it("has the picture's shape and holds all that is seen", () => {
		for (const room of [FITS, TALL, LETTER]) {
			for (const zoom of [1, 1.4, 2.5, 6]) {
				const look = clampLook({ zoom, x: 0.1, y: 0.9 }, room);
				const part = seenPart(look, room);
				const asked = windowOf(look, room);
				const half = 0.5 / asked.zoom;
				expect(asked.x - half).toBeLessThanOrEqual(part.x + 1e-9);
				expect(asked.x + half).toBeGreaterThanOrEqual(part.x + part.w - 1e-9);
				expect(asked.y - half).toBeLessThanOrEqual(part.y + 1e-9);
				expect(asked.y + half).toBeGreaterThanOrEqual(part.y + part.h - 1e-9);
			}
		}
	});

	it("is the whole picture while all of one side is seen", () => {
		expect(windowOf(WHOLE, TALL).zoom).toBe(1);
		expect(windowOf({ zoom: 1.5, x: 0.5, y: 0.5 }, LETTER).zoom).toBe(1);
	});
});
