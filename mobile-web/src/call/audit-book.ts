import { signal } from "@preact/signals";
import type { Identity } from "../identity/identity";
import { AUDIT_RECORD, readRecord, writeRecord } from "../identity/store";
import {
	type AuditMemory,
	acknowledge,
	follow,
	type LinksSince,
	readHead,
	unsigned,
} from "./audit";

type Memories = Readonly<Record<string, AuditMemory>>;

/** Where every doorbell's log stood when this phone last saw it, kept on disk. */
export class AuditBook {
	readonly #memories = signal<Memories>({});
	readonly #loaded: Promise<void>;

	constructor(private readonly identity: Identity) {
		this.#loaded = readRecord<Memories>(AUDIT_RECORD)
			// Without a database this phone has no memory, and can warn of nothing.
			.catch(() => undefined)
			.then((kept) => {
				this.#memories.value = kept ?? {};
			});
	}

	/** Whether this doorbell's log was changed or set back, and nobody has acknowledged it. */
	isBroken(doorbell: string): boolean {
		return this.#memories.value[doorbell]?.broken !== undefined;
	}

	/** A doorbell has told where its log stands. */
	async heard(doorbell: string, jws: string, since: LinksSince): Promise<void> {
		await this.#loaded;
		const key = this.identity.record.doorbells.find(({ id }) => id === doorbell)?.publicKey ?? "";
		const known = this.#memories.value[doorbell] ?? {};
		const head = await readHead(jws, doorbell, key).catch(() => undefined);
		await this.#keep(
			doorbell,
			head ? await follow(known, head, since) : unsigned(known, Date.now()),
		);
	}

	/** Somebody has read the warning. */
	async acknowledge(doorbell: string): Promise<void> {
		const memory = this.#memories.value[doorbell];
		if (memory) await this.#keep(doorbell, acknowledge(memory));
	}

	async #keep(doorbell: string, memory: AuditMemory): Promise<void> {
		this.#memories.value = { ...this.#memories.value, [doorbell]: memory };
		// What cannot be kept is remembered as long as the page lives.
		await writeRecord(AUDIT_RECORD, this.#memories.value).catch(() => undefined);
	}
}
