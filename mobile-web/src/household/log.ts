import { signal } from "@preact/signals";
import type { AuditHeadStatement } from "../protocol.gen";
import { BrokenChainError, type ChainedRow, checkedRows, ROOT } from "./chain";
import type { Answer, Asked } from "./requests";

type Ask = (asked: Asked) => Promise<Answer>;

/** `checked`: the rows follow one another; `signed`: and the doorbell has signed where they end. */
export type LogTrust = "unknown" | "checked" | "signed" | "broken";

// A filter may find nothing on a page; a tap reads at most so many.
const PAGES_FOR_A_TAP = 5;

/** The rows of the audit log that were read so far, newest first, checked as they come. */
export class AuditLog {
	readonly rows = signal<readonly ChainedRow[]>([]);
	readonly trust = signal<LogTrust>("unknown");
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

	async #page(): Promise<readonly ChainedRow[]> {
		const oldest = this.rows.value.at(-1)?.row.number ?? 0;
		const page = await this.ask({ type: "read_audit", before: oldest, most: 100 });
		if (page.type !== "audit_page") throw new BrokenChainError("reply");
		try {
			const rows = await checkedRows(page);
			this.#join(rows, oldest, page.hash);
			this.#before = page.before;
			this.rows.value = [...this.rows.value, ...rows];
			this.more.value = rows.length > 0 && rows.at(-1)?.row.number !== 1;
			this.trust.value = this.#judge();
			return rows;
		} catch (error) {
			this.trust.value = "broken";
			this.more.value = false;
			throw error;
		}
	}

	/** This page must end exactly where the one before it began. */
	#join(rows: readonly ChainedRow[], oldest: number, hash: string): void {
		if (oldest === 0) return;
		if (rows[0]?.row.number !== oldest - 1) throw new BrokenChainError("gap");
		if (hash !== this.#before) throw new BrokenChainError("join");
	}

	#judge(): LogTrust {
		const head = this.head();
		if (!head) return "checked";
		const there = this.rows.value.find(({ row }) => row.number === head.number);
		if (there) {
			if (there.hash !== head.hash) throw new BrokenChainError("head");
			return "signed";
		}
		const newest = this.rows.value[0]?.row.number ?? 0;
		// What was signed is gone: the log was set back.
		if (newest < head.number || (head.number === 0 && head.hash !== ROOT)) {
			throw new BrokenChainError("head");
		}
		return "checked";
	}
}
