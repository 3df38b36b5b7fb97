import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchNetwork } from "../src/call/network";
import { Reconnect } from "../src/call/reconnect";

function waiting() {
	const needs = { again: vi.fn(), giveUp: vi.fn() };
	return { needs, reconnect: new Reconnect(needs) };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("calling again", () => {
	it("happens soon, then less and less often, and not for ever", () => {
		const { needs, reconnect } = waiting();
		const pauses: number[] = [];
		for (let turn = 0; turn < 7; turn += 1) {
			const before = performance.now();
			reconnect.lost();
			vi.advanceTimersToNextTimer();
			pauses.push(performance.now() - before);
		}
		expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
		expect(needs.again).toHaveBeenCalledTimes(7);
		vi.advanceTimersByTime(90_000);
		reconnect.lost();
		expect(needs.giveUp).toHaveBeenCalledOnce();
	});

	it("happens at once when there is hope, and then soon again", () => {
		const { needs, reconnect } = waiting();
		for (let turn = 0; turn < 5; turn += 1) {
			reconnect.lost();
			if (turn < 4) vi.advanceTimersToNextTimer();
		}
		reconnect.hurry();
		expect(needs.again).toHaveBeenCalledTimes(5);
		vi.advanceTimersByTime(10_000);
		expect(needs.again).toHaveBeenCalledTimes(5);
		reconnect.lost();
		vi.advanceTimersByTime(250);
		expect(needs.again).toHaveBeenCalledTimes(6);
	});

	it("is not hurried when nothing waits", () => {
		const { needs, reconnect } = waiting();
		reconnect.hurry();
		expect(needs.again).not.toHaveBeenCalled();
	});

	it("starts over after the picture was back", () => {
		const { needs, reconnect } = waiting();
		for (let turn = 0; turn < 4; turn += 1) {
			reconnect.lost();
			vi.advanceTimersToNextTimer();
		}
		expect(reconnect.active).toBe(true);
		reconnect.recovered();
		expect(reconnect.active).toBe(false);
		vi.advanceTimersByTime(200_000);
		reconnect.lost();
		vi.advanceTimersByTime(250);
		expect(needs.again).toHaveBeenCalledTimes(5);
		expect(needs.giveUp).not.toHaveBeenCalled();
	});

	it("does not happen after the end", () => {
		const { needs, reconnect } = waiting();
		reconnect.lost();
		reconnect.stop();
		vi.advanceTimersByTime(10_000);
		expect(needs.again).not.toHaveBeenCalled();
	});
});

describe("the phone's network", () => {
	it("is watched until the end of the call", () => {
		const needs = { changed: vi.fn(), doubtful: vi.fn() };
		const over = new AbortController();
		watchNetwork(needs, over.signal);
		dispatchEvent(new Event("online"));
		expect(needs.changed).toHaveBeenCalledOnce();
		dispatchEvent(new Event("offline"));
		document.dispatchEvent(new Event("visibilitychange"));
		expect(needs.doubtful).toHaveBeenCalledTimes(2);
		over.abort();
		dispatchEvent(new Event("online"));
		dispatchEvent(new Event("offline"));
		expect(needs.changed).toHaveBeenCalledOnce();
		expect(needs.doubtful).toHaveBeenCalledTimes(2);
	});

	it("is another when its kind is another, and only in doubt when its speed is", () => {
		const connection = Object.assign(new EventTarget(), { type: "wifi" });
		vi.stubGlobal("navigator", { connection });
		const needs = { changed: vi.fn(), doubtful: vi.fn() };
		watchNetwork(needs, new AbortController().signal);
		vi.unstubAllGlobals();
		connection.dispatchEvent(new Event("change"));
		expect(needs.doubtful).toHaveBeenCalledOnce();
		connection.type = "cellular";
		connection.dispatchEvent(new Event("change"));
		expect(needs.changed).toHaveBeenCalledOnce();
	});
});
