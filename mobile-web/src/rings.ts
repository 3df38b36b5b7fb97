import { isRinging } from "./household/merge";
import type { Visit } from "./protocol.gen";
import { go, paths, route } from "./router";
import type { Session } from "./session";

type BadgedNavigator = Navigator & {
	setAppBadge?: (count: number) => Promise<void>;
	clearAppBadge?: () => Promise<void>;
};

const ignored = new Set<string>();

/** Do not show this ring again on this phone. */
export function ignore(visit: string): void {
	ignored.add(visit);
}

/** Show a ring the moment it is known, unless this phone is in a call or said no to it. */
export function showRing(session: Session, visit: Visit): void {
	if (!isRinging(visit, session.household.now()) || ignored.has(visit.id)) return;
	if (session.active.value) return;
	go(paths.ring(visit.id), route.value.name === "ring" ? "replace" : "push");
}

/** Title and icon say that someone waits. */
export function showWaiting(name: string | null, title: string): void {
	document.title = name ? `● ${name}` : title;
	const { setAppBadge, clearAppBadge } = navigator as BadgedNavigator;
	const done = name ? setAppBadge?.call(navigator, 1) : clearAppBadge?.call(navigator);
	done?.catch(() => undefined);
}
