/**
 * The phone's small database. The service worker reads the same one, so nothing here touches the
 * page. A CryptoKey is stored as it is: the key never leaves the browser's key store.
 */
export const DATABASE = "doorstep";
export const DATABASE_VERSION = 1;
/** Object store of single records, by name. */
export const STORE = "records";
/** The record that holds this phone's key, id and name. */
export const IDENTITY_RECORD = "identity";
/** The record that holds language and clock offset, for the service worker. */
export const SETTINGS_RECORD = "settings";
/** The record of the last openings by this phone. */
export const RECEIPTS_RECORD = "receipts";
/** The record of where the doorbells' logs stood. */
export const AUDIT_RECORD = "audit";

let opening: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
	opening ??= new Promise((resolve, reject) => {
		const request = indexedDB.open(DATABASE, DATABASE_VERSION);
		request.onupgradeneeded = () => request.result.createObjectStore(STORE);
		request.onsuccess = () => {
			const database = request.result;
			database.onversionchange = () => {
				database.close();
				opening = undefined;
			};
			resolve(database);
		};
		request.onerror = () => reject(request.error);
	});
	return opening;
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

/** The record of that name, or undefined. */
export async function readRecord<T>(name: string): Promise<T | undefined> {
	const database = await open();
	return finished(database.transaction(STORE).objectStore(STORE).get(name));
}

/** Keep a record; resolves once it is on disk. */
export async function writeRecord(name: string, value: unknown): Promise<void> {
	const transaction = (await open()).transaction(STORE, "readwrite");
	transaction.objectStore(STORE).put(value, name);
	await new Promise<void>((resolve, reject) => {
		transaction.oncomplete = () => resolve();
		transaction.onerror = () => reject(transaction.error);
		transaction.onabort = () => reject(transaction.error);
	});
}

/** Forget a record. */
export async function deleteRecord(name: string): Promise<void> {
	const database = await open();
	await finished(database.transaction(STORE, "readwrite").objectStore(STORE).delete(name));
}
