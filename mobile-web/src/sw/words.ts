import type { Notification as Notice } from "../protocol.gen";

/** The few words that the worker adds by itself; the server composes the rest. */
export const BUTTONS: Readonly<Record<Notice["lang"], { answer: string; reply: string }>> = {
	en: { answer: "Answer", reply: "Quick reply" },
	de: { answer: "Annehmen", reply: "Antworten" },
};

/** Shown for a push that cannot be read, because a push that shows nothing costs the subscription. */
export const UNREADABLE = { title: "Doorstep", body: "Something happened at the door." } as const;
