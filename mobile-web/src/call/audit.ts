import { HEAD_TYP, nextHash } from "../household/chain";
import { says, unseal } from "../identity/jws";
import type { AuditHeadStatement } from "../protocol.gen";

const HASH = /^[A-Za-z0-9_-]{43}$/;

/** How far a log was when this phone last saw it. */
export type AuditMark = Pick<AuditHeadStatement, "number" | "hash">;

/** What this phone remembers of one doorbell's log. */
export interface AuditMemory {
	readonly mark?: AuditMark;
	/** The log was changed or set back; `mark` is where it says that it stands. */
	readonly broken?: { readonly mark?: AuditMark; readonly at_ms: number };
}

/** SHA-256 of the rows after `row`, oldest first; not necessarily all of them. */
export type LinksSince = (row: number) => Promise<readonly string[]>;

/** The head that the doorbell signed; throws when it did not. */
export async function readHead(
	jws: string,
	doorbell: string,
	publicKey: string,
): Promise<AuditHeadStatement> {
	const claims = await unseal(jws, HEAD_TYP, publicKey);
	const fits = says(claims, {
		doorbell,
		number: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
		hash: (value) => typeof value === "string" && HASH.test(value),
		at_ms: Number.isSafeInteger,
	});
	if (!fits) throw new Error("The head of the log cannot be read.");
	return claims as unknown as AuditHeadStatement;
}

/**
 * What to remember after seeing this head: the log goes on from where it was, or it was changed.
 * A memory that is broken stays so until somebody acknowledges it. Rejects when the doorbell gives
 * no proof now; then nothing is known.
 */
export async function follow(
	memory: AuditMemory,
	head: AuditHeadStatement,
	since: LinksSince,
): Promise<AuditMemory> {
	const mark = { number: head.number, hash: head.hash };
	const { broken, mark: before } = memory;
	if (broken) return { ...memory, broken: { ...broken, mark } };
	if (!before || (await continues(before, mark, since))) return { mark };
	return { mark: before, broken: { mark, at_ms: head.at_ms } };
}

/** The doorbell did not sign where its log stands. */
export function unsigned(memory: AuditMemory, nowMs: number): AuditMemory {
	return { ...memory, broken: memory.broken ?? { at_ms: nowMs } };
}

/** Somebody has read the warning: from here on the log counts again. */
export function acknowledge({ mark, broken }: AuditMemory): AuditMemory {
	const next = broken?.mark ?? mark;
	return next ? { mark: next } : {};
}

/** Whether links lead from one mark to the other. */
async function continues(from: AuditMark, to: AuditMark, since: LinksSince): Promise<boolean> {
	let { number, hash } = from;
	while (number < to.number) {
		const links = await since(number);
		if (links.length === 0) return false;
		for (const link of links.slice(0, to.number - number)) {
			if (!HASH.test(link)) return false;
			number += 1;
			hash = await nextHash(number, hash, link);
		}
	}
	return number === to.number && hash === to.hash;
}
