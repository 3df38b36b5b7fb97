import type { Notification as Notice, NotificationData } from "../protocol.gen";

/** What was last shown for one visit. */
export interface Shown {
	notice: Notice;
	/** The person swiped this ring away; it must not sound again. */
	dismissed: boolean;
}

export interface Decision {
	show: Notice;
	/** Whether the phone may make itself heard. */
	alert: boolean;
}

// What comes later in a visit, where times are equal: the picture is of the ring's own moment.
const RANK: Readonly<Record<NotificationData["change"], number>> = {
	test: 0,
	farewell: 0,
	motion: 0,
	rang: 1,
	picture: 2,
	answered: 3,
	missed: 3,
};

/**
 * What to show when `incoming` arrives after `shown`. Push services keep no order, so an older
 * message never replaces a newer one; something is shown for every push all the same.
 */
export function decide(shown: Shown | undefined, incoming: Notice): Decision {
	if (!shown) return { show: incoming, alert: !incoming.silent };
	const age = compare(incoming.data, shown.notice.data);
	if (age > 0) return { show: incoming, alert: !incoming.silent };
	// The ring again, or the ring overtaken by its own picture: it sounds, the picture stays.
	const rings = incoming.data.change === "rang" && isSameRing(incoming.data, shown.notice.data);
	const repeats = rings || incoming.data.change === "test";
	return {
		show: age === 0 ? incoming : shown.notice,
		alert: repeats && !incoming.silent && !shown.dismissed,
	};
}

/** Whether someone still waits at the door, as far as this message knows. */
export function isUnsettled(change: NotificationData["change"]): boolean {
	return change === "rang" || change === "picture";
}

function compare(one: NotificationData, other: NotificationData): number {
	return time(one) - time(other) || RANK[one.change] - RANK[other.change];
}

function isSameRing(one: NotificationData, other: NotificationData): boolean {
	return time(one) === time(other) && isUnsettled(other.change);
}

function time(data: NotificationData): number {
	return data.at_ms ?? 0;
}
