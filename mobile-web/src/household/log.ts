import { signal } from "@preact/signals";
import type { AuditHeadStatement } from "../protocol.gen";
import { BrokenChainError, type ChainedRow, checkedRows, ROOT } from "./chain";
import { type Answer, type Asked, NotDoneError } from "./requests";

type Ask = (asked: Asked) => Promise<Answer>;

/** `checked`: the rows follow one another; `signed`: and the doorbell has signed where they end. */
export type LogTrust = "unknown" | "checked" | "signed" | "broken";

/** Where the audit log stood, and the doorbell's signature under that. */
export interface SignedHead {
	readonly text: string;
	readonly statement: AuditHeadStatement;
}

// A filter may find nothing on a page; a tap reads at most so many.
const PAGES_FOR_A_TAP = 5;
const ROWS_LIMIT = 100;

/** The rows of the audit log that were read so far, newest first, checked as they come. */
export class AuditLog {
	readonly rows = signal<readonly ChainedRow[]>([]);
	readonly trust = signal<LogTrust>("unknown");
	/** The head that vouches for the rows up to its own. */
	readonly signed = signal<SignedHead | null>(null);
	/** Whether there are older rows. */
	readonly more = signal(true);
	/** The chain's hash before the oldest row that was read. */
	#before: string | undefined;

	constructor(
		private readonly ask: Ask,
		private readonly readHead: (text: string) => Promise<AuditHeadStatement>,
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
		const page = await this.ask({ type: "read_audit", before: oldest, most: ROWS_LIMIT });
		if (page.type !== "audit_page") throw new NotDoneError("unknown", "");
		try {
			const rows = await checkedRows(page);
			this.#join(rows, oldest, page.hash);
			if (oldest === 0 && page.head) await this.#judge(rows, page.head);
			this.#before = page.before;
			this.rows.value = [...this.rows.value, ...rows];
			this.more.value = rows.length > 0 && rows.at(-1)?.row.number !== 1;
			if (this.trust.value === "unknown") this.trust.value = "checked";
			return rows;
		} catch (error) {
			this.trust.value = "broken";
			this.more.value = false;
			throw new BrokenChainError("log", { cause: error });
		}
	}

	/** This page must end exactly where the one before it began. */
	#join(rows: readonly ChainedRow[], oldest: number, hash: string): void {
		if (oldest === 0) return;
		if (rows[0]?.row.number !== oldest - 1) throw new BrokenChainError("gap");
		if (hash !== this.#before) throw new BrokenChainError("join");
	}

	/** The newest rows must hold the place that the doorbell has signed as the newest. */
	async #judge(rows: readonly ChainedRow[], text: string): Promise<void> {
		const head = await this.readHead(text);
		const there = rows.find(({ row }) => row.number === head.number);
		const hash = there ? there.hash : head.number === 0 ? ROOT : "";
		if (hash !== head.hash) throw new BrokenChainError("head");
		this.signed.value = { text, statement: head };
		this.trust.value = "signed";
	}
}
