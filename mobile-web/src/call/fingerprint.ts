// As SDP writes it (RFC 8122 section 5): 32 bytes in upper-case hexadecimal, colons between.
const FINGERPRINT = /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/;

/** Whether a text is a sha-256 fingerprint as it is signed. */
export function isFingerprint(value: unknown): value is string {
	return typeof value === "string" && FINGERPRINT.test(value);
}

/**
 * The one sha-256 fingerprint of an SDP; undefined when there is none, another one, or another
 * kind. All sections share one transport (BUNDLE), so one stands for all of them.
 */
export function fingerprintOf(sdp: string): string | undefined {
	const found = new Set<string>();
	for (const line of linesOf(sdp)) {
		if (!line.toLowerCase().startsWith("a=fingerprint")) continue;
		const [, value] = /^a=fingerprint:\s*sha-256\s+(\S+)\s*$/i.exec(line) ?? [];
		if (!value || !line.startsWith("a=fingerprint:")) return undefined;
		found.add(value.toUpperCase());
	}
	const [only, ...others] = found;
	return others.length === 0 && isFingerprint(only) ? only : undefined;
}

/** Whether the sender of this SDP opens DTLS in every section: `a=setup:active` and nothing else. */
export function isDtlsClient(sdp: string): boolean {
	const roles = linesOf(sdp).filter((line) => line.toLowerCase().startsWith("a=setup"));
	return roles.length > 0 && roles.every((role) => role === "a=setup:active");
}

/** Of a certificate (DER), as SDP writes it. */
export async function fingerprintOfCertificate(der: BufferSource): Promise<string> {
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
	return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
		.join(":")
		.toUpperCase();
}

function linesOf(sdp: string): string[] {
	return sdp.split(/\r\n|\n|\r/);
}
