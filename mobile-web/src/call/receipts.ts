import { RECEIPTS_RECORD, readRecord, writeRecord } from "../identity/store";

// Enough for the last days, and to show to somebody who asks who opened.
const KEPT = 20;

/** What proves an opening: what this phone signed, and what the doorbell signed about it. */
export interface KeptReceipt {
	readonly doorbell: string;
	readonly at_ms: number;
	readonly command: string;
	readonly receipt: string;
}

/** The last openings by this phone, newest first. */
export async function readReceipts(): Promise<readonly KeptReceipt[]> {
	return (await readRecord<readonly KeptReceipt[]>(RECEIPTS_RECORD)) ?? [];
}

export async function keepReceipt(receipt: KeptReceipt): Promise<void> {
	await writeRecord(RECEIPTS_RECORD, [receipt, ...(await readReceipts())].slice(0, KEPT));
}
