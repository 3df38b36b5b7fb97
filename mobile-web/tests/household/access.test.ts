import { describe, expect, it } from "vitest";
import {
	type AccessDraft,
	accessOf,
	draftOf,
	endsNextDay,
	isLastAdmin,
	isOver,
	localText,
	minutesOf,
	PRESETS,
	presetDraft,
	sameDraft,
	timeText,
} from "../../src/household/access";
import { faultLine } from "../../src/household/tell";
import type { Access, Phone } from "../../src/protocol.gen";
import { en } from "../../src/words/en";

const NOW_MS = Date.parse("2026-03-04T12:00:00Z");
const DRAFT: AccessDraft = { rights: ["view"], until: "", windows: [] };

describe("an access that is typed", () => {
	it("is read as it was meant, rights in their order and days from Monday on", () => {
		const windows = [{ days: [6, 0], from: "08:00", to: "12:30" }];
		expect(accessOf({ rights: ["talk", "view"], until: "", windows }, NOW_MS)).toEqual({
			rights: ["view", "talk"],
			until_ms: null,
			windows: [{ days: [0, 6], start: 480, end: 750 }],
		});
	});

	it("may run past midnight, and says so", () => {
		const night = { days: [4], from: "22:00", to: "06:00" };
		expect(accessOf({ ...DRAFT, windows: [night] }, NOW_MS)).toMatchObject({
			windows: [{ days: [4], start: 1320, end: 360 }],
		});
		expect(endsNextDay(night)).toBe(true);
		expect(endsNextDay({ ...night, to: "23:00" })).toBe(false);
	});

	it("ends at a later time, by this phone's clock", () => {
		const later = NOW_MS + 3_600_000;
		expect(accessOf({ ...DRAFT, until: localText(later) }, NOW_MS)).toMatchObject({
			until_ms: later,
		});
	});

	const wrong: [string, Partial<AccessDraft>, string][] = [
		["nothing", { rights: [] }, "at least one thing"],
		["the past", { until: localText(NOW_MS - 60_000) }, "lies in the past"],
		["this very moment", { until: localText(NOW_MS) }, "lies in the past"],
		["no day", { windows: [{ days: [], from: "08:00", to: "09:00" }] }, "day for 08:00–09:00"],
		["no time", { windows: [{ days: [1], from: "", to: "09:00" }] }, "when the hours begin"],
		["no length", { windows: [{ days: [1], from: "08:00", to: "08:00" }] }, "at the same time"],
		["no date", { until: "soon" }, "the day and the time"],
	];
	it.each(wrong)("with %s is refused with a sentence", (_name, change, sentence) => {
		const draft = { ...DRAFT, ...change };
		const fault = accessOf(draft, NOW_MS);
		if (!("what" in fault)) throw new Error("It was accepted.");
		expect(faultLine(fault, draft, en)).toContain(sentence);
	});

	it("names the hours that are wrong, not the first", () => {
		const windows = [
			{ days: [0], from: "08:00", to: "09:00" },
			{ days: [], from: "10:00", to: "11:00" },
		];
		expect(accessOf({ ...DRAFT, windows }, NOW_MS)).toEqual({ what: "no_days", window: 1 });
	});
});

describe("an access that is known", () => {
	it("becomes a draft and the same access again", () => {
		const access: Access = {
			rights: ["view", "unlock"],
			until_ms: NOW_MS + 120_000,
			windows: [{ days: [0, 5], start: 1439, end: 1 }],
		};
		expect(accessOf(draftOf(access), NOW_MS)).toEqual(access);
		expect(sameDraft(draftOf(access), draftOf(access))).toBe(true);
	});

	it("is the last admin's when no other manages the household for good", () => {
		const phone = (id: string, change: Partial<Phone> = {}): Phone => ({
			id,
			name: id,
			rights: ["admin"],
			until_ms: null,
			windows: [],
			...change,
		});
		const [anna, ben] = [phone("a"), phone("b")];
		const cleaner = phone("c", { until_ms: NOW_MS });
		expect(isLastAdmin(anna, [anna, cleaner, phone("d", { rights: ["view"] })])).toBe(true);
		expect(isLastAdmin(anna, [anna, ben])).toBe(false);
		expect(isLastAdmin(cleaner, [anna, cleaner])).toBe(false);
	});

	it("is over at its end, not before", () => {
		const access = { rights: [], until_ms: NOW_MS, windows: [] };
		expect(isOver(access, NOW_MS - 1)).toBe(false);
		expect(isOver(access, NOW_MS)).toBe(true);
	});
});

describe("the presets", () => {
	it.each(PRESETS)("%s is an access, and never an admin's", (preset) => {
		const access = accessOf(presetDraft(preset, NOW_MS), NOW_MS);
		expect("what" in access).toBe(false);
		expect((access as Access).rights).not.toContain("admin");
	});

	it("let a delivery in for a time only", () => {
		const access = accessOf(presetDraft("delivery", NOW_MS), NOW_MS) as Access;
		expect(access.until_ms).toBe(NOW_MS + 7 * 86_400_000);
		expect(access.windows).toHaveLength(1);
	});

	it("let a guest see and talk, nothing else", () => {
		expect(presetDraft("guest", NOW_MS).rights).toEqual(["view", "talk"]);
	});
});

describe("times of the day", () => {
	it.each([
		["00:00", 0],
		["08:05", 485],
		["23:59", 1439],
	])("%s is %i minutes, and back", (text, minutes) => {
		expect(minutesOf(text)).toBe(minutes);
		expect(timeText(minutes)).toBe(text);
	});

	it.each(["", "8:00", "24:00", "10:60", "noon"])("%j is none", (text) => {
		expect(minutesOf(text)).toBeUndefined();
	});
});
