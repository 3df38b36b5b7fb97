import type { Notification as Notice } from "../protocol.gen";
import { recall, remember } from "./memory";
import { optionsOf } from "./options";
import { decide, type Shown } from "./order";
import { noticeIn } from "./payload";
import { pictureAddress } from "./picture";
import { UNREADABLE } from "./words";

/** Show what a push says. Whatever goes wrong, something is shown. */
export async function showPush(
	{ registration, clients }: Pick<ServiceWorkerGlobalScope, "registration" | "clients">,
	text: string | undefined,
): Promise<void> {
	const notice = noticeIn(text);
	if (!notice) {
		await registration.showNotification(UNREADABLE.title, { body: UNREADABLE.body });
		return;
	}
	const shown = await recall(notice.tag);
	const decision = decide(shown, notice);
	const { show } = decision;
	await remember(show.tag, { notice: show, dismissed: staysDismissed(shown, show) });
	const image = await pictureAddress(show.image, location.origin);
	await registration.showNotification(show.title, optionsOf(decision, image));
	// Browsers let a push end without a notification only while the app is looked at.
	if (show.data.change === "answered" && (await isLookedAt(clients))) {
		for (const each of await registration.getNotifications({ tag: show.tag })) each.close();
	}
}

async function isLookedAt(clients: Clients): Promise<boolean> {
	const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
	return windows.some((each) => each.visibilityState === "visible");
}

function staysDismissed(shown: Shown | undefined, next: Notice): boolean {
	return shown?.dismissed === true && shown.notice.data.at_ms === next.data.at_ms;
}

/** The person took note, by a tap or by swiping it away: this ring must not sound again. */
export async function dismiss(notice: Notice): Promise<void> {
	const shown = await recall(notice.tag);
	if (shown) await remember(notice.tag, { ...shown, dismissed: true });
}
