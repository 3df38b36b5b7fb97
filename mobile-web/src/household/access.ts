import type { Access, Phone, Window } from "../protocol.gen";

export type Right = Access["rights"][number];

/** In the order in which they are shown. */
export const RIGHTS: readonly Right[] = [
	"view",
	"talk",
	"light",
	"chime",
	"unlock",
	"history",
	"admin",
];
/** A cleaner comes a few times a week; more is a calendar. */
export const WINDOWS_LIMIT = 14;
const DAY_MS = 24 * 60 * 60_000;
const EVERY_DAY: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

/** A weekly window while it is typed: "08:00" to "12:30" on some days, Monday is 0. */
export interface WindowDraft {
	readonly days: readonly number[];
	readonly from: string;
	readonly to: string;
}

/** What a phone shall be allowed, while it is typed. */
export interface AccessDraft {
	readonly rights: readonly Right[];
	/** As `<input type="datetime-local">` writes it; empty for always. */
	readonly until: string;
	readonly windows: readonly WindowDraft[];
}

/** What is wrong with a draft; `window` counts from 0. */
export type DraftFault =
	| { readonly what: "no_rights" | "until_past" | "until_unreadable" }
	| { readonly what: "no_days" | "no_time" | "same_times"; readonly window: number };

export type Preset = "family" | "guest" | "delivery";
export const PRESETS: readonly Preset[] = ["family", "guest", "delivery"];

/** What a preset allows, from now on. */
export function presetDraft(preset: Preset, nowMs: number): AccessDraft {
	switch (preset) {
		case "family":
			return { rights: RIGHTS.filter((right) => right !== "admin"), until: "", windows: [] };
		case "guest":
			return { rights: ["view", "talk"], until: "", windows: [] };
		case "delivery":
			return {
				rights: ["view", "talk", "unlock"],
				until: localText(nowMs + 7 * DAY_MS),
				windows: [{ days: EVERY_DAY.slice(0, 6), from: "08:00", to: "20:00" }],
			};
	}
}

/** A draft that says what a phone may do now. */
export function draftOf({ rights, until_ms, windows }: Access | Phone): AccessDraft {
	return {
		rights: RIGHTS.filter((right) => rights.includes(right)),
		until: until_ms === null ? "" : localText(until_ms),
		windows: windows.map(({ days, start, end }) => ({
			days,
			from: timeText(start),
			to: timeText(end),
		})),
	};
}

/** What a draft asks for, or the first thing that is wrong with it. */
export function accessOf(draft: AccessDraft, nowMs: number): Access | DraftFault {
	if (draft.rights.length === 0) return { what: "no_rights" };
	const until = draft.until === "" ? null : Date.parse(draft.until);
	if (Number.isNaN(until)) return { what: "until_unreadable" };
	if (until !== null && until <= nowMs) return { what: "until_past" };
	const windows: Window[] = [];
	for (const [window, { days, from, to }] of draft.windows.entries()) {
		const start = minutesOf(from);
		const end = minutesOf(to);
		if (days.length === 0) return { what: "no_days", window };
		if (start === undefined || end === undefined) return { what: "no_time", window };
		if (start === end) return { what: "same_times", window };
		windows.push({ days: [...days].sort((a, b) => a - b), start, end });
	}
	const rights = RIGHTS.filter((right) => draft.rights.includes(right));
	return { rights, until_ms: until, windows };
}

export function isFault(result: Access | DraftFault): result is DraftFault {
	return "what" in result;
}

/** Whether two drafts ask for the same. */
export function sameDraft(a: AccessDraft, b: AccessDraft): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}

/** "08:00–12:00". */
export function spanOf({ from, to }: WindowDraft): string {
	return `${from}–${to}`;
}

/** "22:00" to "06:00" ends on the next day. */
export function endsNextDay({ from, to }: WindowDraft): boolean {
	const start = minutesOf(from);
	const end = minutesOf(to);
	return start !== undefined && end !== undefined && end < start;
}

/** Whether rights end or hold at some hours only. */
export function isTimed({ until_ms, windows }: Access | Phone): boolean {
	return until_ms !== null || windows.length > 0;
}

/** Whether the rights have ended for good. */
export function isOver({ until_ms }: Access | Phone, nowMs: number): boolean {
	return until_ms !== null && until_ms <= nowMs;
}

/** Whether nobody else may manage the household without an end. */
export function isLastAdmin(phone: Phone, phones: readonly Phone[]): boolean {
	const lasting = phones.filter((each) => each.rights.includes("admin") && !isTimed(each));
	return lasting.length === 1 && lasting[0]?.id === phone.id;
}

/** "08:05" as minutes since midnight. */
export function minutesOf(text: string): number | undefined {
	const found = /^(\d{2}):(\d{2})/.exec(text);
	if (!found) return undefined;
	const [hours, minutes] = [Number(found[1]), Number(found[2])];
	return hours < 24 && minutes < 60 ? hours * 60 + minutes : undefined;
}

/** Minutes since midnight as "08:05". */
export function timeText(minutes: number): string {
	const two = (value: number) => String(value).padStart(2, "0");
	return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** As `<input type="datetime-local">` wants it, by this phone's clock. */
export function localText(ms: number): string {
	const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
	return local.toISOString().slice(0, 16);
}
