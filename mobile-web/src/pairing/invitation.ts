import { decode } from "../identity/base64url";

/** What a pairing link carries behind `#`. */
export interface Invitation {
	/** SHA-256 of the doorbell's key (SPKI), base64url. */
	keyHash: string;
	secret: Uint8Array<ArrayBuffer>;
	deviceId: string;
}

const SECRET_BYTES = 16;

/** Read a link's fragment; undefined when it is not a whole pairing link of this version. */
export function readInvitation(fragment: string): Invitation | undefined {
	const [version, keyHash, secretText, deviceId, ...rest] = fragment
		.replace(/^#/, "")
		.replace(/^p=/, "")
		.split(".");
	if (version !== "1" || !keyHash || !secretText || !deviceId || rest.length > 0) return undefined;
	if (!/^[a-z2-7]{26}$/.test(deviceId)) return undefined;
	try {
		const secret = decode(secretText);
		return secret.length === SECRET_BYTES ? { keyHash, secret, deviceId } : undefined;
	} catch {
		return undefined;
	}
}
