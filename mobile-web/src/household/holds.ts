import type { Phone, Window } from "../protocol.gen";

const DAY_MINUTES = 24 * 60;

/** Whether limited times would hold at a moment, by this phone's own clock and time zone. */
export function holdsAt({ until_ms, windows }: Omit<Phone, "id" | "name">, at: Date): boolean {
	if (until_ms !== null && at.getTime() >= until_ms) return false;
	return windows.length === 0 || windows.some((window) => isWithin(window, at));
}

/** `end` may lie on the next day; one whose end is its start lasts a whole day. */
function isWithin({ days, start, end }: Window, at: Date): boolean {
	// Monday is 0 here, Sunday is 0 there.
	const today = (at.getDay() + 6) % 7;
	const minute = at.getHours() * 60 + at.getMinutes();
	const length = end > start ? end - start : end + DAY_MINUTES - start;
	const since = (day: number) => ((today - day + 7) % 7) * DAY_MINUTES + minute - start;
	return days.some((day) => since(day) >= 0 && since(day) < length);
}
