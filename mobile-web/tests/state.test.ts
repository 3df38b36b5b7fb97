import { describe, expect, it } from "vitest";
import { type CallEvent, type CallModel, IDLE, type Phase, step } from "../src/call/state";
import type { CallState } from "../src/protocol.gen";

const STATE: CallState = {
	type: "call_state",
	door: { lock: "unlocked", light: "on", ringing: false, faults: [] },
	others: [{ name: "Ben", talking: true }],
	layer: "low",
	pace: "full",
	why: "network",
};
const EVENTS: readonly CallEvent[] = [
	{ type: "dial" },
	{ type: "answered" },
	{ type: "picture" },
	{ type: "lost" },
	{ type: "network", network: "weak" },
	{ type: "state", state: STATE },
	{ type: "failed", why: "lost", detail: "" },
	{ type: "hang_up" },
];

function modelAfter(...types: CallEvent["type"][]): CallModel {
	const byType = new Map(EVENTS.map((event) => [event.type, event]));
	return types.reduce((model, type) => step(model, byType.get(type) as CallEvent), IDLE);
}

describe("the course of a call", () => {
	const courses: [CallEvent["type"][], Phase][] = [
		[["dial"], "calling"],
		[["dial", "answered"], "connecting"],
		[["dial", "answered", "picture"], "live"],
		[["dial", "answered", "picture", "lost"], "reconnecting"],
		[["dial", "answered", "picture", "lost", "answered"], "reconnecting"],
		[["dial", "answered", "picture", "lost", "answered", "picture"], "live"],
		[["dial", "hang_up"], "ended"],
		[["dial", "answered", "picture", "failed"], "ended"],
		[["dial", "hang_up", "dial"], "calling"],
	];
	it.each(courses)("%j leads to %s", (types, phase) => {
		expect(modelAfter(...types).phase).toBe(phase);
	});

	it("stays ended, whatever comes late", () => {
		const ended = modelAfter("dial", "answered", "hang_up");
		for (const event of EVENTS.filter(({ type }) => type !== "dial")) {
			expect(step(ended, event)).toBe(ended);
		}
	});

	it("stays idle until somebody dials", () => {
		for (const event of EVENTS.filter(({ type }) => type !== "dial")) {
			expect(step(IDLE, event)).toBe(IDLE);
		}
	});

	it("does not begin again while it goes on", () => {
		const live = modelAfter("dial", "answered", "picture");
		expect(step(live, { type: "dial" })).toBe(live);
	});
});

describe("what a call knows", () => {
	it("keeps what the doorbell says, also while it is reconnecting", () => {
		const model = modelAfter("dial", "answered", "picture", "state", "lost");
		expect(model.door).toEqual(STATE.door);
		expect(model.others).toEqual(STATE.others);
		expect(model.layer).toBe("low");
	});

	it("forgets the last call when a new one begins", () => {
		const again = modelAfter("dial", "answered", "picture", "state", "hang_up", "dial");
		expect(again).toEqual({ ...IDLE, phase: "calling" });
	});

	it("judges the network only while it is live, and anew after a reconnection", () => {
		expect(modelAfter("dial", "network").network).toBe("good");
		expect(modelAfter("dial", "answered", "picture", "network").network).toBe("weak");
		expect(modelAfter("dial", "answered", "picture", "network", "lost", "picture").network).toBe(
			"good",
		);
	});

	it("remembers why it ended", () => {
		const failed = step(modelAfter("dial"), { type: "failed", why: "away", detail: "It is away." });
		expect(failed.end).toEqual({ why: "away", detail: "It is away." });
	});
});
