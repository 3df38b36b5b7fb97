import { describe, expect, it } from "vitest";
import { holdsAt } from "../src/household/holds";

// 23 November 2026 was a Monday.
const at = (day: number, hours: number, minutes = 0) =>
	new Date(2026, 10, 23 + day, hours, minutes);
const phone = (days: number[], start: number, end: number) => ({
	rights: [],
	until_ms: null,
	windows: [{ days, start: start * 60, end: end * 60 }],
});

describe("limited times", () => {
	it.each<[string, Date, boolean]>([
		["at their start", at(0, 8), true],
		["before it", at(0, 7, 59), false],
		["at their last minute", at(4, 11, 59), true],
		["at their end", at(0, 12), false],
		["at the weekend", at(5, 9), false],
	])("of working days: %s", (_, when, holds) => {
		expect(holdsAt(phone([0, 1, 2, 3, 4], 8, 12), when)).toBe(holds);
	});

	it.each<[string, Date, boolean]>([
		["in the evening", at(6, 23), true],
		["after midnight, in the next week", at(7, 1, 59), true],
		["when they are over", at(7, 2), false],
		["the evening before", at(5, 23), false],
	])("of a Sunday's night: %s", (_, when, holds) => {
		expect(holdsAt(phone([6], 22, 2), when)).toBe(holds);
	});

	it("may last a whole day", () => {
		expect(holdsAt(phone([2], 9, 9), at(3, 8, 59))).toBe(true);
		expect(holdsAt(phone([2], 9, 9), at(3, 9))).toBe(false);
	});

	it("may be over, whatever the hour", () => {
		const over = { rights: [], until_ms: at(0, 9).getTime(), windows: [] };
		expect(holdsAt(over, at(0, 8, 59))).toBe(true);
		expect(holdsAt(over, at(0, 9))).toBe(false);
	});
});
