import type { Client, LiveAnswer } from "../api/client";
import { RefusedError } from "../api/problem";
import type { Identity } from "../identity/identity";
import { checkAnswer, type Vouched } from "./answer";
import { ImpostorError } from "./impostor";
import { type SignedOffer, signOffer } from "./offer";

export { ImpostorError } from "./impostor";

export interface SignedPlacing {
	client: Client;
	identity: Identity;
	doorbell: string;
	/** The visit whose ring the call answers. */
	answers: string | undefined;
	/** The whole SDP. */
	offer: string;
	/** The same offer, signed a moment ago. */
	ready?: SignedOffer | undefined;
	/** The doorbell's nonce for it, asked for a moment ago. */
	nonce?: Promise<string> | undefined;
	signal: AbortSignal;
}

/** The doorbell's answer, checked. */
export interface Placed extends Vouched {
	readonly answer: LiveAnswer;
}

/** `placeSigned` of this phone on its server. */
export type Place = (placing: Omit<SignedPlacing, "client" | "identity">) => Promise<Placed>;

/**
 * Call the doorbell with a signed offer and check its answer, before anything of it is used. A
 * nonce that waited too long costs one more try with a fresh one. Throws ImpostorError,
 * RefusedError or OfflineError.
 */
export async function placeSigned(placing: SignedPlacing): Promise<Placed> {
	const { client, identity, doorbell, offer, signal } = placing;
	const key = identity.record.doorbells.find(({ id }) => id === doorbell)?.publicKey;
	// A door that this phone has never met: whoever named it cannot vouch for it.
	if (!key) throw new ImpostorError("unknown");
	const ready = fits(placing.ready, placing) ? placing.ready : undefined;
	const warm = ready ? undefined : await nonceAtHand(placing);
	const sign = (nonce: string) => signOffer(identity, doorbell, nonce, offer, placing.answers);
	const fresh = async () => sign((await client.challenge(doorbell, signal)).nonce);
	let signed = ready ?? (await (warm ? sign(warm) : fresh()));
	let answer: LiveAnswer;
	try {
		answer = await post(placing, signed);
	} catch (error) {
		if (!(ready || warm) || !mayBeStale(error)) throw error;
		signed = await fresh();
		answer = await post(placing, signed);
	}
	try {
		return { answer, ...(await checkAnswer(signed, answer.sdp, answer.signature, key)) };
	} catch (error) {
		// Whoever holds the call shall not keep it open.
		client.hangUp(answer.path).catch(() => undefined);
		throw error;
	}
}

/** Whether what was signed beforehand is this call: its offer, for the same visit. */
function fits(ready: SignedOffer | undefined, { offer, answers }: SignedPlacing): boolean {
	return ready?.sdp === offer && ready.statement.answers === (answers ?? null);
}

async function nonceAtHand({
	client,
	doorbell,
	nonce,
}: SignedPlacing): Promise<string | undefined> {
	const asked = await nonce?.catch(() => undefined);
	return asked ?? client.challenges.ready(doorbell);
}

function post({ client, doorbell, answers, signal }: SignedPlacing, signed: SignedOffer) {
	return client.live(doorbell, answers, signed.sdp, signed.jws, signal);
}

/** A nonce that was fetched for this very offer cannot be too old; one that waited can. */
function mayBeStale(error: unknown): boolean {
	return error instanceof RefusedError && error.status === 403;
}
