import { describe, expect, it } from "vitest";
import { StartTrace } from "../src/call/trace";

describe("the trace of a start", () => {
	it("has each step's own time, and their sum", () => {
		const trace = new StartTrace(1_000);
		trace.mark("signal", 1_040.4);
		trace.mark("ice", 1_060);
		trace.mark("dtls", 1_100);
		trace.mark("keyframe", 1_110);
		trace.mark("frame", 1_130.2);
		expect(trace.phases()).toEqual([
			{ name: "signal", ms: 40 },
			{ name: "ice", ms: 20 },
			{ name: "dtls", ms: 40 },
			{ name: "keyframe", ms: 10 },
			{ name: "frame", ms: 20 },
			{ name: "total", ms: 130 },
		]);
	});

	it("counts a step once, and never backwards", () => {
		const trace = new StartTrace(0);
		trace.mark("ice", 50);
		trace.mark("ice", 90);
		trace.mark("keyframe", 40);
		trace.mark("frame", 60);
		expect(trace.phases()).toEqual([
			{ name: "ice", ms: 50 },
			{ name: "keyframe", ms: 0 },
			{ name: "frame", ms: 10 },
			{ name: "total", ms: 60 },
		]);
	});
});
