import type { Notification as Notice } from "../protocol.gen";
import { recall, remember } from "./memory";
import { optionsOf } from "./options";
import { decide, type Shown } from "./order";
import { noticeIn } from "./payload";
import { pictureAddress } from "./picture";
import { UNREADABLE } from "./words";

type Scope = Pick<ServiceWorkerGlobalScope, "registration" | "clients">;

// One after the other: two pushes of a visit at once would each decide without the other.
let turn: Promise<void> = Promise.resolve();

function inTurn(task: () => Promise<void>): Promise<void> {
	turn = turn.catch(() => undefined).then(task);
	return turn;
}

/** Show what a push says. Whatever goes wrong, something is shown. */
export function showPush(scope: Scope, text: string | undefined): Promise<void> {
	return inTurn(() => show(scope, text));
}

/** The person took note, by a tap or by swiping it away: this ring must not sound again. */
export function dismiss(notice: Notice): Promise<void> {
	return inTurn(async () => {
		const shown = await recall(notice.tag);
		if (shown) await remember(notice.tag, { ...shown, dismissed: true });
	});
}

async function show({ registration, clients }: Scope, text: string | undefined): Promise<void> {
	const notice = noticeIn(text);
	if (!notice) {
		await registration.showNotification(UNREADABLE.title, { body: UNREADABLE.body });
		return;
	}
	const shown = await recall(notice.tag);
	const decision = decide(shown, notice);
	const { show: next } = decision;
	await remember(next.tag, { notice: next, dismissed: staysDismissed(shown, next) });
	const image = await pictureAddress(next.image, location.origin);
	await registration.showNotification(next.title, optionsOf(decision, image));
	// Browsers let a push end without a notification only while the app is looked at.
	if (next.data.change === "answered" && (await isLookedAt(clients))) {
		for (const each of await registration.getNotifications({ tag: next.tag })) each.close();
	}
}

async function isLookedAt(clients: Clients): Promise<boolean> {
	const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
	return windows.some((each) => each.visibilityState === "visible");
}

function staysDismissed(shown: Shown | undefined, next: Notice): boolean {
	return shown?.dismissed === true && shown.notice.data.at_ms === next.data.at_ms;
}
