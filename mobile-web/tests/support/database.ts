import { vi } from "vitest";

/** What IndexedDB holds in a test: records by name, of one store. */
export type Records = Map<string, unknown>;

/** An IndexedDB with one store, in memory; answers come later, as the browser's do. */
export function stubDatabase(records: Records = new Map()): Records {
	vi.stubGlobal("indexedDB", { open: () => request(() => database(records)) });
	return records;
}

function database(records: Records) {
	return { transaction: () => transaction(records), createObjectStore: () => undefined };
}

function transaction(records: Records) {
	const events: { oncomplete?: () => void } = {};
	const store = {
		get: (name: string) => request(() => structuredClone(records.get(name))),
		put: (value: unknown, name: string) => {
			const kept = structuredClone(value);
			return request(() => {
				records.set(name, kept);
				queueMicrotask(() => events.oncomplete?.());
			});
		},
		delete: (name: string) => request(() => void records.delete(name)),
	};
	return Object.assign(events, { objectStore: () => store });
}

function request<T>(work: () => T) {
	const events: { result?: T; onsuccess?: () => void } = {};
	queueMicrotask(() => {
		events.result = work();
		events.onsuccess?.();
	});
	return events;
}
