import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Heartbeat } from "../src/call/heartbeat";

const NOTICED_WITHIN_MS = 3_000;

function beating() {
	const needs = { ping: vi.fn(), lost: vi.fn(), flows: vi.fn(() => false) };
	const heart = new Heartbeat(needs);
	heart.start();
	return { needs, heart };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a dead path", () => {
	// Whenever it dies: just after a sign of life, just before the next question, in between.
	it.each([0, 1, 100, 249, 250, 400, 749, 750, 999])("is noticed in time after %i ms", (ms) => {
		const { needs, heart } = beating();
		needs.ping.mockImplementation(() => heart.heard());
		vi.advanceTimersByTime(5_000 + ms);
		needs.ping.mockImplementation(() => undefined);
		expect(needs.lost).not.toHaveBeenCalled();
		vi.advanceTimersByTime(NOTICED_WITHIN_MS);
		expect(needs.lost).toHaveBeenCalledOnce();
	});

	it("is asked twice or more before it is called dead", () => {
		const { needs } = beating();
		vi.advanceTimersByTime(NOTICED_WITHIN_MS);
		expect(needs.ping.mock.calls.length).toBeGreaterThanOrEqual(2);
	});

	it("is known within a second and a half when there is reason to doubt it", () => {
		const { needs, heart } = beating();
		heart.probe();
		expect(needs.ping).toHaveBeenCalledOnce();
		vi.advanceTimersByTime(1_000);
		expect(needs.lost).not.toHaveBeenCalled();
		vi.advanceTimersByTime(500);
		expect(needs.lost).toHaveBeenCalledOnce();
	});
});

describe("a path that lives", () => {
	it("is left in peace, whatever the sign of life", () => {
		const { needs, heart } = beating();
		for (let step = 0; step < 20; step += 1) {
			vi.advanceTimersByTime(2_000);
			heart.heard();
		}
		expect(needs.lost).not.toHaveBeenCalled();
	});

	it("is left in peace while pictures come, but not for ever without an answer", () => {
		const { needs } = beating();
		needs.flows.mockReturnValue(true);
		vi.advanceTimersByTime(5_000);
		expect(needs.lost).not.toHaveBeenCalled();
		vi.advanceTimersByTime(1_500);
		expect(needs.lost).toHaveBeenCalledOnce();
	});

	it("survives a doubt that was without reason", () => {
		const { needs, heart } = beating();
		needs.ping.mockImplementation(() => heart.heard());
		heart.probe();
		vi.advanceTimersByTime(10_000);
		expect(needs.lost).not.toHaveBeenCalled();
	});

	it("is asked again when the page has slept, not called dead", () => {
		const { needs } = beating();
		const before = needs.ping.mock.calls.length;
		// The clock goes on while no timer runs.
		const now = performance.now();
		const clock = vi.spyOn(performance, "now").mockImplementation(() => now + 60_000);
		vi.advanceTimersByTime(250);
		expect(needs.ping.mock.calls.length).toBe(before + 1);
		expect(needs.lost).not.toHaveBeenCalled();
		clock.mockRestore();
	});
});

describe("a heart that was stopped", () => {
	it("says nothing, and asks nothing", () => {
		const { needs, heart } = beating();
		heart.stop();
		heart.probe();
		vi.advanceTimersByTime(10_000);
		expect(needs.ping).not.toHaveBeenCalled();
		expect(needs.lost).not.toHaveBeenCalled();
	});
});
