import { hashOf, says, unseal } from "../identity/jws";
import { channelOf } from "./channel-name";
import { fingerprintOf, isDtlsClient } from "./fingerprint";
import { ImpostorError } from "./impostor";
import type { SignedOffer } from "./offer";

export const ANSWER_TYP = "doorstep-answer+jws";

/** An answer that the doorbell gave to this offer, and nobody changed. */
export interface Vouched {
	/** The doorbell's certificate's, to be compared again when the connection is there. */
	readonly fingerprint: string;
	/** Names the connection in commands. */
	readonly channel: string;
}

/**
 * Check that `sdp` is what the doorbell with this key answered to `offer`, word for word. Throws
 * ImpostorError.
 */
export async function checkAnswer(
	offer: SignedOffer,
	sdp: string,
	jws: string | null,
	publicKey: string,
): Promise<Vouched> {
	if (!jws) throw new ImpostorError("unsigned");
	const claims = await unseal(jws, ANSWER_TYP, publicKey).catch((error: unknown) => {
		throw new ImpostorError("signature", { cause: error });
	});
	const fingerprint = fingerprintOf(sdp);
	if (!fingerprint || claims.fingerprint !== fingerprint) throw new ImpostorError("fingerprint");
	if (claims.sdp_hash !== (await hashOf(sdp))) throw new ImpostorError("sdp");
	const { doorbell, phone, session, doorbell_nonce, phone_nonce } = offer.statement;
	const expected = { role: "answer", doorbell, phone, session, doorbell_nonce, phone_nonce };
	const offer_hash = await hashOf(offer.jws);
	if (!says(claims, { ...expected, fingerprint, sdp_hash: await hashOf(sdp), offer_hash })) {
		throw new ImpostorError("statement");
	}
	// As the client it opens the handshake, so nobody else's hello can come first.
	if (!isDtlsClient(sdp)) throw new ImpostorError("setup");
	return {
		fingerprint,
		channel: await channelOf(fingerprint, offer.statement.fingerprint, session),
	};
}
