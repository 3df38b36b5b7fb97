import { encode } from "../identity/base64url";
import type { Challenge } from "../protocol.gen";
import { type Control, DeniedError } from "./control";

const CONTEXT = "doorstep-unlock-1";

/** The bytes that a phone signs to open this door, in this call, once. */
export function unlockStatement(
	deviceId: string,
	call: string,
	challenge: string,
): Uint8Array<ArrayBuffer> {
	return new TextEncoder().encode([CONTEXT, deviceId, call, challenge].join("\n"));
}

/** First step: the doorbell's challenge, which says for how long it would open. */
export async function askToUnlock(control: Control): Promise<Challenge> {
	const reply = await control.request({ type: "unlock" });
	if (reply.type !== "challenge") throw new DeniedError("malformed", "");
	return reply;
}

/** Second step: sign the challenge; resolves once the lock has opened. */
export async function confirmUnlock(
	control: Control,
	sign: (statement: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>,
	where: { deviceId: string; call: string },
	challenge: Challenge,
): Promise<void> {
	const statement = unlockStatement(where.deviceId, where.call, challenge.challenge);
	await control.request({
		type: "unlock_confirm",
		challenge: challenge.challenge,
		signature: encode(await sign(statement)),
	});
}
