import type { Doorbell, Visit } from "../protocol.gen";

/** What was last known, so that the app shows something the moment it opens. */
export interface Remembered {
	doorbells: readonly Doorbell[];
	visits: readonly Visit[];
}

const KEY = "doorstep.household.1";
// A few days of an ordinary door; small enough to be read before the first paint.
const VISITS_KEPT = 40;

export function remember(known: Remembered): void {
	const kept: Remembered = { ...known, visits: known.visits.slice(0, VISITS_KEPT) };
	try {
		localStorage.setItem(KEY, JSON.stringify(kept));
	} catch {
		// A full or forbidden store costs the quick start, nothing else.
	}
}

export function recall(): Remembered | undefined {
	try {
		const known = JSON.parse(localStorage.getItem(KEY) ?? "null") as Remembered | null;
		return known && Array.isArray(known.doorbells) && Array.isArray(known.visits)
			? known
			: undefined;
	} catch {
		return undefined;
	}
}

/** Nothing of what was known stays on this phone. */
export function forgetHousehold(): void {
	localStorage.removeItem(KEY);
}
