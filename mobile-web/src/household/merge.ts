import type { Doorbell, DoorbellEvent, Visit } from "../protocol.gen";

// A ring that nobody answered for this long is a missed visit, not a ring.
const RING_FRESH_MS = 60_000;

/** The visits with this one in its place, newest first. */
export function withVisit(visits: readonly Visit[], visit: Visit): readonly Visit[] {
	const others = visits.filter((each) => each.id !== visit.id);
	return [...others, visit].sort((a, b) => b.opened_ms - a.opened_ms);
}

/** Two lists as one; where both know a visit, `newer` is right. */
export function withPage(visits: readonly Visit[], newer: readonly Visit[]): readonly Visit[] {
	const ids = new Set(newer.map((visit) => visit.id));
	const others = visits.filter((visit) => !ids.has(visit.id));
	return [...others, ...newer].sort((a, b) => b.opened_ms - a.opened_ms);
}

/** The doorbells after a visit changed. */
export function withLatest(doorbells: readonly Doorbell[], visit: Visit): readonly Doorbell[] {
	return doorbells.map((doorbell) => {
		if (doorbell.id !== visit.doorbell) return doorbell;
		const newest = !doorbell.latest || visit.opened_ms >= doorbell.latest.opened_ms;
		return newest ? { ...doorbell, latest: visit } : doorbell;
	});
}

/** The doorbells after one of them came, went or changed; an unknown one is for the next load. */
export function withDoorbell(
	doorbells: readonly Doorbell[],
	event: DoorbellEvent,
): readonly Doorbell[] {
	return doorbells.map((doorbell) => {
		if (doorbell.id !== event.id) return doorbell;
		const { name, online, since_ms, state } = event;
		return { ...doorbell, name, online, since_ms, state: state ?? doorbell.state };
	});
}

/** Whether someone waits at the door for an answer to this visit. */
export function isRinging(visit: Visit, nowMs: number): boolean {
	return (
		visit.rang_ms !== null &&
		visit.answered_by === null &&
		visit.closed_ms === null &&
		nowMs - lastRang(visit) < RING_FRESH_MS
	);
}

/** Whether the last press of this visit may be heard: not in quiet hours, and known to be not. */
export function mayBeHeard(visit: Visit): boolean {
	return visit.moments.findLast(({ what }) => what === "rang")?.quiet === false;
}

/** When the button was last pressed in this visit. */
export function lastRang(visit: Visit): number {
	const presses = visit.moments.filter(({ what }) => what === "rang").map(({ at_ms }) => at_ms);
	return Math.max(visit.rang_ms ?? 0, ...presses);
}
