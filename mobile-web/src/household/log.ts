import { signal } from "@preact/signals";
import type { AuditHeadStatement } from "../protocol.gen";
import { BrokenChainError, type ChainedRow, checkedRows } from "./chain";
import { type Answer, type Asked, NotDoneError } from "./requests";

type Ask = (asked: Asked) => Promise<Answer>;

/** `checked`: the rows follow one another; `signed`: and the doorbell has signed where they end. */
export type LogTrust = "unknown" | "checked" | "signed" | "broken";

// A filter may find nothing on a page; a tap reads at most so many.
const PAGES_FOR_A_TAP = 5;
const ROWS_LIMIT = 100;

/** The rows of the audit log that were read so far, newest first, checked as they come. */
export class AuditLog {
	readonly rows = signal<readonly ChainedRow[]>([]);
	readonly trust = signal<LogTrust>("unknown");
	/** The newest row that a head has vouched for. */
	readonly signedTo = signal(0);
	/** Whether there are older rows. */
	readonly more = signal(true);
	/** The chain's hash before the oldest row that was read. */
	#before: string | undefined;

	constructor(
		private readonly ask: Ask,
		private readonly head: () => AuditHeadStatement | null,
	) {}

	/** Read older rows until one is `wanted`; the first call reads the newest. */
	async load(wanted: (row: ChainedRow) => boolean = () => true): Promise<void> {
		for (let page = 0; page < PAGES_FOR_A_TAP && this.more.value; page += 1) {
			if ((await this.#page()).some(wanted)) return;
		}
	}

	/** Read everything. */
	async loadAll(): Promise<void> {
		while (this.more.value) await this.#page();
	}

	/** Look again after the doorbell has signed another head. */
	follow(head: AuditHeadStatement): void {
		if (this.trust.value !== "unknown" && this.trust.value !== "broken") this.#judge(head);
	}

	async #page(): Promise<readonly ChainedRow[]> {
		const oldest = this.rows.value.at(-1)?.row.number ?? 0;
		// Signed before the newest row was asked for, so it cannot be of a later one.
		const head = this.head();
		const page = await this.ask({ type: "read_audit", before: oldest, most: ROWS_LIMIT });
		if (page.type !== "audit_page") throw new NotDoneError("unknown", "");
		try {
			const rows = await checkedRows(page);
			this.#join(rows, oldest, page.hash);
			if (oldest === 0 && head) checkNotSetBack(rows, head);
			this.#before = page.before;
			this.rows.value = [...this.rows.value, ...rows];
			this.more.value = rows.length > 0 && rows.at(-1)?.row.number !== 1;
			if (this.trust.value === "unknown") this.trust.value = "checked";
			if (head) this.#judge(head);
			return rows;
		} catch (error) {
			this.#broken();
			throw error;
		}
	}

	/** This page must end exactly where the one before it began. */
	#join(rows: readonly ChainedRow[], oldest: number, hash: string): void {
		if (oldest === 0) return;
		if (rows[0]?.row.number !== oldest - 1) throw new BrokenChainError("gap");
		if (hash !== this.#before) throw new BrokenChainError("join");
	}

	#judge(head: AuditHeadStatement): void {
		const there = this.rows.value.find(({ row }) => row.number === head.number);
		if (!there) return;
		if (there.hash === head.hash) {
			this.signedTo.value = Math.max(this.signedTo.value, head.number);
			this.trust.value = "signed";
		} else this.#broken();
	}

	#broken(): void {
		this.trust.value = "broken";
		this.more.value = false;
	}
}

/** A log that ends before what the doorbell has signed was set back. */
function checkNotSetBack(rows: readonly ChainedRow[], head: AuditHeadStatement): void {
	const newest = rows[0]?.row.number ?? 0;
	if (newest < head.number) throw new BrokenChainError("set back");
}
