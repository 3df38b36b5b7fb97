import { describe, expect, it } from "vitest";
import {
	leftLine,
	readable,
	rightsLine,
	timesLine,
	windowLine,
} from "../../src/household/describe";
import type { Access } from "../../src/protocol.gen";
import { de } from "../../src/words/de";
import { en } from "../../src/words/en";

const NOW_MS = Date.parse("2026-03-04T12:00:00");
const ALL: Access["rights"] = ["view", "talk", "light", "chime", "unlock", "history", "admin"];
const access = (change: Partial<Access>): Access => ({
	rights: ["view"],
	until_ms: null,
	windows: [],
	...change,
});

describe("rights in few words", () => {
	it.each([
		[ALL, en.household.everything],
		[ALL.slice(0, 6), en.household.allButAdmin],
		[[], en.household.nothing],
		[["unlock", "view"], "see, open"],
		[["admin"], "manage"],
	] as [Access["rights"], string][])("%j is %j", (rights, line) => {
		expect(rightsLine(access({ rights }), en)).toBe(line);
	});
});

describe("times in few words", () => {
	it.each([
		[[0, 1, 2, 3, 4], 480, 720, "Mon–Fri 08:00–12:00"],
		[[0, 2], 480, 720, "Mon, Wed 08:00–12:00"],
		[[0, 1, 3, 4, 5], 0, 1, "Mon, Tue, Thu–Sat 00:00–00:01"],
		[[0, 1, 2, 3, 4, 5, 6], 1320, 360, "Every day 22:00–06:00 (next day)"],
	])("days %j from %i to %i are %j", (days, start, end, line) => {
		expect(windowLine({ days, start, end }, en, "en-GB")).toBe(line);
	});

	it("are empty when there is no limit", () => {
		expect(timesLine(access({}), NOW_MS, en, "en-GB")).toBe("");
	});

	it("say the end, and that it has come", () => {
		const until_ms = NOW_MS + 3_600_000;
		expect(timesLine(access({ until_ms }), NOW_MS, en, "en-GB")).toBe("until 13:00");
		expect(timesLine(access({ until_ms }), until_ms, en, "en-GB")).toBe("Ended 13:00");
		expect(timesLine(access({ until_ms }), NOW_MS, de, "de")).toBe("bis 13:00");
	});
});

describe("a row's detail", () => {
	it("says when, and leaves ids to the file", () => {
		const id = "abcdefghijklmnopqrstuvwxyz";
		const ms = Date.parse("2026-03-04T13:05:00");
		const detail = `Ben (${id}) may now: view, until ${ms} ms.`;
		expect(readable(detail, "en-GB")).toMatch(/^Ben may now: view, until 4 Mar.*, 13:05\.$/);
		expect(readable("Row 12 (x) 500 ms", "en-GB")).toBe("Row 12 (x) 500 ms");
	});
});

describe("what is left of a code", () => {
	it.each([
		[600.9, "10:00"],
		[65, "1:05"],
		[0.2, "0:00"],
		[-5, "0:00"],
	])("%f s are %s", (seconds, line) => {
		expect(leftLine(seconds)).toBe(line);
	});
});
