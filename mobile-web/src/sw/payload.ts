import type { Notification as Notice, PushMessage } from "../protocol.gen";

/** The one field of a message through Firebase; it holds the same payload as text. */
const FCM_FIELD = "doorstep";
const DECLARATIVE = 8030;

/**
 * What a push says, or undefined when it says nothing that we know. Web Push carries the payload
 * itself; Firebase wraps it in its own data message.
 */
export function noticeIn(text: string | undefined): Notice | undefined {
	const outer = objectIn(text);
	const data = outer?.data;
	const wrapped = isObject(data) ? data[FCM_FIELD] : undefined;
	const message = typeof wrapped === "string" ? objectIn(wrapped) : outer;
	return message && isPushMessage(message) ? message.notification : undefined;
}

function isPushMessage(message: object): message is PushMessage {
	const { web_push, notification } = message as Partial<PushMessage>;
	if (web_push !== DECLARATIVE || !isObject(notification)) return false;
	const { title, navigate, tag, data } = notification as Partial<Notice>;
	return (
		[title, navigate, tag].every((value) => typeof value === "string") &&
		isObject(data) &&
		typeof data.change === "string"
	);
}

function objectIn(text: string | undefined): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text ?? "");
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null;
}
