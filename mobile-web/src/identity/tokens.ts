import { encode } from "./base64url";
import type { ServerClock } from "./clock";
import type { Identity } from "./identity";

const AUDIENCES = { api: "doorstep-api", media: "doorstep-media" } as const;
// Long enough for a slow uplink, short enough that a leaked token is worthless soon.
const API_LIFE_S = 60;
// A long clip is fetched in ranges over this time.
const MEDIA_LIFE_S = 600;
// Reusing a media address lets the browser's cache answer; the rest of its life is for playing.
const MEDIA_REUSE_S = 300;
const NONCE_BYTES = 12;

const text = new TextEncoder();

/** A JWT for one request: method, path and body are part of what is signed. */
export async function apiToken(
	identity: Identity,
	clock: ServerClock,
	method: string,
	path: string,
	body?: string,
): Promise<string> {
	const claims: Record<string, string> = { htm: method, htu: path };
	if (body !== undefined) {
		const digest = await crypto.subtle.digest("SHA-256", text.encode(body));
		claims.bh = encode(new Uint8Array(digest));
	}
	return token(identity, clock, "api", API_LIFE_S, claims);
}

/** Signed addresses for elements that cannot send headers (`<img>`, `<video>`). */
export class MediaAddresses {
	readonly #known = new Map<string, { at: number; address: string }>();

	constructor(
		private readonly identity: Identity,
		private readonly clock: ServerClock,
	) {}

	/** The address that was signed a short while ago, if there is one. */
	ready(path: string, version = 0): string | undefined {
		const known = this.#known.get(`${path} ${version}`);
		return known && this.clock.nowMs() - known.at < MEDIA_REUSE_S * 1000
			? known.address
			: undefined;
	}

	/**
	 * `path` with a token that opens exactly this path. A new `version` makes a new address, so that
	 * the browser does not answer with what was there before.
	 */
	async sign(path: string, version = 0): Promise<string> {
		const ready = this.ready(path, version);
		if (ready) return ready;
		const signed = await token(this.identity, this.clock, "media", MEDIA_LIFE_S, { path });
		const address = `${path}?token=${signed}`;
		this.#known.set(`${path} ${version}`, { at: this.clock.nowMs(), address });
		return address;
	}
}

async function token(
	identity: Identity,
	clock: ServerClock,
	purpose: "api" | "media",
	lifeS: number,
	claims: Record<string, string>,
): Promise<string> {
	const issued = Math.floor(clock.nowMs() / 1000);
	const header = { alg: "ES256", typ: "JWT", kid: identity.id };
	const payload = {
		iss: identity.id,
		aud: AUDIENCES[purpose],
		purpose,
		iat: issued,
		exp: issued + lifeS,
		jti: encode(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))),
		...claims,
	};
	const signed = `${part(header)}.${part(payload)}`;
	return `${signed}.${encode(await identity.sign(text.encode(signed)))}`;
}

function part(value: object): string {
	return encode(text.encode(JSON.stringify(value)));
}
