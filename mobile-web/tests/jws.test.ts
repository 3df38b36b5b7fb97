import { describe, expect, it } from "vitest";
import { channelOf } from "../src/call/channel-name";
import { decode, encode } from "../src/identity/base64url";
import { hashOf, JwsError, seal, unseal } from "../src/identity/jws";
import { golden, goldenIdentity, sealRaw } from "./support/golden";

const OFFER = "doorstep-offer+jws";
const phone = await goldenIdentity("phone");
const key = golden.phone.public_key;
const HEADER = JSON.stringify({ alg: "ES256", typ: OFFER, kid: phone.id });

/** The same statement with another signature that is as good: (r, n-s). */
function mirrored(jws: string): string {
	const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
	const [head, claims, signature = ""] = jws.split(".");
	const raw = decode(signature);
	const hex = Array.from(raw.slice(32), (byte) => byte.toString(16).padStart(2, "0")).join("");
	const other = (order - BigInt(`0x${hex}`)).toString(16).padStart(64, "0");
	const half = Uint8Array.from(other.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
	return `${head}.${claims}.${encode(Uint8Array.of(...raw.slice(0, 32), ...half))}`;
}

describe("the golden statements", () => {
	it.each([
		["offer", OFFER, golden.offer, golden.phone],
		["answer", "doorstep-answer+jws", golden.answer, golden.doorbell],
		["command", "doorstep-command+jws", golden.command, golden.phone],
		["receipt", "doorstep-receipt+jws", golden.receipt, golden.doorbell],
		["head", "doorstep-audit-head+jws", golden.audit.head, golden.doorbell],
	])("%s is read, and named", async (_, typ, { jws, statement, hash }, signer) => {
		expect(await unseal(jws, typ, signer.public_key)).toEqual(statement);
		expect(await hashOf(jws)).toBe(hash);
	});

	it("name their connection", async () => {
		const { answer, offer, channel } = golden;
		expect(
			await channelOf(
				answer.statement.fingerprint,
				offer.statement.fingerprint,
				offer.statement.session,
			),
		).toBe(channel);
	});
});

describe("a statement", () => {
	it("comes back as it was signed", async () => {
		const statement = { role: "offer", name: "Tür “1”" };
		const jws = await seal(phone, OFFER, statement);
		expect(await unseal(jws, OFFER, key)).toEqual(statement);
	});

	it("is the same when its signature was mirrored: signatures name nothing", async () => {
		const other = mirrored(golden.offer.jws);
		expect(other).not.toBe(golden.offer.jws);
		expect(await unseal(other, OFFER, key)).toEqual(golden.offer.statement);
	});

	it("that is too large is not signed", async () => {
		await expect(seal(phone, OFFER, { text: "x".repeat(9000) })).rejects.toBeInstanceOf(JwsError);
	});

	it.each<[string, string, string]>([
		["of another kind", HEADER.replace(OFFER, "doorstep-answer+jws"), "{}"],
		["without an algorithm", HEADER.replace("ES256", "none"), "{}"],
		["of a shared secret", HEADER.replace("ES256", "HS256"), "{}"],
		["of another key's name", HEADER.replace(phone.id, golden.doorbell.id), "{}"],
		["with its own key", HEADER.replace("}", ',"jwk":{}}'), "{}"],
		["without a key's name", JSON.stringify({ alg: "ES256", typ: OFFER }), "{}"],
		["whose header says alg twice", HEADER.replace("{", '{"alg":"none",'), "{}"],
		["whose header is a list", "[]", "{}"],
		["that says something twice", HEADER, '{"a":1,"b":{},"a":2}'],
		["that says it twice in other letters", HEADER, '{"a":1,"\\u0061":2}'],
		["that says something twice deep inside", HEADER, '{"b":[{"a":1,"a":2}]}'],
		["that is a list", HEADER, "[]"],
		["that is nothing", HEADER, "null"],
		["that holds NaN", HEADER, '{"a":NaN}'],
		["that begins with a mark", HEADER, "\ufeff{}"],
		["that is cut short", HEADER, '{"a":'],
	])("%s is refused", async (_, header, claims) => {
		const jws = await sealRaw(phone, header, claims);
		await expect(unseal(jws, OFFER, key)).rejects.toBeInstanceOf(JwsError);
	});

	it("may say the same word in two places", async () => {
		const claims = '{"a":"a:\\"a\\":","b":{"a":[{"a":1},{"a":2}]},"c":"{"}';
		expect(await unseal(await sealRaw(phone, HEADER, claims), OFFER, key)).toEqual(
			JSON.parse(claims),
		);
	});

	it("is refused after any change", async () => {
		const [head = "", claims = "", signature = ""] = golden.offer.jws.split(".");
		const turned = encode(decode(signature).reverse());
		const changed = [
			"",
			"..",
			`${head}.${claims}`,
			`${head}.${claims}.`,
			`${head}.${claims}.${signature}.`,
			`${head}.${claims}.${turned}`,
			`${head}.${claims}.${encode(decode(signature).slice(0, 63))}`,
			`${head}.${claims}.${encode(Uint8Array.of(...decode(signature), 0))}`,
			`${head}.${claims}.${signature}=`,
			`${head}.${claims.slice(0, -4)}.${signature}`,
			`${head}.${claims}.${signature}${"A".repeat(9000)}`,
			golden.answer.jws,
			// The last letter of a 64-byte signature has four bits that nobody reads.
			`${head}.${claims}.${signature.slice(0, -1)}${signature.endsWith("B") ? "C" : "B"}`,
		];
		for (const jws of changed) {
			await expect(unseal(jws, OFFER, key)).rejects.toBeInstanceOf(JwsError);
		}
		await expect(
			unseal(golden.offer.jws, OFFER, golden.doorbell.public_key),
		).rejects.toBeInstanceOf(JwsError);
	});
});
