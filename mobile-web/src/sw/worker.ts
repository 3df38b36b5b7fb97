import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import type { Notification as Notice } from "../protocol.gen";
import { open } from "./click";
import { destinationOf } from "./options";
import { dismiss, showPush } from "./push";
import { renew } from "./subscription";

declare const self: ServiceWorkerGlobalScope & {
	__WB_MANIFEST: Parameters<typeof precacheAndRoute>[0];
};

// The app's own files, and nothing else: what the server says is never kept here.
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A newer worker waits until the page asks for it, so that no screen changes under a call.
self.addEventListener("message", (event) => {
	if (event.data?.type === "SKIP_WAITING") void self.skipWaiting();
});

self.addEventListener("push", (event) => {
	event.waitUntil(showPush(self, event.data?.text()));
});

self.addEventListener("notificationclick", (event) => {
	const notice = event.notification.data as Notice | undefined;
	event.notification.close();
	event.waitUntil(open(self.clients, notice ? destinationOf(notice, event.action) : "/"));
	if (notice) event.waitUntil(dismiss(notice));
});

self.addEventListener("notificationclose", (event) => {
	const notice = event.notification.data as Notice | undefined;
	if (notice) event.waitUntil(dismiss(notice));
});

self.addEventListener("pushsubscriptionchange", (event) => {
	const { oldSubscription } = event as Event & { oldSubscription?: PushSubscription | null };
	const lasting = event as ExtendableEvent;
	lasting.waitUntil(renew(self.registration.pushManager, oldSubscription));
});
