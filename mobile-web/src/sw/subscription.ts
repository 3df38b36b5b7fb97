import { Client } from "../api/client";
import { SignedHttp } from "../api/http";
import { decode } from "../identity/base64url";
import { ServerClock } from "../identity/clock";
import { Identity } from "../identity/identity";
import { readRecord, SETTINGS_RECORD } from "../identity/store";
import type { PushSubscription as Subscription } from "../protocol.gen";

type Language = Subscription["language"];

/** The browser changed its subscription: subscribe again and tell the server where to. */
export async function renew(
	manager: PushManager,
	old: PushSubscription | null | undefined,
): Promise<void> {
	const identity = await Identity.load();
	if (!identity) return;
	const client = new Client(new SignedHttp(identity, new ServerClock()));
	const key = decode((await client.pushKey()).public_key);
	const made = await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
	const language = await chosenLanguage();
	await client.subscribe(described(made, language));
	if (old && old.endpoint !== made.endpoint) {
		// The server finds out by itself when the old one is gone.
		await client.unsubscribe(described(old, language)).catch(() => undefined);
	}
}

function described(made: PushSubscription, language: Language): Subscription {
	const { p256dh = "", auth = "" } = made.toJSON().keys ?? {};
	return { target: { type: "webpush", endpoint: made.endpoint, p256dh, auth }, language };
}

async function chosenLanguage(): Promise<Language> {
	const settings = await readRecord<{ language?: Language }>(SETTINGS_RECORD);
	return settings?.language ?? (navigator.language.startsWith("de") ? "de" : "en");
}
