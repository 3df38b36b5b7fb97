import { encode, idOf } from "./base64url";
import { deleteRecord, IDENTITY_RECORD, readRecord, writeRecord } from "./store";

/** A doorbell that this phone has paired with, and the key that it proved to hold. */
export interface PairedDoorbell {
	id: string;
	/** SPKI, base64url. */
	publicKey: string;
	name: string;
}

/** What IndexedDB holds under IDENTITY_RECORD. */
export interface IdentityRecord {
	id: string;
	/** SPKI, base64url. */
	publicKey: string;
	/** Not extractable: it can sign, and cannot be copied. */
	privateKey: CryptoKey;
	name: string;
	doorbells: readonly PairedDoorbell[];
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

/** Who this phone is: a P-256 key that stays in the browser. */
export class Identity {
	constructor(readonly record: IdentityRecord) {}

	get id(): string {
		return this.record.id;
	}

	/** A fresh key, not yet kept. */
	static async generate(name: string): Promise<Identity> {
		const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"]);
		const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
		return new Identity({
			id: await idOf(spki),
			publicKey: encode(new Uint8Array(spki)),
			privateKey: pair.privateKey,
			name,
			doorbells: [],
		});
	}

	/** The kept identity, or undefined on a phone that was never paired. */
	static async load(): Promise<Identity | undefined> {
		const record = await readRecord<IdentityRecord>(IDENTITY_RECORD);
		return record && new Identity(record);
	}

	/** This identity with one more doorbell, kept on disk. */
	async keep(doorbell: PairedDoorbell, name: string): Promise<Identity> {
		const others = this.record.doorbells.filter((known) => known.id !== doorbell.id);
		const next = new Identity({ ...this.record, name, doorbells: [...others, doorbell] });
		await writeRecord(IDENTITY_RECORD, next.record);
		return next;
	}

	/** This identity without a doorbell, kept on disk; undefined when it was the last one. */
	async without(doorbell: string): Promise<Identity | undefined> {
		const doorbells = this.record.doorbells.filter(({ id }) => id !== doorbell);
		if (doorbells.length === 0) return undefined;
		const next = new Identity({ ...this.record, doorbells });
		await writeRecord(IDENTITY_RECORD, next.record);
		return next;
	}

	/** Raw r‖s over the statement, 64 bytes (ES256). */
	async sign(statement: BufferSource): Promise<Uint8Array> {
		return new Uint8Array(await crypto.subtle.sign(SIGNATURE, this.record.privateKey, statement));
	}

	/** Forget the key. The doorbell's household still lists this phone until it is removed there. */
	static forget(): Promise<void> {
		return deleteRecord(IDENTITY_RECORD);
	}
}
