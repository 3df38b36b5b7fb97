import { describe, expect, it } from "vitest";
import { type CallModel, IDLE } from "../src/call/state";
import { lampOf, lineOf } from "../src/parts/line";
import { en } from "../src/words/en";

const LIVE: CallModel = { ...IDLE, phase: "live" };

describe("the line of truth", () => {
	const lines: [Partial<CallModel>, string, string][] = [
		[{}, en.call.good, "on"],
		[{ network: "weak" }, en.call.weak, "waiting"],
		[{ layer: "low", why: "network" }, en.call.smaller, "waiting"],
		[{ layer: "low", why: "network", pace: "half" }, en.call.steps, "waiting"],
		[{ layer: "low", why: "network", pace: "keyframes" }, en.call.steps, "waiting"],
		[{ layer: "close", why: "close_up" }, en.call.closeUp, "on"],
		[{ layer: "close", why: "close_up", network: "weak" }, en.call.weak, "waiting"],
		[{ why: "recovered" }, en.call.good, "on"],
		[{ phase: "reconnecting", layer: "low" }, en.call.reconnecting, "waiting"],
		[{ phase: "calling" }, en.call.calling, "waiting"],
		[{ phase: "ended" }, en.call.ended, "off"],
	];
	it.each(lines)("for %j is %j", (change, line, lamp) => {
		const model = { ...LIVE, ...change };
		expect(lineOf(model, en)).toBe(line);
		expect(lampOf(model)).toBe(lamp);
	});

	it("says why there is no picture", () => {
		const fault = { part: "camera", detail: "Check its cable." } as const;
		const door = { lock: "locked", light: "off", ringing: false, faults: [fault] } as const;
		const model = { ...LIVE, door };
		expect(lineOf(model, en)).toBe("Camera: Check its cable.");
		expect(lampOf(model)).toBe("waiting");
		expect(lineOf({ ...model, door: { ...door, faults: [] } }, en)).toBe(en.call.good);
	});

	it("tells a recovery while it is news", () => {
		expect(lineOf({ ...LIVE, why: "recovered" }, en, true)).toBe(en.call.recovered);
		expect(lineOf({ ...LIVE, why: "network", layer: "low" }, en, true)).toBe(en.call.smaller);
	});
});
