import { decode, encode } from "../identity/base64url";

/** All that both sides said, in the order in which both sign it. */
export interface Transcript {
	deviceId: string;
	doorbellKey: string;
	phoneKey: string;
	doorbellNonce: string;
	phoneNonce: string;
	phoneName: string;
}

export type Role = "doorbell" | "phone";

const CONTEXT = "doorstep-pairing-1";
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/** HMAC-SHA-256 over the length-prefixed parts, base64url. */
export async function proofOf(
	transcript: Transcript,
	secret: BufferSource,
	role: Role,
): Promise<string> {
	const key = await crypto.subtle.importKey("raw", secret, HMAC, false, ["sign"]);
	const proof = await crypto.subtle.sign("HMAC", key, bytesOf(transcript, role));
	return encode(new Uint8Array(proof));
}

/** Whether `proof` is that role's; the browser compares it in constant time. */
export async function accepts(
	transcript: Transcript,
	secret: BufferSource,
	role: Role,
	proof: string,
): Promise<boolean> {
	const key = await crypto.subtle.importKey("raw", secret, HMAC, false, ["verify"]);
	return crypto.subtle.verify("HMAC", key, decode(proof), bytesOf(transcript, role));
}

function bytesOf(transcript: Transcript, role: Role): Uint8Array<ArrayBuffer> {
	const { deviceId, doorbellKey, phoneKey, doorbellNonce, phoneNonce, phoneName } = transcript;
	const parts = [
		CONTEXT,
		role,
		deviceId,
		doorbellKey,
		phoneKey,
		doorbellNonce,
		phoneNonce,
		phoneName,
	].map((part) => new TextEncoder().encode(part));
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
	const view = new DataView(whole.buffer);
	let at = 0;
	for (const part of parts) {
		view.setUint32(at, part.length);
		whole.set(part, at + 4);
		at += 4 + part.length;
	}
	return whole;
}
