import { readRecord, writeRecord } from "../identity/store";
import type { Shown } from "./order";

const RECORD = "notices";
// More visits than this are never under way at once; the rest is history.
const KEPT = 20;

type Notices = Readonly<Record<string, Shown>>;

/** What was last shown with this tag. A phone whose storage fails just loses the order. */
export async function recall(tag: string): Promise<Shown | undefined> {
	return (await all())[tag];
}

/** Keep what is shown now. */
export async function remember(tag: string, shown: Shown): Promise<void> {
	const { [tag]: _, ...others } = await all();
	const kept = Object.entries(others).slice(1 - KEPT);
	await writeRecord(RECORD, Object.fromEntries([...kept, [tag, shown]])).catch(() => undefined);
}

async function all(): Promise<Notices> {
	return (await readRecord<Notices>(RECORD).catch(() => undefined)) ?? {};
}
