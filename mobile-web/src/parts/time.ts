const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** "12:04" by the phone's own clock and habits. */
export function clock(ms: number, language: string): string {
	return new Intl.DateTimeFormat(language, { hour: hourOf(language), minute: "2-digit" }).format(
		ms,
	);
}

/** "12:04:31", for what happened within a visit. */
export function clockWithSeconds(ms: number, language: string): string {
	return new Intl.DateTimeFormat(language, {
		hour: hourOf(language),
		minute: "2-digit",
		second: "2-digit",
	}).format(ms);
}

/** "2 min ago", "yesterday": how long ago, in the largest fitting unit. */
export function ago(ms: number, nowMs: number, language: string): string {
	const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
	const past = Math.max(0, nowMs - ms);
	if (past < MINUTE_MS) return relative.format(0, "second");
	if (past < HOUR_MS) return relative.format(-Math.floor(past / MINUTE_MS), "minute");
	if (past < DAY_MS) return relative.format(-Math.floor(past / HOUR_MS), "hour");
	return relative.format(-Math.floor(past / DAY_MS), "day");
}

/** "Today", "Yesterday", "Friday, 20 November": the headline of a day. */
export function dayLabel(ms: number, nowMs: number, language: string): string {
	const days = Math.round((startOfDay(nowMs) - startOfDay(ms)) / DAY_MS);
	if (days >= 0 && days < 2) {
		const name = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day");
		return name.charAt(0).toUpperCase() + name.slice(1);
	}
	const withYear = new Date(ms).getFullYear() !== new Date(nowMs).getFullYear();
	return new Intl.DateTimeFormat(language, {
		weekday: "long",
		day: "numeric",
		month: "long",
		...(withYear && { year: "numeric" }),
	}).format(ms);
}

/** "1:05" out of milliseconds, for players. */
export function duration(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A time of today as "12:04", an older one with its day. */
export function moment(ms: number, nowMs: number, language: string): string {
	if (startOfDay(ms) === startOfDay(nowMs)) return clock(ms, language);
	return new Intl.DateTimeFormat(language, {
		day: "numeric",
		month: "short",
		hour: hourOf(language),
		minute: "2-digit",
	}).format(ms);
}

/** "08:04" reads well, "08:04 PM" does not. */
function hourOf(language: string): "numeric" | "2-digit" {
	const { hour12 } = new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions();
	return hour12 ? "numeric" : "2-digit";
}

function startOfDay(ms: number): number {
	return new Date(ms).setHours(0, 0, 0, 0);
}
