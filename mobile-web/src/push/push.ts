import { signal } from "@preact/signals";
import type { Client } from "../api/client";
import { decode, encode } from "../identity/base64url";
import type { PushSubscription as Subscription } from "../protocol.gen";
import type { Language } from "../words";

export type PushState =
	| "unknown"
	| "on"
	| "off"
	| "blocked"
	| "needs_install"
	| "needs_secure"
	| "unsupported";

export const pushState = signal<PushState>("unknown");

/** Find out whether this phone is notified. */
export async function readPushState(): Promise<void> {
	pushState.value = await currentState();
}

async function currentState(): Promise<PushState> {
	if (!isSecureContext) return "needs_secure";
	if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) {
		return isApplePhone() && !isInstalled() ? "needs_install" : "unsupported";
	}
	if (Notification.permission === "denied") return "blocked";
	const registration = await navigator.serviceWorker.getRegistration();
	return (await registration?.pushManager.getSubscription()) ? "on" : "off";
}

/** Ask for permission and subscribe, inside a tap. Throws what the browser or server says. */
export async function enablePush(client: Client, language: Language): Promise<void> {
	if ((await Notification.requestPermission()) !== "granted") {
		await readPushState();
		return;
	}
	const { public_key } = await client.pushKey();
	const registration = await navigator.serviceWorker.ready;
	const options = { userVisibleOnly: true, applicationServerKey: decode(public_key) };
	let made: PushSubscription;
	try {
		made = await registration.pushManager.subscribe(options);
	} catch (error) {
		// A subscription made for another server's key must go first.
		const old = await registration.pushManager.getSubscription();
		if (!old) throw error;
		await old.unsubscribe();
		made = await registration.pushManager.subscribe(options);
	}
	await client.subscribe(targetOf(made, language));
	pushState.value = "on";
}

/** Stop notifying this phone. */
export async function disablePush(client: Client, language: Language): Promise<void> {
	const registration = await navigator.serviceWorker.getRegistration();
	const there = await registration?.pushManager.getSubscription();
	if (there) {
		await client.unsubscribe(targetOf(there, language)).catch(() => undefined);
		await there.unsubscribe();
	}
	pushState.value = "off";
}

function targetOf(made: PushSubscription, language: Language): Subscription {
	const key = (name: PushEncryptionKeyName) =>
		encode(new Uint8Array(made.getKey(name) ?? new ArrayBuffer()));
	return {
		target: { type: "webpush", endpoint: made.endpoint, p256dh: key("p256dh"), auth: key("auth") },
		language,
	};
}

/** An iPhone or iPad, which notifies only from the Home Screen. */
export function isApplePhone(): boolean {
	return (
		/iP(hone|ad|od)/.test(navigator.userAgent) ||
		(/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1)
	);
}

/** Whether the app runs from the Home Screen. */
export function isInstalled(): boolean {
	return (
		matchMedia("(display-mode: standalone)").matches ||
		("standalone" in navigator && navigator.standalone === true)
	);
}
