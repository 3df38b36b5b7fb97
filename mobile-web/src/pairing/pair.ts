import { API, reach } from "../api/http";
import { refusalOf } from "../api/problem";
import { decode, encode, idOf } from "../identity/base64url";
import { Identity } from "../identity/identity";
import type { PairChallenge, Paired, PairingRequest, PairRefused } from "../protocol.gen";
import type { Invitation } from "./invitation";
import { accepts, proofOf, type Transcript } from "./transcript";

const NONCE_BYTES = 16;
// The doorbell answers within a second or two; a minute means that the link is gone.
const STEP_TIMEOUT_MS = 20_000;

export type PairFailure = PairRefused["reason"] | "impostor";

/** Pairing did not happen; `detail` is the doorbell's sentence, if it said one. */
export class PairingError extends Error {
	override readonly name = "PairingError";

	constructor(
		readonly reason: PairFailure,
		readonly detail: string,
	) {
		super(detail || reason);
	}
}

export interface PairResult {
	identity: Identity;
	paired: Paired;
}

/** Meet the doorbell of an invitation; keeps the identity and returns it. */
export async function pair(
	invitation: Invitation,
	name: string,
	known: Identity | undefined,
	signal: AbortSignal,
): Promise<PairResult> {
	const identity = known ?? (await Identity.generate(name));
	const hello: PairingRequest = {
		type: "pair_hello",
		device_id: invitation.deviceId,
		public_key: identity.record.publicKey,
		nonce: encode(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))),
		name,
	};
	const challenge = await step<PairChallenge>(hello, "pair_challenge", signal);
	const transcript: Transcript = {
		deviceId: invitation.deviceId,
		doorbellKey: challenge.public_key,
		phoneKey: hello.public_key,
		doorbellNonce: challenge.nonce,
		phoneNonce: hello.nonce,
		phoneName: name,
	};
	await checkDoorbell(invitation, challenge, transcript);
	const proof: PairingRequest = {
		type: "pair_proof",
		device_id: invitation.deviceId,
		pairing: challenge.pairing,
		proof: await proofOf(transcript, invitation.secret, "phone"),
	};
	const paired = await step<Paired>(proof, "paired", signal);
	if (paired.phone_id !== identity.id || paired.public_key !== hello.public_key) {
		throw new PairingError("impostor", "");
	}
	const doorbell = {
		id: invitation.deviceId,
		publicKey: challenge.public_key,
		name: paired.doorbell_name,
	};
	return { identity: await identity.keep(doorbell, paired.name), paired };
}

/** The key must be the one in the QR code, and its owner must know the code's secret. */
async function checkDoorbell(
	invitation: Invitation,
	challenge: PairChallenge,
	transcript: Transcript,
): Promise<void> {
	const spki = decode(challenge.public_key);
	const hash = encode(new Uint8Array(await crypto.subtle.digest("SHA-256", spki)));
	const genuine =
		hash === invitation.keyHash &&
		(await idOf(spki)) === invitation.deviceId &&
		(await accepts(transcript, invitation.secret, "doorbell", challenge.proof));
	if (!genuine) throw new PairingError("impostor", "");
}

async function step<T extends { type: string }>(
	message: PairingRequest,
	expected: T["type"],
	signal: AbortSignal,
): Promise<T> {
	const response = await reach(`${API}/pairing`, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(message),
		cache: "no-store",
		signal: AbortSignal.any([signal, AbortSignal.timeout(STEP_TIMEOUT_MS)]),
	});
	const refused = await refusal(response.clone());
	if (refused) throw new PairingError(refused.reason, refused.detail);
	if (!response.ok) throw await refusalOf(response);
	const reply = (await response.json()) as T;
	if (reply.type !== expected) throw new PairingError("impostor", "");
	return reply;
}

async function refusal(response: Response): Promise<PairRefused | undefined> {
	try {
		const value = (await response.json()) as { type?: unknown };
		return value.type === "pair_refused" ? (value as PairRefused) : undefined;
	} catch {
		return undefined;
	}
}
