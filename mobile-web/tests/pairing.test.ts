import { describe, expect, it } from "vitest";
import golden from "../../protocol/samples/pairing.json";
import { decode, encode, idOf } from "../src/identity/base64url";
import { readInvitation } from "../src/pairing/invitation";
import { accepts, proofOf, type Transcript } from "../src/pairing/transcript";

const transcript: Transcript = {
	deviceId: golden.transcript.device_id,
	doorbellKey: golden.transcript.doorbell_key,
	phoneKey: golden.transcript.phone_key,
	doorbellNonce: golden.transcript.doorbell_nonce,
	phoneNonce: golden.transcript.phone_nonce,
	phoneName: golden.transcript.phone_name,
};
const secret = decode(golden.secret);

describe("the proofs of pairing", () => {
	it.each(["doorbell", "phone"] as const)("make the golden proof of the %s", async (role) => {
		expect(await proofOf(transcript, secret, role)).toBe(golden.proofs[role]);
		expect(await accepts(transcript, secret, role, golden.proofs[role])).toBe(true);
	});

	it("do not accept the other role's proof, another secret or another name", async () => {
		expect(await accepts(transcript, secret, "doorbell", golden.proofs.phone)).toBe(false);
		const other = new Uint8Array(16);
		expect(await accepts(transcript, other, "doorbell", golden.proofs.doorbell)).toBe(false);
		const renamed = { ...transcript, phoneName: "Mallory" };
		expect(await accepts(renamed, secret, "doorbell", golden.proofs.doorbell)).toBe(false);
	});
});

describe("the pairing link", () => {
	it("is read as the doorbell wrote it", () => {
		const read = readInvitation(`#${golden.fragment}`);
		expect(read?.deviceId).toBe(golden.transcript.device_id);
		expect(read && encode(read.secret)).toBe(golden.secret);
	});

	it.each([
		"",
		"#/settings",
		"#p=1.abc",
		golden.fragment.slice(0, -1),
		golden.fragment.replace("p=1", "p=2"),
		golden.fragment.replace(golden.secret, golden.secret.slice(4)),
		golden.fragment.replace(golden.secret, "not+base64url"),
		`${golden.fragment}.more`,
	])("is refused as %j", (fragment) => {
		expect(readInvitation(fragment)).toBeUndefined();
	});
});

describe("ids and base64url", () => {
	it("make an id of 26 letters out of a key, always the same", async () => {
		// base32(SHA-256("")) begins 4oymiquy7qobjgx36tejs35zeq; any tool computes it.
		expect(await idOf(new Uint8Array())).toBe("4oymiquy7qobjgx36tejs35zeq");
	});

	it("come back as they were", () => {
		const raw = Uint8Array.from({ length: 256 }, (_, index) => index);
		expect(decode(encode(raw))).toEqual(raw);
		expect(encode(raw)).toMatch(/^[A-Za-z0-9_-]+$/);
	});
});
