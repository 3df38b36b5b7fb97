import type { MakePasskey, PasskeyAsk, PasskeyAssertion, PasskeyOptions } from "../protocol.gen";
import { decode, encode } from "./base64url";
import { hashOf } from "./jws";

const ES256 = -7;
// Making one may need a password manager to be set up; nobody waits at the door for it.
const MAKE_TIMEOUT_MS = 120_000;

/** Why there is no passkey's word. */
export type PasskeyTrouble =
	/** This browser has no passkeys, or the page's address is not secure. */
	| "unsupported"
	/** The doorbell asks for one and knows none of this phone. */
	| "missing"
	/** The person said no, took too long, or the passkey is not on this phone any more. */
	| "cancelled"
	/** The passkey was made at another address of the app. */
	| "elsewhere"
	/** There is one already. */
	| "exists";

export class PasskeyError extends Error {
	override readonly name = "PasskeyError";

	constructor(
		readonly trouble: PasskeyTrouble,
		options?: ErrorOptions,
	) {
		super(trouble, options);
	}
}

/** Whether this browser can have passkeys at this address. */
export function passkeysWork(): boolean {
	return isSecureContext && "PublicKeyCredential" in globalThis && !!navigator.credentials;
}

/** What `make_passkey` carries to the doorbell. */
export type MadePasskey = Pick<MakePasskey, "credential" | "client_data" | "attestation">;

/** Make a passkey as the doorbell wishes it, inside a tap. Throws PasskeyError. */
export async function createPasskey(options: PasskeyOptions): Promise<MadePasskey> {
	const { rp_id, user, name, challenge } = options;
	const publicKey: PublicKeyCredentialCreationOptions = {
		rp: { id: rp_id, name: "Doorstep" },
		user: { id: decode(user), name, displayName: name },
		challenge: decode(challenge),
		pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
		authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
		attestation: "none",
		timeout: MAKE_TIMEOUT_MS,
	};
	const made = await credential(() => navigator.credentials.create({ publicKey }));
	const { attestationObject, clientDataJSON } = made.response as AuthenticatorAttestationResponse;
	return {
		credential: text(made.rawId),
		client_data: text(clientDataJSON),
		attestation: text(attestationObject),
	};
}

/**
 * Let the person confirm this very command (its whole JWS) with the passkey, inside a gesture.
 * Throws PasskeyError.
 */
export async function assertPasskey(
	ask: PasskeyAsk,
	command: string,
	withinMs: number,
): Promise<PasskeyAssertion> {
	if (ask.credentials.length === 0) throw new PasskeyError("missing");
	const publicKey: PublicKeyCredentialRequestOptions = {
		rpId: ask.rp_id,
		allowCredentials: ask.credentials.map((id) => ({ type: "public-key", id: decode(id) })),
		challenge: decode(await hashOf(command)),
		userVerification: "required",
		timeout: withinMs,
	};
	const given = await credential(() => navigator.credentials.get({ publicKey }));
	const response = given.response as AuthenticatorAssertionResponse;
	return {
		credential: text(given.rawId),
		authenticator_data: text(response.authenticatorData),
		client_data: text(response.clientDataJSON),
		signature: text(response.signature),
	};
}

async function credential(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
	if (!passkeysWork()) throw new PasskeyError("unsupported");
	let given: Credential | null;
	try {
		given = await ask();
	} catch (error) {
		throw new PasskeyError(troubleOf(error), { cause: error });
	}
	if (!given) throw new PasskeyError("cancelled");
	return given as PublicKeyCredential;
}

function troubleOf(error: unknown): PasskeyTrouble {
	const name = error instanceof DOMException ? error.name : "";
	if (name === "SecurityError") return "elsewhere";
	if (name === "InvalidStateError") return "exists";
	// Browsers say this for a refusal, for silence and for a passkey that is not there alike.
	if (name === "NotAllowedError" || name === "AbortError") return "cancelled";
	return "unsupported";
}

function text(raw: ArrayBuffer): string {
	return encode(new Uint8Array(raw));
}
