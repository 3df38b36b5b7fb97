import type { Notification as Notice } from "../protocol.gen";
import { type Decision, isUnsettled } from "./order";
import { BUTTONS } from "./words";

export const ICON = "/icons/icon-192.png";

/** NotificationOptions, with the members that TypeScript's library leaves out. */
export interface ShownOptions extends NotificationOptions {
	actions?: readonly { action: string; title: string }[];
	image?: string;
	renotify?: boolean;
	timestamp?: number;
}

/** How a notice looks; `image` is an address that the browser can fetch by itself. */
export function optionsOf({ show, alert }: Decision, image: string | undefined): ShownOptions {
	const waiting = isUnsettled(show.data.change);
	return {
		body: show.body,
		tag: show.tag,
		lang: show.lang,
		icon: ICON,
		silent: !alert,
		renotify: alert,
		requireInteraction: waiting,
		data: show,
		...(show.data.at_ms ? { timestamp: show.data.at_ms } : {}),
		...(image ? { image } : {}),
		...(waiting ? { actions: buttons(show) } : {}),
	};
}

function buttons({ lang }: Notice): { action: string; title: string }[] {
	const words = BUTTONS[lang] ?? BUTTONS.en;
	return [
		{ action: "answer", title: words.answer },
		{ action: "reply", title: words.reply },
	];
}

/** Where a tap leads: the whole notification, or one of its buttons. */
export function destinationOf(notice: Notice, action: string): string {
	const { doorbell, visit } = notice.data;
	if (action === "answer") return `/#/call/${doorbell}?answers=${visit}`;
	if (action === "reply") return `/#/ring/${visit}?reply`;
	return notice.navigate;
}
