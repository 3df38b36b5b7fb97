import { forgetHousehold } from "../household/cache";
import { Identity } from "../identity/identity";
import { AUDIT_RECORD, deleteRecord, RECEIPTS_RECORD } from "../identity/store";
import { paths } from "../router";

/** Forget one doorbell; the last one takes everything with it. The app begins anew. */
export async function forgetDoorbell(identity: Identity, doorbell: string): Promise<void> {
	const left = await identity.without(doorbell);
	if (left) beginAnew();
	else await forgetEverything();
}

/** Forget every household: key, pictures, receipts and notifications. The app begins anew. */
export async function forgetEverything(): Promise<void> {
	await Identity.forget();
	// The key is gone; nothing of the rest may keep the page from beginning anew.
	await Promise.allSettled([
		deleteRecord(AUDIT_RECORD),
		deleteRecord(RECEIPTS_RECORD),
		stopNotifications(),
	]);
	beginAnew();
}

/** The server counts this phone out already: only the browser has something to forget. */
async function stopNotifications(): Promise<void> {
	const registration = await navigator.serviceWorker?.getRegistration();
	await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}

function beginAnew(): void {
	forgetHousehold();
	location.hash = paths.home;
	location.reload();
}
