import { signal } from "@preact/signals";
import { go } from "./router";

/** What browsers with trusted types have; others run the page without. */
interface TrustedTypes {
	createPolicy(
		name: string,
		rules: { createScriptURL: (address: string) => string },
	): { createScriptURL(address: string): string };
}

/** A newer app is downloaded and waits. */
export const updateReady = signal(false);

let waiting: ServiceWorker | null = null;

const WORKER = "/worker.js";
// The page's policy lets only this make an address into a script, and it makes one: the worker's.
const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy(
	"doorstep",
	{ createScriptURL: () => WORKER },
);

/** Start the service worker, and notice when a newer one waits. */
export async function startWorker(): Promise<void> {
	if (!("serviceWorker" in navigator)) return;
	navigator.serviceWorker.addEventListener("message", ({ data }) => follow(data));
	const registration = await navigator.serviceWorker.register(
		trusted?.createScriptURL(WORKER) ?? WORKER,
	);
	const look = () => {
		// The very first worker waits for nobody, and the page it belongs to is this one.
		if (!registration.waiting || !navigator.serviceWorker.controller) return;
		waiting = registration.waiting;
		updateReady.value = true;
	};
	look();
	registration.addEventListener("updatefound", () => {
		registration.installing?.addEventListener("statechange", look);
	});
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible") registration.update().catch(() => undefined);
	});
}

/** Change to the newer app. */
export function reload(): void {
	navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
	if (waiting) waiting.postMessage({ type: "SKIP_WAITING" });
	else location.reload();
}

/** A tap on a notification while the app is open: show what it is about. */
function follow(data: unknown): void {
	if (typeof data !== "object" || data === null) return;
	const { type, navigate } = data as { type?: unknown; navigate?: unknown };
	if (type !== "navigate" || typeof navigate !== "string") return;
	const { hash, origin } = new URL(navigate, location.href);
	if (origin === location.origin) go(hash || "#/");
}
