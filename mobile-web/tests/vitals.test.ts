import { describe, expect, it } from "vitest";
import { countersOf, wayOf } from "../src/call/counters";
import { judge, sampleOf, vitalsOf } from "../src/call/vitals";

type Entry = Record<string, unknown>;

function report(entries: Record<string, Entry>): RTCStatsReport {
	return new Map(Object.entries(entries)) as unknown as RTCStatsReport;
}

function statistics(video: Entry = {}, pair: Entry = {}, kinds = ["host", "host"]): RTCStatsReport {
	return report({
		audio: { type: "inbound-rtp", kind: "audio", bytesReceived: 7, packetsReceived: 7 },
		video: {
			type: "inbound-rtp",
			kind: "video",
			bytesReceived: 1_000_000,
			packetsReceived: 1_000,
			packetsLost: 10,
			framesDecoded: 300,
			framesDropped: 3,
			freezeCount: 1,
			jitter: 0.004,
			frameWidth: 1280,
			frameHeight: 720,
			...video,
		},
		transport: { type: "transport", selectedCandidatePairId: "pair" },
		other: { type: "candidate-pair", nominated: true, currentRoundTripTime: 9 },
		pair: {
			type: "candidate-pair",
			localCandidateId: "here",
			remoteCandidateId: "there",
			currentRoundTripTime: 0.025,
			...pair,
		},
		here: { type: "local-candidate", candidateType: kinds[0] },
		there: { type: "remote-candidate", candidateType: kinds[1] },
	});
}

describe("the counters", () => {
	it("are those of the picture, in whole numbers", () => {
		expect(countersOf(statistics({ packetsLost: -2 }))).toEqual({
			bytes: 1_000_000,
			packets: 1_000,
			lost: -2,
			decoded: 300,
			dropped: 3,
			freezes: 1,
			jitterMs: 4,
			width: 1280,
			height: 720,
		});
	});

	it("are 0 where a browser counts nothing", () => {
		const counters = countersOf(statistics({ freezeCount: undefined, framesDropped: Number.NaN }));
		expect(counters).toMatchObject({ freezes: 0, dropped: 0 });
		expect(countersOf(report({})).packets).toBe(0);
	});
});

describe("the way", () => {
	it.each([
		[["host", "host"], "direct"],
		[["prflx", "host"], "direct"],
		[["srflx", "host"], "internet"],
		[["host", "srflx"], "internet"],
		[["relay", "host"], "relay"],
		[["srflx", "relay"], "relay"],
	])("from %j is %s", (kinds, path) => {
		expect(wayOf(statistics({}, {}, kinds))).toEqual({ path, roundTripMs: 25 });
	});

	it("is found without a transport's word for it, and unknown without any", () => {
		const firefox = report({
			pair: { type: "candidate-pair", selected: true, localCandidateId: "a" },
			a: { candidateType: "relay" },
		});
		expect(wayOf(firefox)).toEqual({ path: "relay", roundTripMs: null });
		expect(wayOf(report({}))).toEqual({ path: null, roundTripMs: null });
	});
});

describe("the vitals", () => {
	const before = sampleOf(statistics(), 1_000);
	const later = (video: Entry, pair: Entry = {}) =>
		vitalsOf(before, sampleOf(statistics(video, pair), 3_000));
	const good = {
		bytesReceived: 1_500_000,
		packetsReceived: 1_490,
		packetsLost: 20,
		framesDecoded: 360,
	};

	it("are what happened in between", () => {
		expect(later(good)).toMatchObject({
			fps: 30,
			bitsPerSecond: 2_000_000,
			loss: 0.02,
			roundTripMs: 25,
			jitterMs: 4,
			path: "direct",
			frozen: false,
			silent: false,
		});
	});

	it("are good while pictures come, and weak when they do not", () => {
		expect(judge(later(good))).toBe("good");
		expect(judge(later({ ...good, packetsLost: 60 }))).toBe("weak");
		expect(judge(later({ ...good, freezeCount: 2 }))).toBe("weak");
		expect(judge(later(good, { currentRoundTripTime: 0.9 }))).toBe("weak");
		expect(judge(later({}))).toBe("weak");
	});

	it("do not go below nothing when counters begin anew", () => {
		expect(later({ bytesReceived: 0, packetsReceived: 0, framesDecoded: 0 })).toMatchObject({
			fps: 0,
			bitsPerSecond: 0,
			loss: 0,
		});
	});
});
