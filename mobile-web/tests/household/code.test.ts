import { describe, expect, it } from "vitest";
import { addressesOf, streamName } from "../../src/household/addresses";
import { codeState, type OpenCode } from "../../src/household/code";
import { qrPath } from "../../src/parts/qr";
import type { HouseholdView, Member } from "../../src/protocol.gen";

const NOW_MS = 1_000_000;
const CODE: OpenCode = { link: "l", endsAtMs: NOW_MS + 600_000, known: new Set(["anna"]) };
const member = (id: string) => ({ phone: { id } }) as Member;
const ANNA = member("anna");
const open = (left_s: number) =>
	({ left_s, tries_left: 5 }) as NonNullable<HouseholdView["invitation"]>;

describe("a code", () => {
	it("is open while the doorbell says so, however long ago it said it", () => {
		const view = { members: [ANNA], invitation: open(599) };
		expect(codeState(CODE, view, NOW_MS, NOW_MS)).toEqual({ is: "open" });
		expect(codeState(CODE, view, NOW_MS, NOW_MS + 599_000)).toEqual({ is: "open" });
		expect(codeState(CODE, view, NOW_MS, NOW_MS + 600_000)).toEqual({ is: "expired" });
	});

	it("is used when a phone is there that was not", () => {
		const view = { members: [ANNA, member("ben")], invitation: null };
		expect(codeState(CODE, view, NOW_MS, NOW_MS)).toEqual({ is: "used", by: member("ben") });
	});

	it("is void when it went without a phone, and too old after its time", () => {
		const view = { members: [ANNA], invitation: null };
		expect(codeState(CODE, view, NOW_MS, NOW_MS)).toEqual({ is: "void" });
		expect(codeState(CODE, view, NOW_MS, CODE.endsAtMs)).toEqual({ is: "expired" });
	});

	it("is not the one that somebody else made meanwhile", () => {
		const view = { members: [ANNA], invitation: open(600) };
		const laterMs = NOW_MS + 60_000;
		expect(codeState(CODE, view, laterMs, laterMs)).toEqual({ is: "elsewhere" });
		expect(codeState(null, view, NOW_MS, NOW_MS)).toEqual({ is: "elsewhere" });
		expect(codeState(null, { ...view, invitation: null }, NOW_MS, NOW_MS)).toEqual({ is: "none" });
	});
});

describe("a code on the screen", () => {
	it("is dark modules within a light margin of four", () => {
		const { size, path } = qrPath("https://door.example/#p=1.a.b.c");
		// The upper edge of the finder in the upper left corner.
		expect(path.startsWith("M4 4h1v1h-1z")).toBe(true);
		const places = [...path.matchAll(/M(\d+) (\d+)/g)].flatMap(([, x, y]) => [x, y].map(Number));
		expect(Math.min(...places)).toBe(4);
		expect(Math.max(...places)).toBeLessThanOrEqual(size - 5);
	});
});

describe("what other software is told", () => {
	const told = (kind: "view" | "record", name = "Front door") =>
		addressesOf(kind, "https://door.example", "d1", name, "dsv_a_b").map(({ text }) => text);

	it("is an address with the token in it, also for go2rtc", () => {
		const whep = "https://door.example/api/v1/doorbells/d1/live?token=dsv_a_b";
		expect(told("view")).toEqual([whep, `streams:\n  front_door: webrtc:${whep}`]);
	});

	it("is an address and a token beside it for recordings", () => {
		expect(told("record")).toEqual([
			"https://door.example/api/v1/doorbells/d1/recordings",
			"dsv_a_b",
		]);
	});

	it.each([
		["Haustür", "haustur"],
		["  Gate 2! ", "gate_2"],
		["2nd door", "doorbell"],
		["門", "doorbell"],
	])("has a plain name for %j", (name, plain) => {
		expect(streamName(name)).toBe(plain);
	});
});
