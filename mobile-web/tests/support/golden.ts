import golden from "../../../protocol/samples/signed_call.json";
import { encode } from "../../src/identity/base64url";
import { Identity } from "../../src/identity/identity";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

/** The call that every implementation of the protocol agrees on. */
export { golden };

/** One end of it: it can sign, and each knows the other. */
export async function goldenIdentity(who: "doorbell" | "phone"): Promise<Identity> {
	const { id, public_key: publicKey, private_jwk: jwk } = golden[who];
	const privateKey = await crypto.subtle.importKey("jwk", jwk, CURVE, false, ["sign"]);
	const { doorbell } = golden;
	const doorbells = [{ id: doorbell.id, publicKey: doorbell.public_key, name: "Front door" }];
	return new Identity({ id, publicKey, privateKey, name: "Anna", doorbells });
}

/** A statement whose header and claims are these texts, signed by `identity`. */
export async function sealRaw(identity: Identity, header: string, claims: string): Promise<string> {
	const bytes = (text: string) => new TextEncoder().encode(text);
	const signed = `${encode(bytes(header))}.${encode(bytes(claims))}`;
	return `${signed}.${encode(await identity.sign(bytes(signed)))}`;
}
