import { decode, encode, idOf } from "./base64url";
import type { Identity } from "./identity";
import { strictObject } from "./strict-json";

/** The largest statement is a passkey's, of some 2 kB; more is not read at all. */
export const JWS_LIMIT = 8 * 1024;
const ALGORITHM = "ES256";
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const SIGNATURE_BYTES = 64;

const encoder = new TextEncoder();

/** A statement is not signed as it has to be. */
export class JwsError extends Error {
	override readonly name = "JwsError";
}

/** `statement`, signed by this phone: JWS in compact form (RFC 7515), ES256. */
export async function seal(identity: Identity, typ: string, statement: object): Promise<string> {
	const header = { alg: ALGORITHM, typ, kid: identity.id };
	const signed = `${part(header)}.${part(statement)}`;
	const text = `${signed}.${encode(await identity.sign(encoder.encode(signed)))}`;
	if (text.length > JWS_LIMIT) throw new JwsError("The statement is too large to sign.");
	return text;
}

/**
 * What the holder of `publicKey` (SPKI, base64url) signed as a `typ`. A header with more or less
 * than alg, typ and kid, a key that stands twice and a text that is not canonical are refused, so
 * that no two readers can understand it differently. Throws JwsError.
 */
export async function unseal(
	text: string,
	typ: string,
	publicKey: string,
): Promise<Record<string, unknown>> {
	const [head, claims, signature] = partsOf(text);
	checkHeader(objectOf(head), typ, await idOf(decode(publicKey)));
	const raw = bytesOf(signature);
	const key = await crypto.subtle.importKey("spki", decode(publicKey), CURVE, false, ["verify"]);
	const signed = encoder.encode(`${head}.${claims}`);
	const fits =
		raw.length === SIGNATURE_BYTES && (await crypto.subtle.verify(SIGNATURE, key, raw, signed));
	if (!fits) throw new JwsError("The signature does not fit the statement.");
	return objectOf(claims);
}

/** SHA-256 in base64url: how a statement names a text. */
export async function hashOf(what: string | BufferSource): Promise<string> {
	const raw = typeof what === "string" ? encoder.encode(what) : what;
	return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", raw)));
}

/**
 * Whether `claims` say exactly what was expected: the same keys, the same values. A function as the
 * expected value judges it instead.
 */
export function says(
	claims: Record<string, unknown>,
	expected: Record<string, string | ((value: unknown) => boolean)>,
): boolean {
	const keys = Object.keys(expected);
	if (Object.keys(claims).length !== keys.length) return false;
	return keys.every((key) => {
		const wish = expected[key];
		const value = Object.hasOwn(claims, key) ? claims[key] : undefined;
		return typeof wish === "function" ? wish(value) : value === wish;
	});
}

function partsOf(text: string): [string, string, string] {
	if (text.length > JWS_LIMIT) throw new JwsError(`The statement is longer than ${JWS_LIMIT}.`);
	const [head, claims, signature, ...more] = text.split(".");
	if (!head || !claims || !signature || more.length > 0) {
		throw new JwsError("The statement is not signed as it has to be.");
	}
	return [head, claims, signature];
}

function checkHeader(header: Record<string, unknown>, typ: string, id: string): void {
	if (!says(header, { alg: ALGORITHM, typ, kid: id })) {
		throw new JwsError("The statement is signed in another way, or is of another kind.");
	}
}

function objectOf(piece: string): Record<string, unknown> {
	const raw = bytesOf(piece);
	try {
		return strictObject(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw));
	} catch (error) {
		throw new JwsError("The statement cannot be read.", { cause: error });
	}
}

function bytesOf(piece: string): Uint8Array<ArrayBuffer> {
	try {
		const raw = decode(piece);
		// Bits that nobody reads would let two texts stand for the same statement.
		if (encode(raw) === piece) return raw;
	} catch {
		// Said below.
	}
	throw new JwsError("The statement is not written in base64url.");
}

function part(value: object): string {
	return encode(encoder.encode(JSON.stringify(value)));
}
