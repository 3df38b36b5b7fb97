import type { Notification as Notice, NotificationData } from "../../src/protocol.gen";

export const RANG_MS = 1_795_000_000_000;

/** A notice of one visit, `afterS` seconds after the press. */
export function notice(change: NotificationData["change"], afterS = 0): Notice {
	return {
		title: change,
		body: "",
		navigate: "/#/ring/visit-0001",
		tag: "visit-visit-0001",
		lang: "en",
		silent: change !== "rang" && change !== "motion" && change !== "test",
		image: null,
		data: {
			visit: "visit-0001",
			doorbell: "a".repeat(26),
			change,
			at_ms: RANG_MS + afterS * 1000,
			phone: null,
		},
	};
}
