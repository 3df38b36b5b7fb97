import { encode } from "../identity/base64url";
import type { Identity } from "../identity/identity";
import { hashOf, seal } from "../identity/jws";
import type { OfferStatement } from "../protocol.gen";
import { fingerprintOf } from "./fingerprint";

export const OFFER_TYP = "doorstep-offer+jws";
const NONCE_BYTES = 16;
const NONCE = /^[A-Za-z0-9_-]{22}$/;

/** An offer as this phone signed it, with the doorbell's nonce. */
export interface SignedOffer {
	readonly sdp: string;
	readonly statement: OfferStatement;
	readonly jws: string;
}

/**
 * Sign an offer; `nonce` is the doorbell's, for this offer alone, and `answers` the visit whose ring
 * this phone answers.
 */
export async function signOffer(
	identity: Identity,
	doorbell: string,
	nonce: string,
	sdp: string,
	answers: string | undefined,
): Promise<SignedOffer> {
	// The server hands it over; this key signs no text of the server's choice.
	if (!NONCE.test(nonce)) throw new Error("The doorbell's nonce is none.");
	const fingerprint = fingerprintOf(sdp);
	if (!fingerprint) throw new Error("This browser's offer has no single sha-256 fingerprint.");
	const statement: OfferStatement = {
		role: "offer",
		doorbell,
		phone: identity.id,
		session: freshNonce(),
		doorbell_nonce: nonce,
		phone_nonce: freshNonce(),
		fingerprint,
		sdp_hash: await hashOf(sdp),
		answers: answers ?? null,
	};
	return { sdp, statement, jws: await seal(identity, OFFER_TYP, statement) };
}

function freshNonce(): string {
	return encode(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
}
