import { describe, expect, it } from "vitest";
import { ago, clock, clockWithSeconds, dayLabel, duration, moment } from "../src/parts/time";

const at = (day: number, hour: number, minute = 0, second = 0) =>
	new Date(2026, 10, day, hour, minute, second).getTime();
const NOW = at(22, 12, 4, 31);

describe("times", () => {
	it("are written the way the language does", () => {
		expect(clock(NOW, "de")).toBe("12:04");
		expect(clock(at(22, 8, 4), "de")).toBe("08:04");
		expect(clockWithSeconds(NOW, "de")).toBe("12:04:31");
		expect(clock(at(22, 15, 4), "en-US")).toMatch(/^3:04\sPM$/);
	});

	it.each([
		[10_000, "now"],
		[119_000, "1 min. ago"],
		[2 * 3_600_000, "2 hr. ago"],
		[25 * 3_600_000, "yesterday"],
		[-5_000, "now"],
	])("%i ms ago is %s", (past, text) => {
		expect(ago(NOW - past, NOW, "en")).toBe(text);
	});

	it("name days", () => {
		expect(dayLabel(at(22, 0), NOW, "en")).toBe("Today");
		expect(dayLabel(at(21, 23, 59), NOW, "en")).toBe("Yesterday");
		expect(dayLabel(at(21, 23), NOW, "de")).toBe("Gestern");
		expect(dayLabel(at(20, 9), NOW, "en")).toContain("Friday");
		expect(dayLabel(new Date(2025, 0, 1).getTime(), NOW, "de")).toContain("2025");
	});

	it("measure clips", () => {
		expect([0, 999, 65_000, 600_000, -3].map(duration)).toEqual([
			"0:00",
			"0:00",
			"1:05",
			"10:00",
			"0:00",
		]);
	});

	it("name the day of what was not today", () => {
		expect(moment(at(22, 8), NOW, "de")).toBe("08:00");
		expect(moment(at(20, 8), NOW, "de")).toContain("20. Nov");
	});
});
