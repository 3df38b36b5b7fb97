/** Bring the app to what a notification is about: an open window if there is one, else a new one. */
export async function open(clients: Clients, destination: string): Promise<void> {
	const { origin, pathname, search, hash } = new URL(destination, location.origin);
	// Only our own pages: the address came over the network.
	const address = origin === location.origin ? pathname + search + hash : "/";
	const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
	const there = windows.find((each) => each.visibilityState === "visible") ?? windows[0];
	if (!there) {
		await clients.openWindow(address);
		return;
	}
	there.postMessage({ type: "navigate", navigate: address });
	await there.focus();
}
