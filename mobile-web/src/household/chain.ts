import { decode, encode } from "../identity/base64url";
import type { AuditPage, AuditRow } from "../protocol.gen";

/** The kind of statement that a signed head of the log is. */
export const HEAD_TYP = "doorstep-audit-head+jws";

const CONTEXT = new TextEncoder().encode("doorstep-audit-1");
const NUMBER_BYTES = 8;
/** The chain's hash before the first row. */
export const ROOT = encode(new Uint8Array(32));

/** A row as it is kept, as it reads, and the chain's hash there. */
export interface ChainedRow {
	readonly text: string;
	readonly row: AuditRow;
	readonly hash: string;
}

/** The log is not what it was, or not what the doorbell signed. */
export class BrokenChainError extends Error {
	override readonly name = "BrokenChainError";
}

/** The chain's hash at row `number`, whose own SHA-256 is `row`. */
export async function nextHash(number: number, before: string, row: string): Promise<string> {
	const big = new Uint8Array(NUMBER_BYTES);
	new DataView(big.buffer).setBigUint64(0, BigInt(number));
	return digest(concat([CONTEXT, big, decode(before), decode(row)]));
}

/** SHA-256 of a row as it is kept, base64url. */
export function rowHash(text: string): Promise<string> {
	return digest(new TextEncoder().encode(text));
}

/**
 * The rows of a page, newest first, each with its hash; BrokenChainError when they do not lead from
 * `before` to `hash` or are not numbered one after the other.
 */
export async function checkedRows(page: AuditPage): Promise<ChainedRow[]> {
	const rows: ChainedRow[] = [];
	let hash = page.before;
	for (const text of [...page.rows].reverse()) {
		const row = readRow(text);
		const last = rows[0]?.row.number;
		if (last !== undefined && row.number !== last + 1) throw new BrokenChainError("numbers");
		hash = await nextHash(row.number, hash, await rowHash(text));
		rows.unshift({ text, row, hash });
	}
	if (hash !== page.hash) throw new BrokenChainError("hash");
	if (rows.at(-1)?.row.number === 1 && page.before !== ROOT) throw new BrokenChainError("root");
	return rows;
}

function readRow(text: string): AuditRow {
	try {
		const row = JSON.parse(text) as AuditRow;
		if (Number.isSafeInteger(row.number) && typeof row.what === "string") return row;
	} catch {
		// Said below.
	}
	throw new BrokenChainError("row");
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
