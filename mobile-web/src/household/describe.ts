import { clock, moment } from "../parts/time";
import type { Access, Phone, Window } from "../protocol.gen";
import type { Words } from "../words";
import { isOver, RIGHTS, timeText } from "./access";

// 5 January 1970 was a Monday.
const MONDAY_MS = Date.UTC(1970, 0, 5);
const DAY_MS = 24 * 60 * 60_000;

/** "Mo", "Tu"…: a day of the week, Monday is 0. */
export function dayName(day: number, language: string, style: "short" | "long" = "short"): string {
	return new Intl.DateTimeFormat(language, { weekday: style, timeZone: "UTC" }).format(
		MONDAY_MS + day * DAY_MS,
	);
}

/** What a phone may do, in few words. */
export function rightsLine({ rights }: Access | Phone, { household: text }: Words): string {
	const known = RIGHTS.filter((right) => rights.includes(right));
	if (known.length === RIGHTS.length) return text.everything;
	if (known.length === 0) return text.nothing;
	const all = RIGHTS.filter((right) => right !== "admin");
	if (all.every((right) => known.includes(right))) return text.allButAdmin;
	return known.map((right) => text.shortRights[right]).join(", ");
}

/** When its rights hold; empty when they always do. */
export function timesLine(
	access: Access | Phone,
	nowMs: number,
	words: Words,
	language: string,
): string {
	const { household: text } = words;
	if (isOver(access, nowMs)) return text.over(moment(access.until_ms ?? 0, nowMs, language));
	const windows = access.windows.map((window) => windowLine(window, words, language));
	const until = access.until_ms && text.until(moment(access.until_ms, nowMs, language));
	return [...windows, until].filter(Boolean).join(" · ");
}

/** "Mon–Fri 08:00–12:00". */
export function windowLine(
	{ days, start, end }: Window,
	{ household: text }: Words,
	language: string,
): string {
	const late = end < start ? text.nextDayMark : "";
	return `${daysLine(days, text, language)} ${timeText(start)}–${timeText(end)}${late}`;
}

function daysLine(days: readonly number[], text: Words["household"], language: string): string {
	const sorted = [...new Set(days)].sort((a, b) => a - b);
	if (sorted.length === 7) return text.everyDay;
	const runs: number[][] = [];
	for (const day of sorted) {
		const run = runs.at(-1);
		if (run?.at(-1) === day - 1) run.push(day);
		else runs.push([day]);
	}
	return runs
		.map((run) => {
			const names = run.map((day) => dayName(day, language));
			return run.length > 2 ? `${names[0]}–${names.at(-1)}` : names.join(", ");
		})
		.join(", ");
}

/** A row's detail for people: times as they read them, and no ids, which stand in the file. */
export function readable(detail: string, language: string): string {
	return detail
		.replace(/ \([a-z2-7]{26}\)/g, "")
		.replace(/\b(\d{12,13}) ms\b/g, (_, ms: string) => dayAndTime(Number(ms), language));
}

/** "4:05" left of a code's life. */
export function leftLine(seconds: number): string {
	const whole = Math.max(0, Math.floor(seconds));
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** "12 March, 18:04", for lists that look back far. */
export function dayAndTime(ms: number, language: string): string {
	const day = new Intl.DateTimeFormat(language, {
		day: "numeric",
		month: "short",
		...(new Date(ms).getFullYear() !== new Date().getFullYear() && { year: "numeric" }),
	}).format(ms);
	return `${day}, ${clock(ms, language)}`;
}
