import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { insideOf, placeOf, WHOLE, Windows } from "../src/call/windows";
import type { Shown } from "../src/protocol.gen";

function shown(zoom: number, from_rtp: number | null = null, x = 0.5, y = 0.5): Shown {
	return { type: "shown", sequence: 1, zoom, x, y, from_rtp };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("the window of a frame", () => {
	it("is the whole picture at first", () => {
		expect(new Windows().at(1000)).toEqual(WHOLE);
	});

	it("changes with the frame that the doorbell names, not when it is told", () => {
		const windows = new Windows();
		windows.tell(shown(2, 9000));
		expect(windows.at(6000).zoom).toBe(1);
		expect(windows.at(8999).zoom).toBe(1);
		expect(windows.at(9000).zoom).toBe(2);
		windows.tell(shown(1, 15_000));
		expect(windows.at(12_000).zoom).toBe(2);
		expect(windows.at(18_000).zoom).toBe(1);
	});

	it("knows that timestamps wrap around", () => {
		const windows = new Windows();
		windows.tell(shown(2, 100));
		expect(windows.at(2 ** 32 - 3000).zoom).toBe(1);
		expect(windows.at(200).zoom).toBe(2);
	});

	it("goes by the time of arrival where timestamps are missing on either side", () => {
		const windows = new Windows();
		windows.tell(shown(2));
		expect(windows.at(5).zoom).toBe(2);
		windows.tell(shown(3, 77));
		expect(windows.at(undefined).zoom).toBe(3);
	});

	it("does not wait for ever for a timestamp that never comes", () => {
		const windows = new Windows();
		windows.tell(shown(2, 1_000_000));
		expect(windows.at(1).zoom).toBe(1);
		vi.advanceTimersByTime(2_000);
		expect(windows.at(2).zoom).toBe(2);
	});

	it("takes the newest of several that hold", () => {
		const windows = new Windows();
		windows.tell(shown(2, 10));
		windows.tell(shown(3, 20));
		windows.tell(shown(4, 900));
		expect(windows.at(30).zoom).toBe(3);
	});

	it("is the whole picture again on a new connection", () => {
		const windows = new Windows();
		windows.tell(shown(4));
		windows.at(1);
		windows.tell(shown(5, 10_000));
		windows.tell(null);
		expect(windows.at(20_000)).toEqual(WHOLE);
	});

	it("is the same object until it changes, so that nothing is laid out in vain", () => {
		const windows = new Windows();
		windows.tell(shown(2));
		expect(windows.at(1)).toBe(windows.at(2));
	});
});

describe("a window's place", () => {
	it("covers its part of the whole picture", () => {
		expect(placeOf(WHOLE)).toEqual({ left: 0, top: 0, size: 1 });
		expect(placeOf({ zoom: 4, x: 0.5, y: 0.25 })).toEqual({ left: 0.375, top: 0.125, size: 0.25 });
	});

	it("is moved inside, as the camera does it", () => {
		expect(insideOf({ zoom: 2, x: 0, y: 1 })).toEqual({ zoom: 2, x: 0.25, y: 0.75 });
		expect(insideOf({ zoom: 1, x: 0.9, y: 0.1 })).toEqual(WHOLE);
	});
});
