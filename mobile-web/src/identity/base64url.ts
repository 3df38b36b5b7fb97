/** Base64url without padding (RFC 4648 section 5). */
export function encode(raw: Uint8Array): string {
	let text = "";
	for (const byte of raw) text += String.fromCharCode(byte);
	return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes behind base64url; throws when the text holds anything else. */
export function decode(text: string): Uint8Array<ArrayBuffer> {
	if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Error("The text is not base64url.");
	const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
	return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const ID_LENGTH = 26;

/** The id of a key: first 26 characters of base32(SHA-256(SPKI)), in lower case. */
export async function idOf(spki: BufferSource): Promise<string> {
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", spki));
	let bits = 0;
	let held = 0;
	let text = "";
	for (const byte of digest) {
		held = (held << 8) | byte;
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			text += ALPHABET.charAt((held >> bits) & 31);
		}
		held &= (1 << bits) - 1;
	}
	return text.slice(0, ID_LENGTH);
}
