import type { Identity } from "../identity/identity";
import { hashOf, says, seal, unseal } from "../identity/jws";
import { assertPasskey, PasskeyError } from "../identity/passkey";
import type { Challenge, UnlockCommand, UnlockReceipt } from "../protocol.gen";
import { type Control, DeniedError } from "./control";
import { keepReceipt } from "./receipts";

export const COMMAND_TYP = "doorstep-command+jws";
export const RECEIPT_TYP = "doorstep-receipt+jws";

/** The doorbell says that it has opened, and has not signed that it did. */
export class ReceiptError extends Error {
	override readonly name = "ReceiptError";
}

/** Which door a command is for, and over which connection it goes. */
export interface UnlockWhere {
	readonly control: Pick<Control, "request">;
	readonly identity: Identity;
	readonly doorbell: string;
	readonly channel: string;
}

/**
 * First step: the doorbell's challenge, which says for how long it would open. Throws DeniedError,
 * or PasskeyError when this phone would need a passkey and has none.
 */
export async function askToUnlock({ control }: Pick<UnlockWhere, "control">): Promise<Challenge> {
	const reply = await control.request({ type: "unlock" }).catch((error: unknown) => {
		const unset = error instanceof DeniedError && error.reason === "passkey";
		throw unset ? new PasskeyError("missing", { cause: error }) : error;
	});
	if (reply.type !== "challenge") throw new DeniedError("malformed", "");
	return reply;
}

/**
 * Second step, inside the gesture: sign the command, with the passkey's word if the doorbell asks
 * for it; resolves with the doorbell's receipt once the lock has opened. Throws DeniedError,
 * PasskeyError or ReceiptError.
 */
export async function confirmUnlock(
	where: UnlockWhere,
	challenge: Challenge,
): Promise<UnlockReceipt> {
	const { control, identity, doorbell, channel } = where;
	const statement: UnlockCommand = {
		action: "unlock",
		doorbell,
		phone: identity.id,
		channel,
		challenge: challenge.challenge,
	};
	const command = await seal(identity, COMMAND_TYP, statement);
	const ask = challenge.passkey;
	const passkey = ask ? await assertPasskey(ask, command, challenge.valid_s * 1000) : null;
	const reply = await control.request({ type: "unlock_confirm", command, passkey });
	if (reply.type !== "unlocked") throw new ReceiptError();
	const receipt = await checkReceipt(where, command, reply.receipt);
	// The door is open whatever this phone can keep.
	const kept = { doorbell, at_ms: receipt.at_ms, command, receipt: reply.receipt };
	await keepReceipt(kept).catch(() => undefined);
	return receipt;
}

/** What the doorbell signed about this very command; throws ReceiptError. */
export async function checkReceipt(
	{ identity, doorbell }: Pick<UnlockWhere, "identity" | "doorbell">,
	command: string,
	receipt: string,
): Promise<UnlockReceipt> {
	const key = identity.record.doorbells.find(({ id }) => id === doorbell)?.publicKey ?? "";
	let claims: Record<string, unknown>;
	try {
		claims = await unseal(receipt, RECEIPT_TYP, key);
	} catch (error) {
		throw new ReceiptError("The receipt is not the doorbell's.", { cause: error });
	}
	const fits = says(claims, {
		doorbell,
		phone: identity.id,
		command_hash: await hashOf(command),
		at_ms: Number.isSafeInteger,
		pulse_s: Number.isFinite,
		row: (value) => Number.isSafeInteger(value) && Number(value) > 0,
	});
	if (!fits) throw new ReceiptError("The receipt is for something else.");
	return claims as unknown as UnlockReceipt;
}
