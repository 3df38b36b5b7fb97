import { hashOf } from "../identity/jws";

const CONTEXT = "doorstep-channel-1";

/** Names the one DTLS association that commands belong to: SHA-256, base64url. */
export function channelOf(
	doorbellFingerprint: string,
	phoneFingerprint: string,
	session: string,
): Promise<string> {
	return hashOf([CONTEXT, doorbellFingerprint, phoneFingerprint, session].join("\n"));
}
