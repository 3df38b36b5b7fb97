import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Counters } from "../src/call/counters";
import { Latest } from "../src/call/latest";
import type { Statistics, View } from "../src/protocol.gen";
import { FakeChannel } from "./support/channel";

const COUNTERS: Counters = {
	bytes: 90_000,
	packets: 80,
	lost: -1,
	decoded: 30,
	dropped: 2,
	freezes: 1,
	jitterMs: 3.5,
	width: 1280,
	height: 720,
};

function opened() {
	const channel = new FakeChannel<Statistics | View>();
	const needs = {
		counters: vi.fn(async () => COUNTERS),
		visible: vi.fn(() => true),
		shown: vi.fn(),
		heard: vi.fn(),
	};
	const latest = new Latest(channel, needs);
	channel.open();
	const settle = () => vi.advanceTimersByTimeAsync(0);
	return { channel, latest, needs, settle };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a pulse", () => {
	it("is answered at once with what the receiver has counted", async () => {
		const { channel, needs, settle } = opened();
		needs.visible.mockReturnValue(false);
		channel.say({ type: "pulse", sequence: 7 });
		await settle();
		expect(channel.sent).toEqual([
			{
				type: "statistics",
				sequence: 1,
				pulse: 7,
				bytes_received: 90_000,
				packets_received: 80,
				packets_lost: -1,
				frames_decoded: 30,
				frames_dropped: 2,
				freezes: 1,
				jitter_ms: 3.5,
				visible: false,
			},
		]);
		expect(needs.heard).toHaveBeenCalledOnce();
	});

	it("that is late or doubled is not answered", async () => {
		const { channel, settle } = opened();
		for (const sequence of [5, 4, 5, 6]) {
			channel.say({ type: "pulse", sequence });
			await settle();
		}
		expect(channel.sent.map((each) => each.type === "statistics" && each.pulse)).toEqual([5, 6]);
		expect(channel.sent.map(({ sequence }) => sequence)).toEqual([1, 2]);
	});

	it("is answered for the newest when several come while the browser counts", async () => {
		const { channel, settle } = opened();
		for (const sequence of [1, 2, 3]) channel.say({ type: "pulse", sequence });
		await settle();
		expect(channel.sent.map((each) => each.type === "statistics" && each.pulse)).toEqual([1, 3]);
	});

	it("is left when the answer would queue, when counting fails, and after the end", async () => {
		const { channel, latest, needs, settle } = opened();
		channel.bufferedAmount = 10_000;
		channel.say({ type: "pulse", sequence: 1 });
		await settle();
		channel.bufferedAmount = 0;
		needs.counters.mockRejectedValueOnce(new Error("closed"));
		channel.say({ type: "pulse", sequence: 2 });
		await settle();
		latest.close();
		channel.say({ type: "pulse", sequence: 3 });
		await settle();
		expect(channel.sent).toEqual([]);
	});

	it("goes on being answered after a count that failed", async () => {
		const { channel, needs, settle } = opened();
		needs.counters.mockRejectedValueOnce(new Error("not now"));
		channel.say({ type: "pulse", sequence: 1 });
		await settle();
		channel.say({ type: "pulse", sequence: 2 });
		await settle();
		expect(channel.sent).toHaveLength(1);
	});
});

describe("views", () => {
	it("go out at most twenty a second, the newest of them", async () => {
		const { channel, latest, settle } = opened();
		latest.look({ zoom: 1.5, x: 0.5, y: 0.5 });
		await settle();
		for (let step = 0; step < 100; step += 1) {
			latest.look({ zoom: 2 + step / 100, x: 0.5, y: 0.5 });
			await vi.advanceTimersByTimeAsync(10);
		}
		expect(channel.sent.length).toBeGreaterThan(15);
		expect(channel.sent.length).toBeLessThanOrEqual(21);
		await vi.advanceTimersByTimeAsync(50);
		expect(channel.last).toMatchObject({ type: "view", zoom: 2.99 });
		const numbers = channel.sent.map(({ sequence }) => sequence);
		expect(numbers).toEqual(numbers.map((_, index) => index + 1));
	});

	it("wait while something is on its way, and then only the newest goes", async () => {
		const { channel, latest } = opened();
		channel.bufferedAmount = 1;
		latest.look({ zoom: 2, x: 0.1, y: 0.1 });
		await vi.advanceTimersByTimeAsync(200);
		latest.look({ zoom: 3, x: 0.2, y: 0.2 });
		await vi.advanceTimersByTimeAsync(200);
		expect(channel.sent).toEqual([]);
		channel.bufferedAmount = 0;
		await vi.advanceTimersByTimeAsync(60);
		expect(channel.sent).toEqual([{ type: "view", sequence: 1, zoom: 3, x: 0.2, y: 0.2 }]);
	});

	it("are said again a few times, because the last one may be lost", async () => {
		const { channel, latest } = opened();
		latest.look({ zoom: 2, x: 0.1, y: 0.1 });
		await vi.advanceTimersByTimeAsync(5000);
		expect(channel.sent).toHaveLength(4);
		expect(channel.sent.every((each) => each.type === "view" && each.zoom === 2)).toBe(true);
	});

	it("from before the channel opened are sent when it opens", async () => {
		const channel = new FakeChannel<Statistics | View>();
		const latest = new Latest(channel, {
			counters: async () => COUNTERS,
			visible: () => true,
			shown: vi.fn(),
			heard: vi.fn(),
		});
		latest.look({ zoom: 2, x: 0.1, y: 0.1 });
		await vi.advanceTimersByTimeAsync(1000);
		expect(channel.sent).toEqual([]);
		channel.open();
		expect(channel.sent).toHaveLength(1);
	});
});

describe("what is shown", () => {
	it("is told, and an older one dropped", () => {
		const { channel, needs } = opened();
		const shown = (sequence: number) => ({ type: "shown", sequence, zoom: 2, x: 0.5, y: 0.5 });
		for (const sequence of [3, 2, 4, 4]) channel.say(shown(sequence));
		expect(needs.shown.mock.calls.map(([each]) => each.sequence)).toEqual([3, 4]);
	});

	it("is counted apart from pulses", () => {
		const { channel, needs } = opened();
		channel.say({ type: "pulse", sequence: 90 });
		channel.say({ type: "shown", sequence: 1, zoom: 1, x: 0.5, y: 0.5 });
		expect(needs.shown).toHaveBeenCalledOnce();
	});

	it("is left alone when it is nothing of this version", () => {
		const { channel, needs } = opened();
		for (const text of ["", "null", "[]", "{", '{"type":"shown"}', '{"sequence":4}']) {
			channel.say(text);
		}
		expect(needs.shown).not.toHaveBeenCalled();
	});
});
